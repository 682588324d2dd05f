// What clients ask: submissions, questions, waits, steering.

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "daemon/core/explanation.h"
#include "daemon/core/placement.h"
#include "daemon/core/queue.h"

namespace pq {
namespace {

Refusal no_such(JobId job) { return {ErrorWord::no_such_job, std::to_string(job.value)}; }

template <class Message, class... Others>
constexpr bool is_one_of = (std::is_same_v<Message, Others> || ...);

Refusal too_late(const Job& job) {
  return {ErrorWord::job_has_ended,
          std::to_string(job.row.id.value) + " is " + std::string(to_text(job.row.state))};
}

}  // namespace

void Queue::handle(const Sender& from, const Letter<ClientToHead>& letter, Now now, Effects& effects) {
  const auto reply = [&]() -> std::optional<HeadToClient> {
    return std::visit(
        [&](const auto& m) -> std::optional<HeadToClient> {
          using Message = std::decay_t<decltype(m)>;
          if constexpr (std::is_same_v<Message, Wait>) {
            return wait(m, from, letter.request, now);
          } else if constexpr (is_one_of<Message, Verify, BackUp, Authorize, AskKeys, RevokeKey, AskLogs,
                                         AskOutput, AskAgentPrograms>) {
            return Refusal{ErrorWord::not_allowed, "the daemon itself answers this"};
          } else {
            return answer(m, now, effects);
          }
        },
        letter.body);
  }();
  if (reply) effects.outgoing.push_back({from.peer, Letter<HeadToClient>{letter.request, *reply}});
}

// ---------------------------------------------------------------- submissions

HeadToClient Queue::answer(const Submit& submit, Now now, Effects& effects) {
  const auto known = by_request_.find(submit.id);
  if (known != by_request_.end()) return Submitted{known->second, true};
  if (const auto flaw = flaw_of(submit.spec)) return Refusal{ErrorWord::malformed, *flaw};
  const auto files = submit.spec.program ? files_needed(*submit.spec.program) : std::vector<FileRef>{};
  if (const auto missing = files_.first_missing(files))
    return Refusal{ErrorWord::no_such_file, missing->name};
  if (!make_room(now)) {
    return Refusal{ErrorWord::too_much,
                   "the queue holds " + std::to_string(limits::jobs_max) + " jobs that have not ended"};
  }
  last_job_.value += 1;
  const JobId id = last_job_;
  JobRow row;
  row.id = id;
  row.request = submit.id;
  row.spec = submit.spec;
  row.spec.attempts_max = std::max(row.spec.attempts_max, 1U);
  row.created_unix_ms = now.unix_ms;
  Ledger ledger(id, row.spec.range, row.spec.fold, changes_);
  jobs_.emplace(id, Job{.row = std::move(row), .ledger = std::move(ledger)});
  by_request_[submit.id] = id;
  files_.need(id, files);
  if (submit.spec.program) changes_.programs[id] = *submit.spec.program;
  touch(id);
  effects.events.push_back(
      {Happening::job_submitted, id, "",
       std::string(to_text(submit.spec.kernel)) + " over " + to_text(submit.spec.range)});
  return Submitted{id, false};
}

// The oldest job that has ended is forgotten when the queue is full.
bool Queue::make_room(Now now) {
  if (jobs_.size() < limits::jobs_max) return true;
  const auto oldest = std::find_if(jobs_.begin(), jobs_.end(),
                                   [](const auto& job) { return has_ended(job.second.row.state); });
  if (oldest == jobs_.end()) return false;
  changes_.jobs[oldest->first] = std::nullopt;
  files_.release(oldest->first, oldest->second.files(), now);
  by_request_.erase(oldest->second.row.request);
  touched_jobs_.erase(oldest->first);
  jobs_.erase(oldest);
  return true;
}

// ---------------------------------------------------------------- questions

JobReport Queue::report(const Job& job) const {
  JobReport report;
  report.job = job.row.id;
  report.spec = job.row.spec;
  report.state = job.row.state;
  report.done = job.ledger.done();
  report.failed = job.ledger.failed();
  report.value = job.ledger.value();
  report.leases = job.row.leases;
  report.recomputed = job.row.recomputed;
  report.attempts_failed = job.row.attempts_failed;
  report.created_unix_ms = job.row.created_unix_ms;
  report.started_unix_ms = job.row.started_unix_ms;
  report.finished_unix_ms = job.row.finished_unix_ms;
  report.error = job.row.error;
  if (has_ended(job.row.state)) return report;
  report.slots_busy = static_cast<std::uint32_t>(job.ledger.leases()) * job.row.spec.cpus;
  report.rate_spread_per_s = job.throughput.spread();
  if (job.row.state != JobState::paused && job.ledger.has_free())
    report.unplaced = why_unplaced(roster_, job.demand);
  for (const auto& [begin, span] : job.ledger.spans()) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    const Agent& holder = roster_.at(leased->agent);
    const auto pace = holder.paces.find(job.row.id);
    if (pace != holder.paces.end()) report.rate_per_s += 1 / pace->second.per_integer_s;
  }
  return report;
}

