// What the head counts of itself, and how it reports that to Prometheus.
#include "daemon/view/metrics.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/protocol/wire.h"
#include "daemon/core/limits.h"
#include "daemon/daemon.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/view/answer.h"
#include "daemon/view/exposition.h"
#include "daemon/view/limits.h"
#include "daemon/view/measures.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// ---------------------------------------------------------------- histograms

TEST_CASE("a value belongs to the first bucket whose bound it does not exceed") {
  Histogram<3> measured({0.0, 1.0, 2.5});
  for (const double value : {0.0, 0.5, 1.0, 2.5, 2.6, 1000.0}) measured.note(value);
  CHECK(measured.within() == std::array<std::uint64_t, 3>{1, 2, 1});
  CHECK(measured.count() == 6);
  CHECK(measured.sum() == doctest::Approx(1006.6));
}

TEST_CASE("a duration is measured in seconds") {
  Histogram<2> measured({0.01, 1.0});
  measured.note(Duration(10ms));
  measured.note(Duration(250ms));
  CHECK(measured.within() == std::array<std::uint64_t, 2>{1, 1});
  CHECK(measured.sum() == doctest::Approx(0.26));
}

TEST_CASE("the bounds ascend") {
  CHECK(std::is_sorted(turn_bounds.begin(), turn_bounds.end()));
  CHECK(std::is_sorted(batch_bounds.begin(), batch_bounds.end()));
}

// ---------------------------------------------------------------- the text

TEST_CASE("families come in the order of their names, with HELP and TYPE once; buckets count all below") {
  Exposition page;
  Histogram<2> measured({0.5, 1.0});
  for (const double value : {0.25, 0.5, 0.75, 2.0}) measured.note(value);
  page.histogram("pq_b_seconds", "How long.", measured);
  page.gauge("pq_c", "By kind.")
      .add(std::uint64_t{2}, {{"kind", "z"}})
      .add(0.1, {{"kind", "a"}, {"of", "x"}});
  page.counter("pq_a_total", "All.").add(std::uint64_t{18'446'744'073'709'551'615U});
  CHECK(page.text() == R"(# HELP pq_a_total All.
# TYPE pq_a_total counter
pq_a_total 18446744073709551615
# HELP pq_b_seconds How long.
# TYPE pq_b_seconds histogram
pq_b_seconds_bucket{le="0.5"} 2
pq_b_seconds_bucket{le="1"} 3
pq_b_seconds_bucket{le="+Inf"} 4
pq_b_seconds_sum 3.5
pq_b_seconds_count 4
# HELP pq_c By kind.
# TYPE pq_c gauge
pq_c{kind="z"} 2
pq_c{kind="a",of="x"} 0.1
)");
}

std::string label_of(std::string_view value) {
  Exposition page;
  page.gauge("g", "h").add(std::uint64_t{1}, {{"l", value}});
  const std::string text = page.text();
  return text.substr(text.rfind("g{"));
}

TEST_CASE("no label can leave its quotes, its line or UTF-8") {
  CHECK(label_of("plain") == "g{l=\"plain\"} 1\n");
  CHECK(label_of("") == "g{l=\"\"} 1\n");
  CHECK(label_of("a\"} 7 #") == "g{l=\"a\\\"} 7 #\"} 1\n");
  CHECK(label_of("ends in \\") == "g{l=\"ends in \\\\\"} 1\n");
  CHECK(label_of("a\nb\r\tc") == "g{l=\"a?b??c\"} 1\n");
  CHECK(label_of("caf\xe9") == "g{l=\"caf?\"} 1\n");
  CHECK(label_of("caf\xc3\xa9") == "g{l=\"caf\xc3\xa9\"} 1\n");
  CHECK(label_of(std::string_view("\0", 1)) == "g{l=\"?\"} 1\n");
}

TEST_CASE("numbers that have no digits are written as Prometheus reads them") {
  Exposition page;
  page.gauge("g", "h").add(1e300 * 1e300).add(-1e300 * 1e300).add(1e-9).add(1'795'706'947.282);
  CHECK(says(page.text(), "g +Inf\ng -Inf\ng 1e-09\ng 1795706947.282\n"));
}

// ---------------------------------------------------------------- what is told

using Samples = std::map<std::string, std::string>;  // "name{labels}" to its value

Samples samples_of(const std::string& text) {
  Samples samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t gap = line.rfind(' ');
    CHECK(samples.emplace(line.substr(0, gap), line.substr(gap + 1)).second);
  }
  return samples;
}

std::size_t count_with(const Samples& samples, std::string_view prefix) {
  return static_cast<std::size_t>(std::count_if(
      samples.begin(), samples.end(), [&](const auto& sample) { return sample.first.starts_with(prefix); }));
}

