#include "tests/simulation/client.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "common/protocol/wire.h"
#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::simulation {

using namespace std::chrono_literals;

void Client::begin() {
  socket_ = network_.open(*this, {Role::operator_, name_ + "'s key", name_});
  ask();
}

// One question at a time; without an answer it is asked again over a new connection.
void Client::ask() {
  if (has_its_answer_) return;
  request_ += 1;
  network_.send_to_head(*socket_, encode(Letter<ClientToHead>{request_, next_question()}));
  timeline_.after(dice_.between(6s, 12s), [this, request = request_] {
    if (request != request_ || has_its_answer_) return;
    network_.close(*socket_);
    socket_ = network_.open(*this, {Role::operator_, name_ + "'s key", name_});
    ask();
  });
}

ClientToHead Client::next_question() {
  if (!job_) return submit_;
  if (retries_) return Steer{*job_, Steering::retry};
  if (is_paused_ && (!steers_ || dice_.one_in(2))) return Steer{*job_, Steering::resume};
  if (steers_ && dice_.one_in(8))
    return Recompute{*job_, "machine-" + std::to_string(1 + dice_.below(4)), dice_.one_in(4)};
  if (steers_ && dice_.one_in(3)) {
    if (may_cancel_ && dice_.one_in(8)) {
      has_cancelled_ = true;
      return Steer{*job_, Steering::cancel};
    }
    if (dice_.one_in(2)) return Reprioritize{*job_, static_cast<std::int32_t>(dice_.below(3)) - 1};
    return Steer{*job_, Steering::pause};
  }
  if (dice_.one_in(8)) return Verify{*job_};
  if (steers_ && dice_.one_in(16))
    return Steer{*job_, dice_.one_in(2) ? Steering::forget_logs : Steering::forget_output};
  if (steers_ && dice_.one_in(8)) return BackUp{{dice_.bits(), dice_.bits()}, "backup"};
  return Wait{*job_, static_cast<std::uint32_t>(dice_.below(5000)), submit_.id};
}

void Client::arrive(std::string bytes) {
  const auto letter = decode_to_client(bytes);
  if (!letter) throw Broken{"a client does not understand the head: " + sentence(letter.error())};
  if (letter->request != request_) return;  // the answer to a question that was asked again since
  std::visit([this](const auto& message) { hear(message); }, letter->body);
  request_ += 1;
  if (has_its_answer_) return;
  timeline_.after(dice_.between(1ms, 200ms), [this, request = request_] {
    if (request == request_) ask();
  });
}

void Client::hear(const Submitted& submitted) { job_ = submitted.job; }

void Client::hear(const JobReport& report) {
  JobSpec spec = submit_.spec;
  spec.priority = report.spec.priority;
  if (report.spec != spec) {
    if (!may_be_forgotten_) throw Broken{fmt::format("job {} is another one now", report.job.value)};
    job_.reset();
    return;
  }
  if (report.submitter != name_)
    throw Broken{fmt::format("job {} of {} is told to be {}'s", report.job.value, name_, report.submitter)};
  is_paused_ = report.state == JobState::paused;
  const bool was_retried = std::exchange(retries_, false);
  if (!has_ended(report.state) || was_retried) return;
  if (report.state == JobState::failed && steers_ && dice_.one_in(2)) {
    retries_ = true;
    return;
  }
  if (report.state == JobState::done && steers_ && dice_.one_in(2)) return;  // some may yet be computed again
  check_end(report);
  if (dice_.one_in(4))
    network_.send_to_head(*socket_, encode(Letter<ClientToHead>{++request_, Steer{*job_, Steering::forget}}));
}

void Client::hear(const Refusal& refusal) {
  if (refusal.word == ErrorWord::no_such_job && may_be_forgotten_) return job_.reset();
  if (refusal.word == ErrorWord::backup_under_way) return;  // another client's
  if (refusal.word == ErrorWord::short_of_space && !job_) return;
  if (refusal.word == ErrorWord::no_such_worker) return;
  if (refusal.word == ErrorWord::job_is_live) return;
  if (refusal.word == ErrorWord::forgotten) {
    retries_ = false;
    return;
  }
  if (refusal.word == ErrorWord::nothing_failed && std::exchange(retries_, false)) return;
  if (refusal.word == ErrorWord::job_has_ended) {  // a Wait tells how
    is_paused_ = false;
    return;
  }
  throw Broken{"acknowledged_is_durable: the client is told " + sentence(refusal)};
}

template <class Other>
void Client::hear(const Other& other) {
  if constexpr (std::is_same_v<Other, Verification>) {
    for (const Finding& finding : other.findings) {
      if (!finding.holds) throw Broken{"pq-verify: " + finding.invariant + ": " + finding.detail};
    }
  } else if constexpr (std::is_same_v<Other, Recomputed>) {
    if (other.job.state == JobState::done && other.integers > 0)
      throw Broken{"a job is done of which some is to be computed again"};
  } else if constexpr (!std::is_same_v<Other, BackedUp>) {
    throw Broken{"a client hears what it did not ask for"};
  }
}

void Client::check_end(const JobReport& report) {
  has_its_answer_ = true;
  // By this client, or by another to whom an earlier life of the head had given the same number.
  if (report.state == JobState::cancelled && (has_cancelled_ || may_be_forgotten_)) return;
  const Range& range = submit_.spec.range;
  std::set<std::uint64_t> flawed = programs_.poison;
  if (submit_.spec.program) flawed.insert(programs_.killers.begin(), programs_.killers.end());
  const auto poisoned = static_cast<std::uint64_t>(
      std::distance(flawed.lower_bound(range.begin), flawed.lower_bound(range.end)));
  const JobState expected = poisoned > 0 ? JobState::failed : JobState::done;
  if (report.state != expected || report.failed != poisoned || report.done != range.width() - poisoned) {
    throw Broken{fmt::format("job {} over {} is {} with {} integers done and {} failed; {} were to fail",
                             report.job.value, to_text(range), to_text(report.state), report.done,
                             report.failed, poisoned)};
  }
  if (poisoned > 0) return;  // the parts of the value were checked one by one
  if (is_told_truly(submit_.spec, range, report.value)) return;
  throw Broken{
      fmt::format("value_is_fold: job {} over {} has a wrong total", report.job.value, to_text(range))};
}

void Client::calms_down() { steers_ = false; }

}  // namespace pq::simulation