// Of one job that is asked for: with what has failed of it.
JobReport Queue::whole_report(const Job& job) const {
  JobReport answer = report(job);
  answer.failed_spans = job.ledger.failed_spans(limits::failed_spans_told);
  return answer;
}

HeadToClient Queue::answer(const AskJob& ask, Now /*now*/, Effects& /*effects*/) {
  const auto job = jobs_.find(ask.job);
  if (job == jobs_.end()) return no_such(ask.job);
  return whole_report(job->second);
}

HeadToClient Queue::answer(const AskJobs& /*ask*/, Now /*now*/, Effects& /*effects*/) {
  JobsReport reports;
  auto job = jobs_.begin();
  if (jobs_.size() > limits::jobs_reported_max) {
    reports.left_out = jobs_.size() - limits::jobs_reported_max;
    std::advance(job, static_cast<std::ptrdiff_t>(reports.left_out));
  }
  for (; job != jobs_.end(); ++job) reports.jobs.push_back(report(job->second));
  return reports;
}

AgentReport Queue::report(const Agent& agent, Now now) const {
  AgentReport report;
  report.name = agent.row.name;
  report.program_version = agent.row.program_version;
  report.slots = agent.row.slots;
  report.busy = static_cast<std::uint32_t>(agent.slots_busy);
  report.kernels = agent.row.kernels;
  report.labels = agent.row.labels;
  report.notice = agent.notice;
  report.notice_errors = agent.notice_errors;
  const Duration silence = now.instant - agent.heard_at;
  report.heard_ms_ago =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count());
  if (agent.gone) {
    report.state = AgentState::gone;
  } else if (!agent.peer || silence > silent_after()) {
    report.state = AgentState::silent;
  } else if (agent.draining || agent.drain_asked) {
    report.state = AgentState::draining;
  } else if (agent.quarantined_until) {
    report.state = AgentState::quarantined;
  }
  // A beat's time may pass, and half of another one for the way.
  const Duration beat = std::chrono::milliseconds(beat_ms());
  if (!agent.gone && silence > beat)
    report.beats_missed = static_cast<std::uint32_t>((silence - beat / 2) / beat);
  for (const LeaseId id : agent.leases) {
    const Lease& lease = *leases_.find(id);
    if (report.leases.size() < limits::leases_told)
      report.leases.push_back({lease.job, lease.granted_unix_ms});
    const auto pace = agent.paces.find(lease.job);
    if (pace != agent.paces.end()) report.rate_per_s += 1 / pace->second.per_integer_s;
  }
  return report;
}

HeadToClient Queue::answer(const AskAgents& /*ask*/, Now now, Effects& /*effects*/) {
  AgentsReport reports;
  for (const auto& [id, agent] : roster_.all()) reports.agents.push_back(report(agent, now));
  std::sort(reports.agents.begin(), reports.agents.end(), [](const AgentReport& a, const AgentReport& b) {
    return std::pair(a.state == AgentState::gone, std::string_view(a.name)) <
           std::pair(b.state == AgentState::gone, std::string_view(b.name));
  });
  if (reports.agents.size() > limits::agents_reported_max) {
    reports.left_out = reports.agents.size() - limits::agents_reported_max;
    reports.agents.resize(limits::agents_reported_max);
  }
  return reports;
}

HeadToClient Queue::answer(const AskEvents& ask, Now /*now*/, Effects& /*effects*/) {
  return events_.report(ask);
}

HeadToClient Queue::answer(const AskExplanation& ask, Now now, Effects& /*effects*/) {
  const auto job = jobs_.find(ask.job);
  if (job == jobs_.end()) return no_such(ask.job);
  return explain(*this, job->second, now);
}

// ---------------------------------------------------------------- steering

HeadToClient Queue::answer(const Steer& steer, Now now, Effects& effects) {
  const auto found = jobs_.find(steer.job);
  if (found == jobs_.end()) return no_such(steer.job);
  Job& job = found->second;
  const bool is_so_already = steer.what == Steering::cancel && job.row.state == JobState::cancelled;
  if (is_so_already) return whole_report(job);
  if (steer.what == Steering::retry) return retry(job, effects);
  if (has_ended(job.row.state)) return too_late(job);
  switch (steer.what) {
    case Steering::retry:
      break;  // above: also for a job that has ended
    case Steering::cancel:
      end_job(job, JobState::cancelled, std::nullopt, now, effects);
      break;
    case Steering::pause:
      pause(job, now);
      break;
    case Steering::resume:
      if (job.row.state == JobState::paused)
        job.row.state = job.row.started_unix_ms ? JobState::running : JobState::queued;
      break;
  }
  touch(steer.job);
  effects.events.push_back({Happening::job_steered, steer.job, "", std::string(to_text(job.row.state))});
  return whole_report(job);
}

