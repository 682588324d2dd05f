// Messages of every type for the tests of the wire: usual ones, ones as empty as possible, and ones with
// every field at its bound.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"

namespace pq::tests {

inline constexpr double double_max = std::numeric_limits<double>::max();
inline constexpr double double_tiny = std::numeric_limits<double>::denorm_min();

inline const std::string name_widest(limits::name_bytes_max, 'n');
inline const std::string text_widest(limits::text_bytes_max, 't');
inline const std::string error_widest(limits::error_bytes_max, 'e');
inline const std::string path_widest(limits::path_bytes_max, 'p');
inline const std::string story_widest(limits::text_bytes_max + limits::error_bytes_max, 's');

inline std::vector<Value> values() {
  return {Int128{0},
          Int128{2'897'536},
          Int128{-1},
          Int128{u64_max},
          Int128{u64_max} + 1,
          Int128{i64_min},
          Int128{i64_min} - 1,
          int128_max,
          int128_min,
          0.0,
          -0.0,
          1.5,
          -double_max,
          double_max,
          double_tiny,
          3.0,
          *fold(Fold::sum, 1e16, 1.0),
          *fold(Fold::sum, Int128{-1}, -double_tiny),
          *fold(Fold::sum, int128_max, int128_max),
          sum_widest()};
}

inline std::vector<Kernel> every_kernel() { return {sieve_kernels.begin(), sieve_kernels.end()}; }

inline LeaseView lease_widest() {
  return {{{u64_max}, u64_max}, u64_max, u64_max, u64_max, int128_min, u64_max, error_widest};
}

// Beside the longest value there is less room for text.
inline LeaseView lease_with_widest_sum() {
  LeaseView lease = lease_widest();
  lease.value = sum_widest();
  lease.error->resize(limits::error_bytes_max_beside_sum);
  return lease;
}

inline JobSpec spec_usual() {
  return {{10'000'000, 60'000'000}, Kernel::twins, Fold::sum, "run 7", 0, 3, 100};
}

inline JobSpec spec_widest() {
  return {{0, u64_max},
          Kernel::quintuplets,
          Fold::none,
          name_widest,
          std::numeric_limits<std::int32_t>::min(),
          u32_max,
          u32_max};
}

inline Program program_usual() {
  return {{"./sim", "{lo}", "{hi}"},
          false,
          0,
          300'000,
          std::uint64_t{2} << 30U,
          false,
          {{"SEED", "17"}},
          {{"sim", sha256_of("sim"), 3, FileKind::executable}},
          std::nullopt,
          false,
          {}};
}

inline Program program_widest() {
  return {{std::string(300, '\x07'), ""},
          true,
          u64_max,
          u32_max,
          u64_max,
          true,
          {{"A", "\xff"}, {"B", ""}},
          {{name_widest, sha256_of(""), u64_max, FileKind::directory}},
          FileRef{"items", sha256_of("items"), u64_max, FileKind::plain},
          true,
          {{"TOKEN", "\xff"}, {"KEY", "", true}}};
}

// A job of kernel exec with everything that such a job may ask for.
inline JobSpec spec_of(const Program& program) {
  JobSpec spec = spec_usual();
  spec.kernel = Kernel::exec;
  spec.cpus = 4;
  spec.require = {{"zone", "a"}};
  spec.program = program;
  return spec;
}

// Each cut of each sample is tried: what is bounded in bytes only is long in a test of its own.
inline std::string bytes_widest() { return std::string(300, '\xfe'); }

inline std::vector<AgentToHead> agent_messages() {
  const Hello usual{"i-0abc", {42}, "0.1.0", 4, every_kernel(), {{"arch", "x86_64"}, {"cpus", "4"}}};
  const Hello widest{name_widest,
                     {u64_max},
                     text_widest,
                     u32_max,
                     std::vector(limits::kernels_max, Kernel::quadruplets),
                     std::vector(limits::labels_max, Label{name_widest, text_widest})};
  const Beat beat{"i-0abc",
                  {42},
                  17,
                  {0xfeed},
                  5,
                  {{{{0xfeed}, 1}, 100, 300, 900, Int128{62}, {}, {}},
                   {{{0xfeed}, 2}, 900, 900, 1200, {}, {}, {}, true, 1000, true},
                   {{{0xfeed}, 3}, 1200, 1200, 1300, {}, 1250, "exit status 3"}},
                  {{{7}, 0.002, 1.25e-9}},
                  true,
                  Notice{NoticeKind::interruption, "EC2 Spot: stop", 1'800'000'000'000},
                  3,
                  true};
  const Beat widest_beat{name_widest,
                         {u64_max},
                         u64_max,
                         {u64_max},
                         u64_max,
                         {lease_widest()},
                         {{{u64_max}, double_max, double_tiny}},
                         false,
                         Notice{NoticeKind::passed, text_widest, i64_min},
                         u64_max};
  std::vector<AgentToHead> messages = {usual, widest, Hello{}, beat, widest_beat, Beat{}};
  for (const Value& value : values()) {
    Beat one;
    one.leases = {{{}, 0, 1, 2, value, {}, {}}};
    messages.emplace_back(one);
  }
  messages.emplace_back(Output{"i-0abc",
                               {42},
                               3,
                               {{{7}, {{0xfeed}, 1}, {100, 200}, 1, Stream::stderr_, false, {"warning\n"}},
                                {{7}, {{0xfeed}, 1}, {100, 200}, 2, Stream::pq, true, {"exit status 3"}}},
                               {{{7}, {{0xfeed}, 2}, {200, 300}, 65536, true, {"more\n"}}}});
  messages.emplace_back(
      Output{name_widest,
             {u64_max},
             u64_max,
             {{{u64_max},
               {{u64_max}, u64_max},
               {u64_max - 1, u64_max},
               u32_max,
               Stream::stdout_,
               true,
               {bytes_widest()}}},
             {{{u64_max}, {{u64_max}, u64_max}, {0, u64_max}, u64_max, false, {bytes_widest()}}}});
  messages.emplace_back(Output{});
  messages.emplace_back(WantFile{"i-0abc", {42}, sha256_of("sim"), 0});
  messages.emplace_back(WantFile{name_widest, {u64_max}, sha256_of(""), u64_max});
  messages.emplace_back(Goodbye{"i-0abc", {42}});
  messages.emplace_back(Goodbye{name_widest, {u64_max}});
  return messages;
}

inline std::vector<HeadToAgent> orders_and_other_words() {
  const Orders usual{{0xfeed},
                     6,
                     1000,
                     {{{{0xfeed}, 1}, {7}, {100, 900}, {}}, {{{0xfeed}, 4}, {7}, {2000, 3000}, 2500}},
                     {{{7}, Kernel::primes, Fold::sum}},
                     false};
  const Orders widest{{u64_max},
                      u64_max,
                      u32_max,
                      {{{{u64_max}, u64_max}, {u64_max}, {u64_max - 1, u64_max}, u64_max}},
                      {{{u64_max}, Kernel::quintuplets, Fold::none}, {{1}, Kernel::sextuplets, Fold::min}},
                      true};
  return {Welcome{{42}},
          Welcome{{u64_max}},
          usual,
          widest,
          Orders{},
          Orders{{0xfeed},
                 7,
                 1000,
                 {{{{0xfeed}, 5}, {8}, {0, 10}, {}, 2, true, true}},
                 {{{8}, Kernel::exec, Fold::none, 0, 4, program_usual()},
                  {{9}, Kernel::exec, Fold::sum, u64_max, u32_max, program_widest()}},
                 false},
          OutputStored{{42}, 3},
          OutputStored{{u64_max}, u64_max},
          FilePart{sha256_of("sim"), 0, 3, {"sim"}},
          FilePart{sha256_of(""), u64_max, u64_max, {bytes_widest()}},
          Refusal{ErrorWord::introduce_yourself, "i-0abc"},
          Refusal{ErrorWord::unsupported_version, text_widest}};
}

inline std::vector<ClientToHead> client_messages() {
  return {Submit{{0x0123456789abcdef, 0xfedcba9876543210}, spec_usual()},
          Submit{{u64_max, u64_max}, spec_widest()},
          Submit{{0, 0},
                 {{5, 6}, Kernel::triplets, Fold::max, "", std::numeric_limits<std::int32_t>::max(), 0, 0}},
          Submit{{1, 2}, spec_of(program_usual())},
          Submit{{3, 4}, spec_of(program_widest())},
          PutFile{sha256_of("sim"), 3, 0, {"sim"}},
          PutFile{sha256_of(""), u64_max, u64_max, {bytes_widest()}},
          AskLogs{{7}, 0, true, 17},
          AskLogs{{u64_max}, u64_max, false, {}},
          AskOutput{{7}, 100, 0},
          AskOutput{{u64_max}, u64_max, u64_max},
          Steer{{7}, Steering::retry},
          AskJob{{7}},
          AskJob{{u64_max}},
          AskJobs{},
          Wait{{7}, 10'000},
          Wait{{u64_max}, u32_max, RequestId{u64_max, u64_max}},
          Steer{{7}, Steering::cancel},
          Steer{{7}, Steering::pause},
          Steer{{u64_max}, Steering::resume},
          Steer{{7}, Steering::forget},
          Steer{{7}, Steering::forget_logs},
          Reprioritize{{7}, -5},
          Reprioritize{{u64_max}, std::numeric_limits<std::int32_t>::min()},
          AskAgents{},
          DrainAgent{"i-0abc"},
          DrainAgent{name_widest},
          Verify{{7}},
          BackUp{{0x0123456789abcdef, 0xfedcba9876543210}, "before-the-upgrade"},
          BackUp{{u64_max, u64_max}, name_widest},
          Authorize{Role::agent, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "fleet"},
          Authorize{Role::operator_, text_widest, name_widest, u64_max},
          AskKeys{},
          RevokeKey{"spot"},
          RevokeKey{name_widest},
          AskAgentPrograms{},
          AskEvents{},
          AskEvents{u64_max, JobId{u64_max}},
          AskExplanation{{7}},
          AskJobIds{},
          AskJobIds{Meant::unpaused, 17, 1000},
          AskJobIds{Meant::ended, 0, u64_max, 86'400'000},
          AskEach{{{7}, {u64_max}}},
          SteerEach{{{7}, {9}}, Steering::cancel},
          SteerEach{std::vector(limits::jobs_named_max, JobId{u64_max}), Steering::resume},
          SteerEach{{{7}, {9}}, Steering::forget_output},
          ReprioritizeEach{{{7}}, -5},
          ReprioritizeEach{std::vector(limits::jobs_named_max, JobId{u64_max}),
                           std::numeric_limits<std::int32_t>::min()},
          Recompute{{7}, "i-0abc", false},
          Recompute{{u64_max}, name_widest, true},
          AskProvenance{{7}, 0},
          AskProvenance{{u64_max}, u64_max}};
}

inline JobReport job_usual() {
  JobReport report;
  report.job = {7};
  report.spec = spec_usual();
  report.state = JobState::running;
  report.done = 1'000'000;
  report.value = Int128{9'592};
  report.leases = {12, 0, 3};
  report.slots_busy = 4;
  report.rate_per_s = 2.5e8;
  report.created_unix_ms = 1'700'000'000'000;
  report.started_unix_ms = 1'700'000'000'004;
  return report;
}

inline JobReport job_widest() {
  return {{u64_max},
          spec_widest(),
          JobState::cancelled,
          u64_max,
          u64_max,
          int128_min,
          {u64_max, u64_max, u64_max},
          u64_max,
          u64_max,
          u32_max,
          -double_max,
          i64_min,
          i64_max,
          i64_min,
          story_widest};
}

inline JobReport job_failed() {
  JobReport report = job_usual();
  report.spec = spec_of(program_usual());
  report.state = JobState::failed;
  report.failed = 2;
  report.unplaced = "no agent has zone=a";
  report.failed_spans = {{{17, 18}, 3, "exit status 3"}, {{u64_max - 1, u64_max}, u32_max, error_widest}};
  report.discarded = u64_max;
  report.logs_forgotten = true;
  report.output_forgotten = true;
  report.submitter = name_widest;
  return report;
}

inline AgentReport agent_usual() {
  return {"i-0abc",
          AgentState::active,
          "0.1.0",
          4,
          3,
          1.0e9,
          120,
          every_kernel(),
          {{"arch", "aarch64"}},
          Notice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt},
          0,
          2,
          {{{7}, 1'700'000'000'000}, {{8}, std::nullopt}}};
}

inline AgentReport agent_widest() {
  return {name_widest,
          AgentState::silent,
          text_widest,
          u32_max,
          u32_max,
          double_max,
          u32_max,
          std::vector(limits::kernels_max, Kernel::primes),
          std::vector(limits::labels_max, Label{name_widest, text_widest}),
          Notice{NoticeKind::interruption, text_widest, i64_max},
          u64_max,
          u32_max,
          std::vector(limits::leases_told, LeaseHeld{{u64_max}, i64_min})};
}

inline std::vector<HeadToClient> answers() {
  return {
      Submitted{{7}, false},
      Submitted{{u64_max}, true},
      job_usual(),
      job_widest(),
      JobReport{{}, {{0, 1}, {}, {}, {}, {}, {}, {}}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}},
      job_failed(),
      JobsReport{{job_usual(), job_widest(), job_failed()}, u64_max, u64_max, name_widest},
      JobIds{},
      JobIds{{{7}, {u64_max}}, true},
      EachJob{},
      EachJob{{job_usual(), job_failed()}, {{{9}, {ErrorWord::job_has_ended, "9 is done"}}}},
      EachJob{{job_widest()}, {{{u64_max}, {ErrorWord::no_such_job, text_widest}}}},
      FileStored{sha256_of("sim"), 3},
      FileStored{sha256_of(""), u64_max},
      Logs{{{1, 1'700'000'000'000, "i-0abc", {100, 200}, 1, Stream::stderr_, false, {"warning\n"}}},
           1,
           true,
           JobState::running},
      Logs{{{u64_max, i64_min, name_widest, {0, u64_max}, u32_max, Stream::pq, true, {bytes_widest()}}},
           u64_max,
           false,
           JobState::failed},
      Logs{},
      OutputPage{{{{100, 200}, 0, {"a\n"}}, {{200, 300}, 0, {bytes_widest()}}}, true, u64_max, u64_max},
      OutputPage{},
      JobsReport{},
      AgentsReport{{agent_usual(), agent_widest()}, u64_max},
      AgentsReport{},
      Verification{{7}, {{"tiling", true, ""}, {"value_is_fold", false, story_widest}}},
      Verification{{u64_max}, std::vector(limits::findings_max, Finding{text_widest, true, "5 spans"})},
      BackedUp{"/var/lib/pqd/backups/2026-01-31T12-30-05.123Z.db", 28'672},
      BackedUp{path_widest, u64_max},
      Authorized{},
      Authorized{1'800'000'000'000},
      KeysReport{},
      KeysReport{{{Role::agent, "spot", std::string(40, 'k'), 1'800'000'000'000, 7},
                  {Role::viewer, name_widest, text_widest, std::nullopt, u32_max, true}},
                 u64_max},
      AgentPrograms{},
      AgentPrograms{"0.0.0.0:7701",
                    {{"x86_64", 4'000'000, sha256_of("agent")}, {"aarch64", 3'900'000, sha256_of("agent")}}},
      AgentPrograms{text_widest, std::vector(limits::agent_programs_max,
                                             AgentProgram{name_widest, u64_max, sha256_of("agent")})},
      EventsReport{},
      EventsReport{
          {{1, 1'700'000'000'000, "agent_joined", Severity::info, std::nullopt, "i-0abc", "agent joined", ""},
           {u64_max, i64_min, name_widest, Severity::error, JobId{u64_max}, name_widest, text_widest,
            std::string(limits::event_detail_bytes_max, 'd')}},
          u64_max},
      Explanation{{7}, JobState::queued, {{"no_agents", "No agent is there.", "Start one."}}},
      Explanation{{u64_max},
                  JobState::failed,
                  std::vector(limits::reasons_max,
                              Reason{name_widest, std::string(limits::reason_bytes_max, 't'), std::nullopt})},
      ProvenancePage{},
      ProvenancePage{{7},
                     {{{100, 200}, {"i-0abc"}, Int128{17}, LeaseId{{0xfeed}, 1}, 0},
                      {{200, u64_max}, std::vector(limits::part_workers_max, name_widest), {}, {}, u64_max}},
                     true,
                     u64_max},
      Recomputed{job_usual(), 3, 1000, true},
      Recomputed{job_widest(), u64_max, u64_max, false},
      Refusal{ErrorWord::no_such_job, "17"}};
}

// One way through the wire: bytes to a message and back to bytes.
using Recode = tl::expected<std::string, Refusal> (*)(std::string_view bytes);

inline tl::expected<std::string, Refusal> recode_at_head(std::string_view bytes) {
  return decode_to_head(bytes).map([](const ToHead& message) {
    return std::visit([](const auto& said) { return encode(said); }, message);
  });
}

inline tl::expected<std::string, Refusal> recode_at_agent(std::string_view bytes) {
  return decode_to_agent(bytes).map([](const HeadToAgent& message) { return encode(message); });
}

inline tl::expected<std::string, Refusal> recode_at_client(std::string_view bytes) {
  return decode_to_client(bytes).map([](const Letter<HeadToClient>& letter) { return encode(letter); });
}

inline constexpr std::array<Recode, 3> all_ways = {recode_at_head, recode_at_agent, recode_at_client};

// The bytes of a message, and what its receiver does with them.
struct Sample {
  std::string bytes;
  Recode recode;
};

inline std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (const auto& message : agent_messages()) samples.push_back({encode(message), recode_at_head});
  for (const auto& message : orders_and_other_words()) samples.push_back({encode(message), recode_at_agent});
  for (const auto& body : client_messages())
    samples.push_back({encode(Letter<ClientToHead>{3, body}), recode_at_head});
  for (const auto& body : answers())
    samples.push_back({encode(Letter<HeadToClient>{3, body}), recode_at_client});
  return samples;
}

}  // namespace pq::tests
