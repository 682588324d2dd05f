// How every play ends: all others fall silent, and honest agents compute what is left.
#include <algorithm>
#include <chrono>

#include "common/values/check.h"
#include "daemon/core/limits.h"
#include "tests/fuzz/cast.h"
#include "tests/fuzz/play.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

// What agents were lost with is computed piece by piece, one for each agent at a time; a lost agent may have
// had a thousand slots.
constexpr std::uint64_t honest_agents = 16;
constexpr std::uint32_t honest_slots = 4;
constexpr int honest_beats_max = 10'000;
constexpr Duration wait =
    std::chrono::milliseconds(900);  // longer, and the head would think that it stood still
constexpr auto waits_max = 8 * limits::restart_term / wait;
// So fast that it computes 2^64 integers in some hundred leases.
constexpr double honest_per_integer_s = 1.1e-15;

bool is_open(const Job& job) { return !has_ended(job.row.state); }

}  // namespace

void Play::end_honestly() {
  stage_.next_commit(CommitEnd::done);
  wait_for_silence();
  resume_all();
  for (std::uint64_t number = 0; number < honest_agents; ++number) greet_honestly(honest_speaker(number));
  stage_.turns();
  const auto& jobs = stage_.queue().jobs();
  const auto some_are_open = [&] {
    return std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return is_open(job.second); });
  };
  for (int beats = 0; some_are_open(); ++beats) {
    check(beats < honest_beats_max, "honest agents end every job that can be ended");
    for (std::uint64_t number = 0; number < honest_agents; ++number) compute_honestly(honest_speaker(number));
    stage_.turns();
  }
  for (const auto& [id, job] : jobs) {
    const std::uint64_t failures = job.row.attempts_failed - job.row.failures_forgiven;
    const bool may_fail = job.ledger.failed() > 0 || failures > job.row.spec.failures_max ||
                          stage_.honesty() == Honesty::anything_is_said;
    check(job.row.state != JobState::failed || may_fail, "only what has failed fails a job");
  }
}

void Play::greet_honestly(const Speaker& speaker) {
  Hello hello;
  hello.name = "honest";
  hello.incarnation = {1};
  hello.slots = honest_slots;
  hello.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
  hello.kernels.push_back(Kernel::exec);
  stage_.says(speaker, AgentToHead(hello));
}

void Play::compute_honestly(const Speaker& speaker) {
  const Agent& self = *agent_of(speaker.who.public_key, "honest");
  stage_.says(speaker, AgentToHead(honest_output(self)));
  stage_.says(speaker, AgentToHead(honest_beat(self)));
}

void Play::resume_all() {
  const Speaker& client = cast().at(agents_in_cast);
  for (const auto& [id, job] : stage_.queue().jobs()) {
    if (job.row.state != JobState::paused) continue;
    stage_.says(client, Letter<ClientToHead>{++last_request_, Steer{id, Steering::resume}});
  }
}

void Play::wait_for_silence() {
  const auto& agents = stage_.queue().roster().all();
  const auto some_are_there = [&] {
    return std::any_of(agents.begin(), agents.end(),
                       [](const auto& agent) { return !agent.second.is_gone(); });
  };
  for (int waits = 0; some_are_there(); ++waits) {
    check(waits < waits_max, "a silent agent is gone");
    stage_.passes(wait);
  }
  check(stage_.queue().leases().all().empty(), "who is gone holds nothing");
}

// Every lease that it holds has printed something.
Output Play::honest_output(const Agent& self) const {
  Output output{self.row.name, self.row.incarnation, self.output_seq + 1, {}, {}};
  for (const LeaseId id : self.leases) {
    const Lease& lease = *stage_.queue().leases().find(id);
    const Range run{lease.collected.upto, stage_.queue().jobs().at(lease.job).ledger.end_of(lease.begin)};
    if (!run.is_empty())
      output.outputs.push_back({lease.job, id, run, lease.collected.bytes, true, {"printed"}});
  }
  return output;
}

// Every lease that it holds is computed.
Beat Play::honest_beat(const Agent& self) const {
  Beat beat;
  beat.name = self.row.name;
  beat.incarnation = self.row.incarnation;
  beat.seq = self.beat_seq + 1;
  beat.epoch = stage_.epoch();
  beat.orders_seen = self.orders_number;
  for (const LeaseId id : self.leases) {
    const Lease& lease = *stage_.queue().leases().find(id);
    const Ledger& ledger = stage_.queue().jobs().at(lease.job).ledger;
    beat.leases.push_back(true_view(id, lease, ledger.end_of(lease.begin)));
  }
  for (const auto& [id, job] : stage_.queue().jobs()) {
    if (is_open(job)) beat.paces.push_back({id, 0, honest_per_integer_s});
  }
  return beat;
}

}  // namespace pq::fuzz