// Its failed parts have another chance, and so does the job if it has failed.
HeadToClient Queue::retry(Job& job, Effects& effects) {
  JobRow& row = job.row;
  const std::string name = "job " + std::to_string(row.id.value);
  if (row.state == JobState::done || row.state == JobState::cancelled)
    return Refusal{ErrorWord::nothing_failed, name + " is " + std::string(to_text(row.state))};
  if (const auto missing = files_.first_missing(job.files()))
    return Refusal{ErrorWord::no_such_file, missing->name + " of " + name};
  if (!job.ledger.forgive(changes_) && row.state != JobState::failed)
    return Refusal{ErrorWord::nothing_failed, "no part of " + name + " has failed"};
  touch(row.id);
  row.failures_forgiven = row.attempts_failed;
  job.records.clear();
  effects.events.push_back({Happening::job_steered, row.id, "", "what has failed is tried again"});
  if (row.state != JobState::failed) return whole_report(job);
  row.state = row.started_unix_ms ? JobState::running : JobState::queued;
  row.finished_unix_ms.reset();
  row.error.reset();
  files_.need(row.id, job.files());
  return whole_report(job);
}

HeadToClient Queue::answer(const PutFile& put, Now now, Effects& /*effects*/) {
  auto stored = files_.put(put, now, changes_);
  return stored ? HeadToClient(*stored) : HeadToClient(std::move(stored.error()));
}

// Nothing new is leased, and what runs is asked to end with its present step.
void Queue::pause(Job& job, Now now) {
  job.row.state = JobState::paused;
  for (const auto& [begin, span] : job.ledger.spans()) {
    if (const auto* leased = std::get_if<Leased>(&span.state)) ask_to_leave(leased->lease, now);
  }
}

HeadToClient Queue::answer(const Reprioritize& ask, Now /*now*/, Effects& effects) {
  const auto found = jobs_.find(ask.job);
  if (found == jobs_.end()) return no_such(ask.job);
  Job& job = found->second;
  if (has_ended(job.row.state)) return too_late(job);
  touch(ask.job).row.spec.priority = ask.priority;
  effects.events.push_back({Happening::job_steered, ask.job, "", "priority " + std::to_string(ask.priority)});
  return whole_report(job);
}

HeadToClient Queue::answer(const DrainAgent& ask, Now now, Effects& /*effects*/) {
  AgentsReport reports;
  for (auto& [id, agent] : roster_.all()) {
    if (agent.row.name != ask.name || agent.gone) continue;
    agent.drain_asked = true;
    orders_due_.insert(id);
    note_idle(agent);
    reports.agents.push_back(report(agent, now));
  }
  if (!reports.agents.empty()) return reports;
  const bool was_here = std::any_of(roster_.all().begin(), roster_.all().end(),
                                    [&](const auto& entry) { return entry.second.row.name == ask.name; });
  return Refusal{ErrorWord::no_such_agent, was_here ? ask.name + " is gone already" : ask.name};
}

// ---------------------------------------------------------------- waits

std::optional<HeadToClient> Queue::wait(const Wait& wait, const Sender& from, RequestNumber request,
                                        Now now) {
  const auto job = jobs_.find(wait.job);
  if (job == jobs_.end() || (wait.submission && *wait.submission != job->second.row.request))
    return no_such(wait.job);
  if (has_ended(job->second.row.state)) return whole_report(job->second);
  auto& waiting = waits_[wait.job];
  const auto same = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) {
    return w.peer == from.peer && w.request == request;
  });
  if (same != waiting.end()) return std::nullopt;  // asked again before the answer
  if (waits_count_ >= limits::waits_max) return Refusal{ErrorWord::too_much, "too many clients wait already"};
  const Duration patience =
      std::min<Duration>(std::chrono::milliseconds(wait.patience_ms), limits::wait_longest);
  waiting.push_back({from.peer, request, now.instant + patience});
  waits_count_ += 1;
  next_wait_end_ = std::min(next_wait_end_, now.instant + patience);
  return std::nullopt;
}

// A job's end is told in the turn that commits it; patience that is over, when the earliest is due.
void Queue::answer_waits(Now now, Effects& effects) {
  const bool some_are_due = now.instant >= next_wait_end_;
  if (some_are_due) next_wait_end_ = Instant::never();
  for (auto place = waits_.begin(); place != waits_.end();) {
    const auto job = jobs_.find(place->first);
    const bool over = job == jobs_.end() || has_ended(job->second.row.state);
    if (!over && !some_are_due) {
      ++place;
      continue;
    }
    std::erase_if(place->second, [&](const Waiting& waiting) {
      if (!over && now.instant < waiting.until) {
        next_wait_end_ = std::min(next_wait_end_, waiting.until);
        return false;
      }
      const HeadToClient answer =
          job == jobs_.end() ? HeadToClient(no_such(place->first)) : HeadToClient(whole_report(job->second));
      effects.outgoing.push_back({waiting.peer, Letter<HeadToClient>{waiting.request, answer}});
      waits_count_ -= 1;
      return true;
    });
    place = place->second.empty() ? waits_.erase(place) : std::next(place);
  }
}

}  // namespace pq
