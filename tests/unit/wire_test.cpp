// The wire as honest programs use it: decoding returns what was encoded. wire_fields_test.cpp changes
// messages field by field, wire_hostile_test.cpp byte by byte.
#include "common/protocol/wire.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <msgpack.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/wire_samples.h"

namespace {

using namespace pq;
using namespace pq::tests;

template <class Message>
Message heard_by_head(const std::string& bytes) {
  const auto message = decode_to_head(bytes);
  REQUIRE_MESSAGE(message.has_value(), message.error().detail);
  REQUIRE(std::holds_alternative<Message>(*message));
  return std::get<Message>(*message);
}

Beat beat_with(const Value& value) {
  Beat beat;
  beat.leases = {{{{9}, 1}, 0, 10, 20, value, {}, {}}};
  return beat;
}

// The refusal's detail; "accepted" if there is none.
template <class Message>
std::string refused_by_head(const Message& message) {
  const auto heard = decode_to_head(encode(message));
  return heard ? "accepted" : heard.error().detail;
}

// ---------------------------------------------------------------- round trips

TEST_CASE("the head hears what an agent says") {
  for (const AgentToHead& said : agent_messages()) CHECK(heard_by_head<AgentToHead>(encode(said)) == said);
}

TEST_CASE("an agent hears what the head says") {
  for (const HeadToAgent& said : orders_and_other_words()) {
    const auto heard = decode_to_agent(encode(said));
    REQUIRE(heard.has_value());
    CHECK(*heard == said);
  }
}

TEST_CASE("the head hears what a client asks, and under which number") {
  for (const ClientToHead& said : client_messages()) {
    for (const RequestNumber number : {RequestNumber{0}, RequestNumber{1}, u64_max}) {
      const auto heard = heard_by_head<Letter<ClientToHead>>(encode(Letter<ClientToHead>{number, said}));
      CHECK(heard.body == said);
      CHECK(heard.request == number);
    }
  }
}

TEST_CASE("a client hears what the head answers, and to which question") {
  for (const HeadToClient& said : answers()) {
    for (const RequestNumber number : {RequestNumber{0}, RequestNumber{1}, u64_max}) {
      const auto heard = decode_to_client(encode(Letter<HeadToClient>{number, said}));
      REQUIRE(heard.has_value());
      CHECK(heard->body == said);
      CHECK(heard->request == number);
    }
  }
}

TEST_CASE("a refusal is understood by whoever it reaches") {
  const Refusal refusal{ErrorWord::malformed, "beat: seq is missing"};
  const auto by_agent = decode_to_agent(encode_refusal(refusal, 0));
  REQUIRE(by_agent.has_value());
  CHECK(*by_agent == HeadToAgent(refusal));
  const auto by_client = decode_to_client(encode_refusal(refusal, 8));
  REQUIRE(by_client.has_value());
  CHECK(by_client->body == HeadToClient(refusal));
  CHECK(by_client->request == 8);
}

TEST_CASE("every word of every enum travels") {
  JobReport report = job_usual();
  for (const Kernel kernel : sieve_kernels) {
    for (const Fold fold : {Fold::sum, Fold::min, Fold::max, Fold::none}) {
      for (const JobState state : {JobState::queued, JobState::running, JobState::paused, JobState::done,
                                   JobState::failed, JobState::cancelled}) {
        report.spec.kernel = kernel;
        report.spec.fold = fold;
        report.state = state;
        const auto heard = decode_to_client(encode(Letter<HeadToClient>{1, report}));
        REQUIRE(heard.has_value());
        CHECK(heard->body == HeadToClient(report));
      }
    }
  }
  AgentsReport agents;
  for (const AgentState state :
       {AgentState::active, AgentState::draining, AgentState::silent, AgentState::gone}) {
    agents.agents.push_back(agent_usual());
    agents.agents.back().state = state;
  }
  const auto heard = decode_to_client(encode(Letter<HeadToClient>{1, agents}));
  REQUIRE(heard.has_value());
  CHECK(heard->body == HeadToClient(agents));
  for (const Role role : {Role::agent, Role::operator_, Role::viewer}) {
    const Letter<ClientToHead> letter{1, Authorize{role, "key", "name"}};
    CHECK(heard_by_head<Letter<ClientToHead>>(encode(letter)).body == letter.body);
  }
}

// ---------------------------------------------------------------- values

TEST_CASE("a value is heard bit by bit as it was said") {
  for (const Value& value : values()) {
    const auto heard = std::get<Beat>(heard_by_head<AgentToHead>(encode(AgentToHead(beat_with(value)))));
    CHECK_MESSAGE(same(*heard.leases.at(0).value, value), to_text(value));
  }
}

TEST_CASE("an integer travels as a msgpack integer if that can hold it, else as decimal text") {
  using Type = msgpack::type::object_type;
  const auto type_of_value = [](const Value& value) {
    const std::string bytes = encode(AgentToHead(beat_with(value)));
    const auto handle = msgpack::unpack(bytes.data(), bytes.size());
    const auto beat = handle.get().as<std::map<std::string, msgpack::object>>();
    const auto leases = beat.at("leases").as<std::vector<std::map<std::string, msgpack::object>>>();
    return leases.at(0).at("value").type;
  };
  CHECK(type_of_value(Int128{0}) == Type::POSITIVE_INTEGER);
  CHECK(type_of_value(Int128{u64_max}) == Type::POSITIVE_INTEGER);
  CHECK(type_of_value(Int128{u64_max} + 1) == Type::STR);
  CHECK(type_of_value(Int128{-1}) == Type::NEGATIVE_INTEGER);
  CHECK(type_of_value(Int128{i64_min}) == Type::NEGATIVE_INTEGER);
  CHECK(type_of_value(Int128{i64_min} - 1) == Type::STR);
  CHECK(type_of_value(3.0) == Type::FLOAT64);
  CHECK(type_of_value(sum_widest()) == Type::BIN);
}

TEST_CASE("an exact sum that is sent as more bytes than it takes is taken for what it is") {
  Beat beat;
  beat.leases = {{{{9}, 1}, 0, 10, 20, *fold(Fold::sum, 1e16, 1.0), {}, {}}};
  const std::string bytes = encode(AgentToHead(beat));
  const std::string sent(std::get<ExactSum>(*beat.leases[0].value).bytes());
  const std::size_t at = bytes.find(sent);
  REQUIRE(at != std::string::npos);
  const auto value_of = [&](const std::string& other) {
    std::string changed = bytes;
    changed.replace(at, sent.size(), other);
    changed[at - 1] = static_cast<char>(other.size());
    const auto message = heard_by_head<AgentToHead>(changed);
    return *std::get<Beat>(message).leases.at(0).value;
  };
  using namespace std::string_literals;
  CHECK(same(value_of(sent + "\0\0"s), *beat.leases[0].value));
  CHECK(same(value_of("\x40\x01"s), double_tiny));
  CHECK(same(value_of("\x00"s), Int128{0}));
}

TEST_CASE("a number that is infinite or undefined is refused") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double x : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(refused_by_head(AgentToHead(beat_with(x))) == "beat: leases[0].value is not what it should be");
    Beat beat;
    beat.paces = {{{1}, 0.5, 1e-9}, {{2}, 0.5, x}};
    CHECK(refused_by_head(AgentToHead(beat)) == "beat: paces[1].per_integer_s is not what it should be");
  }
}