JobReport job(std::uint64_t id, JobState state, std::uint32_t slots_busy = 0) {
  JobReport report;
  report.job = JobId{id};
  report.spec.range = {0, 1000};
  report.state = state;
  report.done = 250;
  report.slots_busy = slots_busy;
  report.rate_per_s = slots_busy * 50.0;
  return report;
}

TEST_CASE("a job has series while it has not ended") {
  Snapshot shown;
  shown.jobs.jobs = {job(7, JobState::running, 2), job(8, JobState::done), job(9, JobState::queued)};
  shown.jobs.jobs[0].spec.name = "it's \"mine\"";
  shown.head.queue.jobs = {{JobState::queued, 1}, {JobState::running, 1}, {JobState::done, 1}};
  const Samples samples = samples_of(metrics(shown, {}));
  const std::string labels = "{job_id=\"7\",name=\"it's \\\"mine\\\"\"}";
  CHECK(samples.at("pq_job_width_integers" + labels) == "1000");
  CHECK(samples.at("pq_job_integers_done_total" + labels) == "250");
  CHECK(samples.at("pq_job_busy_slots" + labels) == "2");
  CHECK(samples.at("pq_job_rate_integers_per_second" + labels) == "100");
  CHECK(samples.at("pq_job_eta_seconds" + labels) == "7.5");
  CHECK(samples.at("pq_jobs{state=\"done\"}") == "1");
  CHECK(samples.at("pq_jobs_without_series") == "0");
  CHECK(count_with(samples, "pq_job_width_integers") == 2);
  CHECK(count_with(samples, "pq_job_eta_seconds") == 1);  // nobody knows when a queued one ends
}

TEST_CASE("a long queue hides no job that runs, and does not fill Prometheus") {
  Snapshot shown;
  for (std::uint64_t id = 1; id < 1000; ++id) shown.jobs.jobs.push_back(job(id, JobState::queued));
  shown.jobs.jobs.push_back(job(1000, JobState::running, 1));
  shown.head.queue.jobs = {{JobState::queued, 5000}, {JobState::running, 1}};
  const Samples samples = samples_of(metrics(shown, {}));
  CHECK(count_with(samples, "pq_job_width_integers") == limits::job_series_max);
  CHECK(samples.contains("pq_job_width_integers{job_id=\"1000\",name=\"\"}"));
  CHECK(samples.contains("pq_job_width_integers{job_id=\"1\",name=\"\"}"));
  CHECK(samples.at("pq_jobs_without_series") == std::to_string(5001 - limits::job_series_max));
}

TEST_CASE("agents are told by state, never one by one") {
  const auto agent = [](AgentState state, std::uint32_t busy, std::uint32_t heard_ms_ago) {
    AgentReport report;
    report.name = "i-0abc";
    report.state = state;
    report.slots = 4;
    report.busy = busy;
    report.heard_ms_ago = heard_ms_ago;
    report.notice_errors = 3;
    return report;
  };
  Snapshot shown;
  shown.agents.agents = {agent(AgentState::active, 4, 200), agent(AgentState::active, 1, 900),
                         agent(AgentState::silent, 2, 7000), agent(AgentState::gone, 0, 3'000'000)};
  shown.agents.agents[1].notice = Notice{NoticeKind::rebalance, "EC2 recommends to rebalance"};
  const std::string text = metrics(shown, {});
  const Samples samples = samples_of(text);
  CHECK_FALSE(says(text, "i-0abc"));
  CHECK(samples.at("pq_agents{state=\"active\"}") == "2");
  CHECK(samples.at("pq_agents{state=\"gone\"}") == "1");
  CHECK(samples.at("pq_agents{state=\"draining\"}") == "0");
  CHECK(samples.at("pq_agent_slots{state=\"active\"}") == "8");
  CHECK(samples.at("pq_agent_busy_slots{state=\"active\"}") == "5");
  CHECK(samples.at("pq_agent_slots{state=\"gone\"}") == "0");
  CHECK(samples.at("pq_agent_longest_silence_seconds") == "7");  // not of one that is gone
  CHECK(samples.at("pq_agent_notices{kind=\"rebalance\"}") == "1");
  CHECK(samples.at("pq_agent_notices{kind=\"interruption\"}") == "0");
  CHECK(samples.at("pq_agent_notice_errors") == "9");
}

