// How clouds announce a machine's end, in the form of their services, and what the agent makes of it.

#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/interruption/azure.h"
#include "agent/interruption/cloud.h"
#include "agent/interruption/ec2.h"
#include "agent/interruption/forewarning.h"
#include "agent/interruption/gcp.h"
#include "agent/interruption/lookout.h"
#include "common/values/utc_time.h"
#include "tests/rooms.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

constexpr UnixMs today = 1'800'000'000'000;

Now at(Duration since) {
  return {Instant{} + since, today + std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

// A service that answers what the test sets, and records the requests.
struct Service {
  std::map<std::string, MetadataReply> replies;  // by path, without what stands behind a '?'
  std::vector<MetadataRequest> asked;

  AskMetadata ask() {
    return [this](const MetadataRequest& request) {
      asked.push_back(request);
      const auto found = replies.find(request.path.substr(0, request.path.find('?')));
      return found == replies.end() ? MetadataReply{404, "Not Found"} : found->second;
    };
  }
};

const std::string ec2_data = "/latest/meta-data/";
const std::string action_path = ec2_data + "spot/instance-action";
const std::string state_path = ec2_data + "autoscaling/target-lifecycle-state";
const std::string rebalance_path = ec2_data + "events/recommendations/rebalance";

Service ec2() { return {{{"/latest/api/token", {200, "a-token"}}}, {}}; }

Outlook look_at_ec2(Service service) { return Ec2Source(service.ask()).look(at(0s)); }

// ---------------------------------------------------------------- EC2

TEST_CASE("a quiet EC2 machine has no notice and no errors, and asks with the token it was given") {
  Service service = ec2();
  Ec2Source source(service.ask());
  const Outlook outlook = source.look(at(0s));
  CHECK_FALSE(outlook.notice.has_value());
  CHECK(outlook.errors.empty());
  REQUIRE(service.asked.size() == 4);
  CHECK(service.asked[0].method == "PUT");
  CHECK(service.asked[0].headers.contains("X-aws-ec2-metadata-token-ttl-seconds"));
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(service.asked[i].method == "GET");
    CHECK(service.asked[i].headers.at("X-aws-ec2-metadata-token") == "a-token");
  }
}

TEST_CASE("each action of EC2 Spot is an interruption at its time") {
  for (const char* action : {"terminate", "stop", "hibernate"}) {
    Service service = ec2();
    const std::string body =
        std::string(R"({"action": ")") + action + R"(", "time": "2027-09-18T08:22:00Z"})";
    service.replies[action_path] = {200, body};
    const Outlook outlook = look_at_ec2(service);
    REQUIRE(outlook.notice.has_value());
    CHECK(outlook.notice->kind == NoticeKind::interruption);
    CHECK(outlook.notice->text == std::string("EC2 Spot: ") + action);
    CHECK(outlook.notice->ends_unix_ms == parse_utc("2027-09-18T08:22:00Z"));
    CHECK(outlook.errors.empty());
  }
}

TEST_CASE("an interruption without a time that can be read is one all the same") {
  Service service = ec2();
  service.replies[action_path] = {200, R"({"action":"terminate","time":"soon"})"};
  const Outlook outlook = look_at_ec2(service);
  REQUIRE(outlook.notice.has_value());
  CHECK_FALSE(outlook.notice->ends_unix_ms.has_value());
}

TEST_CASE("what is no notice of EC2's is an error") {
  for (const char* body :
       {"", "soon", "[]", "{}", R"({"action": 7})", "<html>", R"({"action":""})", "{\"action\""}) {
    Service service = ec2();
    service.replies[action_path] = {200, body};
    const Outlook outlook = look_at_ec2(service);
    CAPTURE(body);
    CHECK_FALSE(outlook.notice.has_value());
    CHECK(outlook.errors.size() == 1);
  }
}

TEST_CASE("of Auto Scaling's states only Terminated ends the machine") {
  for (const char* state : {"InService", "Standby", "Detached", "Warmed:Stopped", "", "terminated"}) {
    Service service = ec2();
    service.replies[state_path] = {200, state};
    CHECK_FALSE(look_at_ec2(service).notice.has_value());
  }
  Service service = ec2();
  service.replies[state_path] = {200, "Terminated"};
  CHECK(look_at_ec2(service).notice->kind == NoticeKind::interruption);
}

TEST_CASE("an advice to rebalance is none while there is an interruption, and is heard beside an error") {
  Service service = ec2();
  service.replies[rebalance_path] = {200, R"({"noticeTime":"2027-10-27T08:22:00Z"})"};
  CHECK(look_at_ec2(service).notice->kind == NoticeKind::rebalance);
  service.replies[action_path] = {500, ""};
  service.replies[state_path] = {0, "Read"};
  const Outlook troubled = look_at_ec2(service);
  CHECK(troubled.notice->kind == NoticeKind::rebalance);
  CHECK(troubled.errors.size() == 2);
  service.replies[action_path] = {200, R"({"action":"stop","time":"2027-09-18T08:22:00Z"})"};
  CHECK(look_at_ec2(service).notice->kind == NoticeKind::interruption);
  service.replies[action_path] = {404, ""};
  service.replies[rebalance_path] = {200, "{}"};
  CHECK_FALSE(look_at_ec2(service).notice.has_value());
}

TEST_CASE("a token that is refused is replaced once, one that is nearly over before it is") {
  Service service = ec2();
  Imds imds(service.ask());
  service.replies[ec2_data + "x"] = {401, "Unauthorized"};
  CHECK(imds.get("meta-data/x", {}).status == 401);
  CHECK(service.asked.size() == 4);  // a token, no; another token, no
  service.asked.clear();
  service.replies[ec2_data + "x"] = {200, "7"};
  CHECK(imds.get("meta-data/x", {}).body == "7");
  CHECK(service.asked.size() == 1);
  CHECK(imds.get("meta-data/x", Instant{} + 3541s).body == "7");
  CHECK(service.asked.size() == 3);
}

TEST_CASE("where no token is given, that is said and not what would have been asked with it") {
  for (const int status : {404, 500}) {
    const AskMetadata no_token = [&](const MetadataRequest& asked) {
      return MetadataReply{asked.method == "PUT" ? status : 200, "x"};
    };
    Ec2Source source(no_token);
    const Outlook outlook = source.look({});
    REQUIRE(outlook.errors.size() == 3);
    CHECK(outlook.errors[0] == "EC2's metadata service: " + std::to_string(status) + " for a token");
  }
}

TEST_CASE("a service without tokens is in error for every question") {
  Service service;
  service.replies["/latest/api/token"] = {403, "Forbidden"};
  const Outlook outlook = look_at_ec2(service);
  CHECK_FALSE(outlook.notice.has_value());
  CHECK(outlook.errors.size() == 3);
}

// ---------------------------------------------------------------- Google Cloud, Azure

TEST_CASE("Google Cloud says TRUE or FALSE, and what is neither is an error") {
  const auto look = [](MetadataReply reply) {
    Service service{{{"/computeMetadata/v1/instance/preempted", std::move(reply)}}, {}};
    const Outlook outlook = GcpSource(service.ask()).look(at(0s));
    CHECK(service.asked.at(0).headers.at("Metadata-Flavor") == "Google");
    return outlook;
  };
  CHECK(look({200, "TRUE"}).notice->kind == NoticeKind::interruption);
  CHECK_FALSE(look({200, "FALSE"}).notice.has_value());
  CHECK(look({200, "FALSE"}).errors.empty());
  for (const MetadataReply& reply :
       {MetadataReply{200, "<html>"}, {404, ""}, {0, "Connection"}, {403, "TRUE"}}) {
    CHECK_FALSE(look(reply).notice.has_value());
    CHECK(look(reply).errors.size() == 1);
  }
}

std::string azure_event(const char* kind, const char* machine, const char* not_before) {
  return std::string(R"({"EventType":")") + kind + R"(","Resources":["other_0",")" + machine +
         R"("],"NotBefore":")" + not_before + "\"}";
}

Outlook look_at_azure(const std::string& events) {
  Service service{
      {{"/metadata/instance/compute/name", {200, "worker_1"}},
       {"/metadata/scheduledevents", {200, R"({"DocumentIncarnation":1,"Events":[)" + events + "]}"}}},
      {}};
  const Outlook outlook = AzureSource(service.ask()).look(at(0s));
  for (const MetadataRequest& request : service.asked) CHECK(request.headers.at("Metadata") == "true");
  return outlook;
}

TEST_CASE("of Azure's events those of this machine count, the gravest and earliest first") {
  constexpr const char* early = "Mon, 19 Sep 2016 18:29:47 GMT";
  constexpr const char* late = "Tue, 20 Sep 2016 18:29:47 GMT";
  CHECK_FALSE(look_at_azure("").notice.has_value());
  CHECK_FALSE(look_at_azure(azure_event("Preempt", "worker_2", early)).notice.has_value());
  CHECK_FALSE(look_at_azure(azure_event("Freeze", "worker_1", early)).notice.has_value());
  CHECK(look_at_azure(azure_event("Reboot", "worker_1", early)).notice->kind == NoticeKind::rebalance);
  const Outlook outlook = look_at_azure(azure_event("Redeploy", "worker_1", early) + "," +
                                        azure_event("Terminate", "worker_1", late) + "," +
                                        azure_event("Preempt", "worker_1", early));
  CHECK(outlook.notice->kind == NoticeKind::interruption);
  CHECK(outlook.notice->text == "Azure: Preempt");
  CHECK(outlook.notice->ends_unix_ms == 1'474'309'787'000);
  CHECK(outlook.errors.empty());
  CHECK(look_at_azure("7, [], {}, {\"Resources\": 7}").errors.empty());
}

TEST_CASE("an event of Azure's that has begun has no date any more") {
  const Outlook outlook = look_at_azure(azure_event("Preempt", "worker_1", ""));
  REQUIRE(outlook.notice.has_value());
  CHECK_FALSE(outlook.notice->ends_unix_ms.has_value());
}

TEST_CASE("Azure gets two minutes for its first answer, and whatever it says instead is an error") {
  Service service{
      {{"/metadata/instance/compute/name", {200, "worker_1"}}, {"/metadata/scheduledevents", {0, "Read"}}},
      {}};
  AzureSource source(service.ask());
  CHECK(source.look(at(0s)).errors.size() == 1);
  CHECK(service.asked.at(1).patience >= 120s);
  for (const char* body : {"", "{}", R"({"Events": 7})", "[1]"}) {
    service.replies["/metadata/scheduledevents"] = {200, body};
    CHECK(source.look(at(0s)).errors.size() == 1);
  }
  service.replies["/metadata/scheduledevents"] = {200, R"({"Events": []})"};
  CHECK(source.look(at(0s)).errors.empty());
  source.look(at(0s));
  CHECK(service.asked.back().patience < 10s);
}

TEST_CASE("a machine that Azure does not name cannot tell its events") {
  Service service{{{"/metadata/scheduledevents", {200, R"({"Events": []})"}}}, {}};
  CHECK(AzureSource(service.ask()).look(at(0s)).errors.size() == 1);
}

// ---------------------------------------------------------------- which cloud

TEST_CASE("firmware tells the cloud") {
  CHECK(cloud_of({"Amazon EC2", "c7g.large", "i-012", ""}) == Cloud::ec2);
  CHECK(cloud_of({"Xen", "HVM domU 4.11.amazon", "", ""}) == Cloud::ec2);
  CHECK(cloud_of({"Google", "Google Compute Engine", "", ""}) == Cloud::gcp);
  CHECK(cloud_of({"Microsoft Corporation", "Virtual Machine", "", "7783-7084-3265-9085-8269-3286-77"}) ==
        Cloud::azure);
  CHECK_FALSE(
      cloud_of({"Microsoft Corporation", "Virtual Machine", "", ""}).has_value());  // somebody's Hyper-V
  CHECK_FALSE(cloud_of({}).has_value());
}

TEST_CASE("a service is recognised by its own rules, and by no other's") {
  Service none;
  CHECK_FALSE(recognise(none.ask()).has_value());
  Service ec2_like = ec2();
  CHECK(recognise(ec2_like.ask()) == Cloud::ec2);
  Service gcp{{{"/computeMetadata/v1/instance/zone", {200, "projects/1/zones/eu-b", "Google"}},
               {"/computeMetadata/v1/instance/machine-type", {200, "projects/1/machineTypes/t2a"}}},
              {}};
  CHECK(recognise(gcp.ask()) == Cloud::gcp);
  CHECK(cloud_labels(Cloud::gcp, gcp.ask()) ==
        std::vector<Label>{{"zone", "eu-b"}, {"instance_type", "t2a"}});
  Service any_web_server{{{"/computeMetadata/v1/instance/zone", {200, "<html>"}}}, {}};
  CHECK_FALSE(recognise(any_web_server.ask()).has_value());
  Service azure{{{"/metadata/instance/compute/name", {200, "worker_1"}}}, {}};
  CHECK(recognise(azure.ask()) == Cloud::azure);
}

TEST_CASE("a service that comes late is found late") {
  Service service;
  const auto source = source_of_any_cloud(service.ask());
  CHECK(source->look(at(0s)).errors.size() == 1);
  service.replies = ec2().replies;
  service.replies[state_path] = {200, "Terminated"};
  CHECK(source->look(at(1s)).notice.has_value());
}

TEST_CASE("an endpoint is http, a host and perhaps a port") {
  for (const char* good : {"http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://169.254.169.254",
                           "http://[fd00:ec2::254]", "http://metadata.google.internal"})
    CHECK_MESSAGE(is_http_endpoint(good), good);
  for (const char* bad :
       {"", "127.0.0.1", "https://127.0.0.1", "http://", "http://a:b", "http://a/b", "tcp://a:1"})
    CHECK_MESSAGE(!is_http_endpoint(bad), bad);
}

// ---------------------------------------------------------------- what holds

Notice ending(std::optional<Duration> in) {
  Notice notice{NoticeKind::interruption, "EC2 Spot: terminate", std::nullopt};
  if (in) notice.ends_unix_ms = at(*in).unix_ms;
  return notice;
}

TEST_CASE("an end that is put off with each question is still the first one") {
  Forewarning forewarning;
  forewarning.hear(ending(120s), at(0s));
  forewarning.hear(ending(125s), at(5s));
  forewarning.hear(ending(130s), at(10s));
  CHECK(forewarning.ends() == at(120s).instant);
  CHECK(forewarning.notice() == ending(120s));
}

TEST_CASE("an end that has passed while the machine lives does not hold, until a new one is told") {
  Forewarning forewarning;
  forewarning.hear(ending(-1h), at(0s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
  CHECK_FALSE(forewarning.ends().has_value());
  forewarning.hear(ending(-1h), at(5s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
  forewarning.hear(ending(200s), at(10s));
  CHECK(forewarning.ends() == at(200s).instant);
  CHECK(forewarning.next_deadline() == at(210s).instant);
  forewarning.settle(at(210s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
  CHECK(forewarning.next_deadline() == Instant::never());
}

TEST_CASE("an end within the last seconds is still to come") {
  Forewarning forewarning;
  forewarning.hear(ending(-9s), at(0s));
  CHECK(forewarning.ends().has_value());
  forewarning.hear(ending(-9s), at(1s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
}

TEST_CASE("where nobody says when, half a minute is left, and that passes too") {
  Forewarning forewarning;
  forewarning.hear(ending(std::nullopt), at(0s));
  forewarning.hear(ending(std::nullopt), at(20s));
  CHECK(forewarning.ends() == at(30s).instant);
  forewarning.hear(ending(std::nullopt), at(40s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
  forewarning.hear(ending(std::nullopt), at(100s));
  CHECK(forewarning.notice()->kind == NoticeKind::passed);
  forewarning.hear(std::nullopt, at(101s));
  CHECK_FALSE(forewarning.notice().has_value());
  forewarning.hear(ending(std::nullopt), at(102s));
  CHECK(forewarning.ends() == at(132s).instant);
}

TEST_CASE("a graver notice takes the place of an advice, and the advice that of one taken back") {
  const Notice advice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt};
  Forewarning forewarning;
  forewarning.hear(advice, at(0s));
  CHECK_FALSE(forewarning.ends().has_value());
  CHECK(forewarning.next_deadline() == Instant::never());
  forewarning.settle(at(1h));
  CHECK(forewarning.notice() == advice);
  forewarning.hear(ending(2h), at(1h));
  CHECK(forewarning.ends() == at(2h).instant);
  forewarning.hear(advice, at(1h));
  CHECK(forewarning.notice() == advice);
}

TEST_CASE("a look with errors takes no interruption back, not even for an advice that it has seen") {
  const Notice advice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt};
  Forewarning forewarning;
  forewarning.hear(Outlook{.notice = advice, .errors = {"500"}}, at(0s));
  CHECK(forewarning.notice() == advice);
  forewarning.hear(Outlook{.notice = ending(120s), .errors = {}}, at(1s));
  forewarning.hear(Outlook{.notice = advice, .errors = {"500"}}, at(2s));
  forewarning.hear(Outlook{.notice = std::nullopt, .errors = {"500"}}, at(3s));
  CHECK(forewarning.ends() == at(120s).instant);
  forewarning.hear(Outlook{.notice = advice, .errors = {}}, at(4s));
  CHECK(forewarning.notice() == advice);
}

// ---------------------------------------------------------------- the lookout

struct CountingSource final : InterruptionSource {
  explicit CountingSource(std::atomic<int>& looks_taken) : looks(looks_taken) {}
  Outlook look(Now) override {
    const int number = ++looks;
    return {.notice = ending(std::nullopt), .errors = {"look " + std::to_string(number)}};
  }
  std::atomic<int>& looks;
};

TEST_CASE("the lookout looks again and again, and keeps the errors of looks that nobody took") {
  std::atomic<int> looks = 0;
  const SystemClock clock;
  Lookout lookout(std::make_unique<CountingSource>(looks), clock, 1h, 1ms);
  while (looks < 3) std::this_thread::yield();
  pollfd question{.fd = lookout.fd(), .events = POLLIN, .revents = 0};
  CHECK(poll(&question, 1, 60'000) == 1);
  const auto outlook = lookout.take();
  REQUIRE(outlook.has_value());
  CHECK(outlook->notice.has_value());
  CHECK(outlook->errors.size() >= 2);
  CHECK(outlook->errors.front() == "look 1");
}

// ---------------------------------------------------------------- the texts of time

TEST_CASE("civil time is written and read to the second") {
  CHECK(utc_text(0) == "1970-01-01T00:00:00Z");
  CHECK(utc_text(1'474'309'787'999) == "2016-09-19T18:29:47Z");
  CHECK(parse_utc("2016-09-19T18:29:47Z") == 1'474'309'787'000);
  CHECK(parse_utc("2028-02-29T00:00:00Z").has_value());
  for (const char* bad :
       {"", "2016-09-19", "2016-09-19T18:29:47", "2016-09-19 18:29:47Z", "2027-02-29T00:00:00Z",
        "2016-13-01T00:00:00Z", "2016-01-01T24:00:00Z", "2016-01-01T00:60:00Z", "2016-01-01T00:00:60Z",
        "2016-09-19T18:29:47ZZ", "+016-09-19T18:29:47Z"})
    CHECK_MESSAGE(!parse_utc(bad), bad);
  CHECK(parse_http_date("Mon, 19 Sep 2016 18:29:47 GMT") == 1'474'309'787'000);
  CHECK_FALSE(parse_http_date("").has_value());
  CHECK_FALSE(parse_http_date("Mon, 19 Sep 2016 18:29:47 GMT+2").has_value());
}

}  // namespace