TEST_CASE("a range that is empty or reversed is refused") {
  for (const Range& range :
       {Range{0, 0}, Range{7, 7}, Range{u64_max, u64_max}, Range{7, 6}, Range{u64_max, 0}}) {
    Submit submit{{1, 2}, spec_usual()};
    submit.spec.range = range;
    CHECK(refused_by_head(Letter<ClientToHead>{1, submit}) == "submit: spec.range is not what it should be");
    Orders orders;
    orders.leases = {{{{9}, 1}, {7}, range, {}}};
    CHECK_FALSE(decode_to_agent(encode(HeadToAgent(orders))).has_value());
  }
}

// ---------------------------------------------------------------- bounds

std::size_t encoded_bytes(const LeaseView& lease) {
  return encode(AgentToHead(Beat{{}, {}, 0, {}, 0, {lease}, {}, false})).size() -
         encode(AgentToHead(Beat{})).size();
}

TEST_CASE("the largest beat that the head takes is below what the sockets let through") {
  for (const LeaseView& lease : {lease_widest(), lease_with_widest_sum()}) {
    Beat beat{name_widest, {u64_max}, u64_max, {u64_max}, u64_max, {}, {}, true};
    beat.leases.assign(limits::leases_per_agent_max, lease);
    beat.paces.assign(limits::leases_per_agent_max, {{u64_max}, double_max, double_max});
    const std::string bytes = encode(AgentToHead(beat));
    CHECK(bytes.size() < limits::message_bytes_max);
    CHECK(heard_by_head<AgentToHead>(bytes) == AgentToHead(beat));
    CHECK(encoded_bytes(lease) < limits::lease_encoded_bytes_max + limits::told_encoded_bytes_max);
  }
  LeaseView bare = lease_with_widest_sum();
  bare.value = Int128{0};  // a byte
  bare.error = "";
  CHECK(encoded_bytes(bare) < limits::lease_encoded_bytes_max);
  LeaseView lease = bare;
  lease.value = sum_widest();
  CHECK(encoded_bytes(lease) - encoded_bytes(bare) + 1 == limits::value_encoded_bytes_max);
}