TEST_CASE("all that can happen has a series before it does, and every message") {
  const Samples samples = samples_of(metrics({}, {}));
  CHECK(samples.at("pq_events_total{what=\"backup_failed\"}") == "0");
  CHECK(samples.at("pq_descriptors_scarce") == "0");
  CHECK(samples.at("pq_space_short") == "0");
  CHECK(samples.at("pq_events_total{what=\"agent_lost\"}") == "0");
  CHECK(samples.at("pq_jobs_ended_total{state=\"failed\"}") == "0");
  CHECK(samples.at("pq_messages_refused_total{word=\"not_allowed\"}") == "0");
  CHECK(samples.at("pq_messages_received_total{type=\"beat\"}") == "0");
  CHECK(count_with(samples, "pq_messages_received_total") ==
        std::variant_size_v<AgentToHead> + std::variant_size_v<ClientToHead>);
}

TEST_CASE("what is not known has no series") {
  const Samples samples = samples_of(metrics({}, {}));
  for (const char* name : {"process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes",
                           "pq_database_bytes", "pq_backup_last_made_timestamp_seconds"}) {
    CAPTURE(name);
    CHECK(count_with(samples, name) == 0);
  }
}

TEST_CASE("the page is Prometheus's text") {
  const Snapshot shown;
  const HttpAnswer answer = answer_to("/metrics", &shown);
  CHECK(answer.status == 200);
  CHECK(std::string(answer.type) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(samples_of(answer.body).contains("process_cpu_seconds_total"));
  CHECK(answer_to("/metrics", nullptr).status == 503);
}

TEST_CASE("a process tells what it uses") {
  const ProcessUsage before = usage_of_this_process();
  CHECK(before.cpu_s.value() > 0);
  CHECK(before.resident_bytes.value() > 1 << 20);
  CHECK(before.threads.value() >= 1);
  CHECK(before.descriptors_max.value() > before.descriptors.value());
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(usage_of_this_process().descriptors.value() == before.descriptors.value() + 1);
  ::close(fd);
}

TEST_CASE("a database tells its size, and what its disk has left") {
  const ScratchDir scratch;
  SqliteStore store(scratch.state());
  store.begin_epoch(Epoch{1});
  const StoreSizes sizes = store.sizes().value();
  CHECK(sizes.bytes == std::filesystem::file_size(scratch.state().database()));
  CHECK(sizes.log_bytes == std::filesystem::file_size(scratch.state().database().string() + "-wal"));
  CHECK(sizes.log_bytes > 0);
  CHECK(sizes.disk_free_bytes <= sizes.disk_bytes);
  CHECK(sizes.disk_bytes > sizes.bytes);
}

// ---------------------------------------------------------------- the turn

// Time that passes only where a test says so.
class SetClock final : public Clock {
 public:
  Now now() const override { return {Instant{at}, 1'700'000'000'000}; }
  Duration at = 1h;
};

class SlowStore final : public ModelStore {
 public:
  explicit SlowStore(SetClock& clock) : clock_(clock) {}
  void commit(const Changes& changes) override {
    ModelStore::commit(changes);
    clock_.at += 20ms;
  }

 private:
  SetClock& clock_;
};

class SlowTransport final : public Transport {
 public:
  explicit SlowTransport(SetClock& clock) : clock_(clock) {}
  std::vector<Incoming> receive(Instant /*deadline*/, std::size_t /*messages_max*/) override {
    clock_.at += 1h;  // it waits
    return std::exchange(arrived, {});
  }
  void send(const std::vector<OutgoingBytes>& batch) override {
    clock_.at += 3ms;
    for (const OutgoingBytes& message : batch) sent_bytes += message.bytes.size();
  }
  Losses losses() const override { return {5, 6}; }
  tl::expected<Authorized, Refusal> authorize(const Authorize& /*request*/,
                                              const Principal& /*asker*/) override {
    return {};
  }

  std::vector<Incoming> arrived;
  std::size_t sent_bytes = 0;

 private:
  SetClock& clock_;
};

struct MeasuredHead {
  SetClock clock;
  SlowStore store{clock};
  SlowTransport transport{clock};
  Daemon daemon{restore_queue({}, Epoch{1}, store, clock.now()), store, transport, clock};

  void hears(std::string bytes, Role role = Role::operator_) {
    transport.arrived.push_back({{1}, {role, "key", "somebody"}, std::move(bytes)});
  }
  void hears(const ClientToHead& message, Role role = Role::operator_) {
    hears(encode(Letter<ClientToHead>{1, message}), role);
  }
  HeadFigures figures() { return daemon.snapshot().head; }
};

Submit submission() {
  Submit submit;
  submit.id = {1, 2};
  submit.spec.range = {0, 1000};
  return submit;
}

TEST_CASE("a turn is measured from what has arrived to what is sent, and the commit in it; no waiting") {
  MeasuredHead head;
  head.hears(submission());
  head.daemon.turn();
  const Measures measured = head.figures().measures;
  CHECK(measured.turns_s.count() == 1);
  CHECK(measured.turns_s.sum() == doctest::Approx(0.023));
  CHECK(measured.commits_s.count() == 1);
  CHECK(measured.commits_s.sum() == doctest::Approx(0.020));
  head.daemon.turn();  // nothing to commit
  CHECK(head.figures().measures.turns_s.count() == 2);
  CHECK(head.figures().measures.commits_s.count() == 1);
}

TEST_CASE("messages are counted by type, their bytes, and refusals by their words") {
  MeasuredHead head;
  head.hears(submission());
  head.hears(AskJobs{});
  head.hears(AskJobs{});
  head.hears(AskJob{JobId{77}});
  head.hears(submission(), Role::viewer);
  head.hears("garbage");
  std::size_t bytes = 0;
  for (const Incoming& message : head.transport.arrived) bytes += message.bytes.size();
  for (int turn = 0; turn < 3; ++turn) head.daemon.turn();  // to tell takes long here: one answer a turn
  const HeadFigures figures = head.figures();
  const Measures& measured = figures.measures;
  CHECK(measured.from_clients.at(ClientToHead(AskJobs{}).index()) == 2);
  CHECK(measured.from_clients.at(ClientToHead(Submit{}).index()) == 2);
  CHECK(measured.from_agents == decltype(measured.from_agents){});
  CHECK(measured.received_bytes == bytes);
  CHECK(measured.refused.at(ErrorWord::no_such_job) == 1);
  CHECK(measured.refused.at(ErrorWord::not_allowed) == 1);
  CHECK(measured.refused.at(ErrorWord::malformed) == 1);
  CHECK(measured.refused.at(ErrorWord::too_much) == 0);
  CHECK(measured.sent == 6);
  CHECK(measured.sent_bytes == head.transport.sent_bytes);
  CHECK(measured.batches.count() == 3);
  CHECK(measured.batches.sum() == 6);
  CHECK(figures.losses.dropped == 5);
  CHECK(figures.losses.undelivered == 6);
}

TEST_CASE("what happens is counted, and how jobs end") {
  MeasuredHead head;
  head.hears(submission());
  head.daemon.turn();
  head.hears(Steer{JobId{1}, Steering::cancel});
  head.daemon.turn();
  const HeadFigures figures = head.figures();
  CHECK(figures.measures.events.at(Happening::job_submitted) == 1);
  CHECK(figures.measures.events.at(Happening::job_ended) == 1);
  CHECK(figures.measures.events.at(Happening::agent_lost) == 0);
  CHECK(figures.measures.jobs_ended.at(JobState::cancelled) == 1);
  CHECK(figures.measures.jobs_ended.at(JobState::done) == 0);
  CHECK(figures.queue.jobs.at(JobState::cancelled) == 1);
  CHECK(figures.queue.jobs.at(JobState::queued) == 0);
  CHECK_FALSE(figures.measures.backup_made_unix_ms);
}

// ---------------------------------------------------------------- the queue

TEST_CASE("a queue tells what waits, what is left, and what became of its leases") {
  Scenario s;
  const JobId id = s.submits(Range{0, 1000});
  CHECK(figures_of(s.queue()).jobs_waiting == 1);
  CHECK(figures_of(s.queue()).integers_left == 1000);
  const Taken lease = s.agent("a").takes_lease();
  s.agent("a").commits(lease, upto(lease.begin + 1), value(1));
  QueueFigures figures = figures_of(s.queue());
  CHECK(figures.jobs_waiting == 0);
  CHECK(figures.jobs.at(JobState::running) == 1);
  CHECK(figures.integers_left == 999);
  CHECK(figures.integers_done == 1);
  CHECK(figures.leases == 1);
  CHECK(figures.lease_counts == s.job(id).leases);
  s.agent("a").falls_silent();
  s.passes(limits::lease_term + 1s);
  figures = figures_of(s.queue());
  CHECK(figures.lease_counts == LeaseCounts{1, 1, 0});
  CHECK(figures.jobs_waiting == 1);
  CHECK(figures.clients_waiting == 0);
  s.waits(1, {id, 1000});
  CHECK(figures_of(s.queue()).clients_waiting == 1);
  s.steers(id, Steering::pause);
  CHECK(figures_of(s.queue()).jobs_waiting == 0);
  s.steers(id, Steering::cancel);
  CHECK(figures_of(s.queue()).integers_left == 0);
  CHECK(s.answer_to(1));
}

}  // namespace
}  // namespace pq::tests