TEST_CASE("last words are cut shorter beside a long sum") {
  LeaseView lease = lease_with_widest_sum();
  lease.error = error_widest;
  const auto words_of = [](const LeaseView& said) {
    Beat beat;
    beat.leases = {said};
    return std::get<Beat>(heard_by_head<AgentToHead>(encode(AgentToHead(beat)))).leases.at(0).error->size();
  };
  CHECK(words_of(lease) == limits::error_bytes_max_beside_sum);
  lease.value = *fold(Fold::sum, 1e16, 1e-100);
  CHECK(words_of(lease) == limits::error_bytes_max);
}

JobReport job_widest_with_failures() {
  JobReport report = job_widest();
  report.failed_spans.assign(limits::failed_spans_told, {{0, u64_max}, u32_max, error_widest});
  return report;
}

TEST_CASE("the largest orders and reports reach their readers") {
  Orders orders;
  orders.leases.assign(limits::leases_per_agent_max,
                       {{{u64_max}, u64_max}, {u64_max}, {0, u64_max}, u64_max});
  orders.jobs.assign(limits::leases_per_agent_max, {{u64_max}, Kernel::quadruplets, Fold::none});
  const std::string to_agent = encode(HeadToAgent(orders));
  CHECK(to_agent.size() < limits::message_bytes_max);
  CHECK(decode_to_agent(to_agent).has_value());
  const std::vector<HeadToClient> reports = {
      JobsReport{std::vector(limits::jobs_reported_max, job_widest()), u64_max, u64_max},
      JobIds{std::vector(limits::job_ids_told, JobId{u64_max}), true},
      EachJob{
          std::vector(limits::jobs_named_max, job_widest_with_failures()),
          std::vector(limits::jobs_named_max, RefusedJob{{u64_max}, {ErrorWord::no_such_job, text_widest}})},
      AgentsReport{std::vector(limits::agents_reported_max, agent_usual()), u64_max}};
  for (const HeadToClient& report : reports) {
    const std::string bytes = encode(Letter<HeadToClient>{u64_max, report});
    CHECK(bytes.size() < limits::client_message_bytes_max);
    CHECK(decode_to_client(bytes).has_value());
  }
}

TEST_CASE("a text that is too long is cut where it is said, at the end of a character") {
  std::string words;
  for (int i = 0; i < 200; ++i) words += "ü";  // two bytes each
  const auto heard = decode_to_agent(encode(HeadToAgent(Refusal{ErrorWord::too_much, words})));
  REQUIRE(heard.has_value());
  CHECK(std::get<Refusal>(*heard).detail == words.substr(0, limits::text_bytes_max));
  const auto shifted = decode_to_agent(encode(HeadToAgent(Refusal{ErrorWord::too_much, "." + words})));
  REQUIRE(shifted.has_value());
  CHECK(std::get<Refusal>(*shifted).detail == ("." + words).substr(0, limits::text_bytes_max - 1));
}

// ---------------------------------------------------------------- versions and directions

// {v: <version>, t: "ask_jobs"}
std::string question_of_version(const std::string& version) {
  using namespace std::string_literals;
  return "\x82\xa1v"s + version + "\xa1t\xa8" + "ask_jobs";
}

TEST_CASE("a message says the oldest protocol that has all that is in it") {
  const auto version_of = [](const std::string& bytes) {
    const auto handle = msgpack::unpack(bytes.data(), bytes.size());
    return handle.get().as<std::map<std::string, msgpack::object>>().at("v").as<std::uint32_t>();
  };
  for (const Value& value : values()) {
    const bool is_sum = std::holds_alternative<ExactSum>(value);
    CHECK(version_of(encode(AgentToHead(beat_with(value)))) == (is_sum ? 2 : 1));
  }
  CHECK(version_of(encode(Letter<ClientToHead>{1, AskJobs{}})) == 1);
  CHECK(version_of(encode(HeadToAgent(Orders{}))) == 1);
  CHECK(version_of(encode(Letter<HeadToClient>{1, job_usual()})) == 1);
}

TEST_CASE("a message of a protocol that is not spoken is refused by that word") {
  using namespace std::string_literals;
  CHECK(decode_to_head(question_of_version("\x01")).has_value());
  CHECK(decode_to_head(question_of_version("\x02")).has_value());
  const std::vector<std::pair<std::string, std::string>> others = {
      {"\x00"s, "0"},
      {"\x03"s, "3"},
      {"\xcf\x00\x00\x00\x01\x00\x00\x00\x00"s, "4294967296"},
      {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s, "18446744073709551615"}};
  for (const auto& [bytes, number] : others) {
    const auto heard = decode_to_head(question_of_version(bytes));
    REQUIRE_FALSE(heard.has_value());
    CHECK(heard.error().word == ErrorWord::unsupported_version);
    CHECK(heard.error().detail == "this side speaks protocol 2, the message is of protocol " + number);
  }
  for (const std::string& bytes : {"\xff"s, "\xa1\x31"s, "\xc0"s, "\xcb\x3f\xf0\0\0\0\0\0\0"s}) {
    const auto heard = decode_to_head(question_of_version(bytes));
    REQUIRE_FALSE(heard.has_value());
    CHECK(heard.error() == Refusal{ErrorWord::malformed, "the envelope: v is not what it should be"});
  }
}

TEST_CASE("the version is looked at before the type: a newer type is of a newer protocol") {
  const auto heard = decode_to_head("\x82\xa1t\xa5guess\xa1v\x03");
  REQUIRE_FALSE(heard.has_value());
  CHECK(heard.error().word == ErrorWord::unsupported_version);
}

TEST_CASE("nobody takes what was meant for another") {
  for (const Sample& sample : all_samples()) {
    for (const Recode other : all_ways) {
      const bool is_refusal =
          sample.bytes.find("\xa7refusal") != std::string::npos;  // agents and clients take it
      if (other == sample.recode || (is_refusal && other != recode_at_head)) continue;
      const auto heard = other(sample.bytes);
      REQUIRE_FALSE(heard.has_value());
      CHECK(heard.error().word == ErrorWord::malformed);
      CHECK(heard.error().detail.starts_with("no message of type"));
    }
  }
}

TEST_CASE("a type that nobody knows is quoted on one line") {
  const auto heard = decode_to_head("\x82\xa1v\x01\xa1t\xa4\n\x1b[m");
  REQUIRE_FALSE(heard.has_value());
  CHECK(heard.error().detail == R"(no message of type "\n\x1b[m")");
}

// ---------------------------------------------------------------- the bytes themselves

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

// Two messages of PROTOCOL.md's example, in its lines. Programs that were built from that page send and
// expect just these bytes.
TEST_CASE("bytes of files and of what programs print are taken up to their bounds and not beyond") {
  const auto is_taken = [](const auto& message, Recode at) { return at(encode(message)).has_value(); };
  for (const std::size_t beyond : {0U, 1U}) {
    const bool fits = beyond == 0;
    const Bytes part{std::string(limits::file_part_bytes_max + beyond, '\0')};
    CHECK(is_taken(HeadToAgent(FilePart{{}, 0, 1, part}), recode_at_agent) == fits);
    CHECK(is_taken(Letter<ClientToHead>{1, PutFile{{}, 1, 0, part}}, recode_at_head) == fits);
    Output output;
    output.logs = {
        {{}, {}, {0, 1}, 1, Stream::pq, false, {std::string(limits::log_part_bytes_max + beyond, 'x')}}};
    CHECK(is_taken(AgentToHead(output), recode_at_head) == fits);
    output.logs.clear();
    output.outputs = {{{}, {}, {0, 1}, 0, true, {std::string(limits::output_part_bytes_max + beyond, 'x')}}};
    CHECK(is_taken(AgentToHead(output), recode_at_head) == fits);
  }
}

TEST_CASE("a program is stored as it is sent, and what is no program is none") {
  for (const Program& program : {program_usual(), program_widest()}) {
    CHECK(decode_program(encode(program)) == program);
    CHECK_FALSE(decode_program(encode(program) + "x"));
  }
  CHECK_FALSE(decode_program(""));
  CHECK_FALSE(decode_program("\x80"));
}

TEST_CASE("the bytes are those that PROTOCOL.md shows") {
  const Beat beat{"w1", {42}, 2, {7}, 1, {{{{7}, 1}, 10, 20, 30, Int128{4}, {}, {}}}, {{{1}, 0.0, 2.5e-9}},
                  false};
  CHECK(hex(encode(AgentToHead(beat))) ==
        "8a"
        "a17601"
        "a174a462656174"
        "a46e616d65a27731"
        "ab696e6361726e6174696f6e2a"
        "a373657102"
        "a565706f636807"
        "ab6f72646572735f7365656e01"
        "a66c656173657391"
        "85"
        "a56c65617365920701"
        "a5626567696e0a"
        "a47570746f14"
        "a3656e641e"
        "a576616c756504"
        "a5706163657391"
        "83"
        "a36a6f6201"
        "a766697865645f73cb0000000000000000"
        "ad7065725f696e74656765725f73cb3e25798ee2308c3a"
        "a8647261696e696e67c2");
  const Orders orders{{7}, 3, 1000, {{{{7}, 1}, {1}, {10, 30}, 25}}, {}, false};
  CHECK(hex(encode(HeadToAgent(orders))) ==
        "88"
        "a17601"
        "a174a66f7264657273"
        "a565706f636807"
        "a66e756d62657203"
        "a7626561745f6d73cd03e8"
        "a66c656173657391"
        "84"
        "a56c65617365920701"
        "a36a6f6201"
        "a572616e6765920a1e"
        "a9656e645f61736b656419"
        "a46a6f627390"
        "a5647261696ec2");
}

}  // namespace
