#include "daemon/core/job_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/values/text.h"
#include "daemon/core/forgetting.h"
#include "daemon/core/judgement.h"
#include "daemon/core/leasing.h"
#include "daemon/core/limits.h"
#include "daemon/core/proof/provenance_findings.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

Refusal too_late(const Job& job) {
  return {ErrorWord::job_has_ended,
          std::to_string(job.row.id.value) + " is " + std::string(to_text(job.row.state))};
}

JobState state_without_pause(const JobRow& row) {
  return row.started_unix_ms ? JobState::running : JobState::queued;
}

// Why a finished job has no total; nothing if it has one, or needs none.
std::optional<std::string> flaw_of_total(const Job& job) {
  if (job.row.spec.fold == Fold::none) return std::nullopt;
  const std::optional<Value> total = job.ledger.value();
  if (!total) return "the total does not fit: its parts are larger than sums of numbers can be";
  if (rounded(*total)) return std::nullopt;
  return "the total does not fit: it is " + std::string(flaw_of_sum(*total));
}

std::string failed_text(const Ledger& ledger) {
  return std::to_string(ledger.failed()) +
         (ledger.failed() == 1 ? " integer failed with: " : " integers failed, the first with: ") +
         ledger.first_error().value_or("");
}

// How the job has ended, and why it failed; nothing: it has not ended.
struct End {
  JobState state;
  std::optional<std::string> error = std::nullopt;
};
std::optional<End> end_of(const Job& job, const Core& core, Now now) {
  const JobRow& row = job.row;
  if (has_ended(row.state) || job.is_doubted()) return std::nullopt;
  if (auto why = why_not_deterministic(job.suspects)) return End{JobState::failed, std::move(why)};
  if (row.attempts_failed - row.failures_forgiven > row.spec.failures_max) {
    return End{JobState::failed, fmt::format("more than {} attempts failed, the last with: {}",
                                             row.spec.failures_max, job.last_words)};
  }
  if (fails_everywhere(job, core, now)) {
    return End{JobState::failed,
               fmt::format("nothing of it has succeeded: {} failed on {}, the last with: {}",
                           count_of(job.records.failures(), "attempt"),
                           count_of(job.records.agents_failed(), "agent"), job.last_words)};
  }
  if (row.collected_bytes + job.output_waiting > limits::output_job_bytes_max) {
    return End{JobState::failed,
               fmt::format("it has printed more than the {} bytes that are collected of a job: let it print "
                           "less, or write to files",
                           limits::output_job_bytes_max)};
  }
  if (!job.ledger.is_finished()) return std::nullopt;
  if (job.ledger.failed() > 0) return End{JobState::failed, failed_text(job.ledger)};
  if (auto flaw = flaw_of_total(job)) return End{JobState::failed, std::move(flaw)};
  return End{JobState::done};
}

}  // namespace

// ---------------------------------------------------------------- they begin

HeadToClient JobControl::submit(const Submit& submit, const Sender& from) {
  if (const auto known = core_.jobs.of_request(submit.id)) return Submitted{*known, true};
  if (const auto flaw = flaw_of(submit.spec)) return Refusal{ErrorWord::malformed, *flaw};
  if (core_.space.is_short()) return core_.space.refusal();
  const auto files = submit.spec.program ? files_needed(*submit.spec.program) : std::vector<FileRef>{};
  if (const auto missing = core_.files.first_missing(files))
    return Refusal{ErrorWord::no_such_file, missing->name};
  if (!Forgetting(turn_).make_room()) {
    return Refusal{ErrorWord::too_much,
                   std::to_string(limits::jobs_max) + " jobs have not ended, which is the limit"};
  }
  const JobId id = core_.jobs.next_id();
  JobRow row;
  row.id = id;
  row.request = submit.id;
  row.submitter = from.name;
  row.spec = submit.spec;
  row.spec.attempts_max = std::max(row.spec.attempts_max, 1U);
  row.created_unix_ms = now_.unix_ms;
  Ledger ledger(id, row.spec.range, row.spec.fold, core_.changes);
  core_.jobs.add(std::move(row), std::move(ledger));
  core_.files.need(id, files);
  if (submit.spec.program) core_.changes.programs[id] = *submit.spec.program;
  core_.jobs.change(id);
  effects_.events.push_back(
      {Happening::job_submitted, id, "",
       signed_by(fmt::format("{} over {}", to_text(submit.spec.kernel), to_text(submit.spec.range)),
                 from.name)});
  return Submitted{id, false};
}

// ---------------------------------------------------------------- they are steered

HeadToClient JobControl::steer(const Steer& steer, const Sender& from) {
  Job* job = core_.jobs.find(steer.job);
  if (job == nullptr) return core_.jobs.no_such(steer.job);
  const bool is_so_already = steer.what == Steering::cancel && job->row.state == JobState::cancelled;
  if (is_so_already) return whole_report(*job, core_);
  if (steer.what == Steering::retry) return retry(*job, from);
  if (forgets(steer.what)) return Forgetting(turn_).answer(*job, steer.what, from);
  if (has_ended(job->row.state)) return too_late(*job);
  if (steer.what == Steering::cancel) end(*job, JobState::cancelled);
  if (steer.what == Steering::pause) pause(*job);
  if (steer.what == Steering::resume) resume(*job);
  core_.jobs.change(steer.job);
  effects_.events.push_back(
      {Happening::job_steered, steer.job, "", signed_by(std::string(to_text(job->row.state)), from.name)});
  return whole_report(*job, core_);
}

// Nothing new is leased, and running leases are asked to end with their present step.
void JobControl::pause(Job& job) {
  job.row.state = JobState::paused;
  for (const auto& [begin, span] : job.ledger.spans()) {
    if (const auto* leased = std::get_if<Leased>(&span.state)) Leasing(turn_).ask_to_leave(leased->lease);
  }
}

void JobControl::resume(Job& job) {
  if (job.row.state == JobState::paused) job.row.state = state_without_pause(job.row);
}

HeadToClient JobControl::reprioritize(const Reprioritize& ask, const Sender& from) {
  Job* job = core_.jobs.find(ask.job);
  if (job == nullptr) return core_.jobs.no_such(ask.job);
  if (has_ended(job->row.state)) return too_late(*job);
  core_.jobs.change(ask.job).row.spec.priority = ask.priority;
  effects_.events.push_back(
      {Happening::job_steered, ask.job, "", signed_by(fmt::format("priority {}", ask.priority), from.name)});
  return whole_report(*job, core_);
}

// Its failed parts are free again, and a failed job runs again. This head may not know how many rows of
// provenance the job has.
HeadToClient JobControl::retry(Job& job, const Sender& from) {
  JobRow& row = job.row;
  const std::string name = "job " + std::to_string(row.id.value);
  if (row.state == JobState::done || row.state == JobState::cancelled)
    return Refusal{ErrorWord::nothing_failed, name + " is " + std::string(to_text(row.state))};
  if (row.output_forgotten) return Refusal{ErrorWord::forgotten, "the output of " + name};
  if (const auto missing = core_.files.first_missing(job.files()))
    return Refusal{ErrorWord::no_such_file, missing->name + " of " + name};
  if (!job.ledger.forgive(core_.changes) && row.state != JobState::failed)
    return Refusal{ErrorWord::nothing_failed, "no part of " + name + " has failed"};
  core_.jobs.change(row.id);
  row.failures_forgiven = row.attempts_failed;
  job.records.clear();
  for (const auto& [worker, suspect] : job.suspects) core_.changes.suspects[{row.id, worker}] = std::nullopt;
  job.suspects.clear();
  core_.provenance_wanted.insert(row.id);
  effects_.events.push_back(
      {Happening::job_steered, row.id, "", signed_by("what has failed is tried again", from.name)});
  if (row.state == JobState::failed) open_again(job);
  return whole_report(job, core_);
}

void JobControl::open_again(Job& job) {
  JobRow& row = core_.jobs.change(job.row.id).row;
  if (row.state == JobState::failed) row.failures_forgiven = row.attempts_failed;
  row.state = state_without_pause(row);
  row.finished_unix_ms.reset();
  row.error.reset();
  row.logs_forgotten = false;  // what it logs from now on is kept again
  core_.files.need(row.id, job.files());
}

// ---------------------------------------------------------------- they end

void JobControl::end_finished() {
  for (const JobId id : core_.jobs.changed()) {
    Job& job = core_.jobs.at(id);
    if (auto how = end_of(job, core_, now_)) end(job, how->state, std::move(how->error));
  }
}

// Of a job that is done or cancelled. A failed one may be tried again.
void JobControl::erase_secrets(Job& job) {
  std::optional<Program>& program = job.row.spec.program;
  if (!program || program->secrets.empty()) return;
  hide_secrets(*program);
  core_.changes.programs[job.row.id] = *program;
}

void JobControl::end(Job& job, JobState state, std::optional<std::string> error) {
  std::vector<LeaseId> held;
  for (const auto& [begin, span] : job.ledger.spans()) {
    if (const auto* leased = std::get_if<Leased>(&span.state)) held.push_back(leased->lease);
  }
  for (const LeaseId id : held) Leasing(turn_).release(id);
  core_.jobs.change(job.row.id);
  job.row.state = state;
  job.row.finished_unix_ms = now_.unix_ms;
  if (error) job.row.error = std::move(error);
  Judgement(turn_).judge_suspects(job);
  job.records.clear();
  if (state == JobState::failed) {
    core_.files.need_less(job.row.id, job.files());
  } else {
    core_.files.release(job.row.id, job.files(), now_);
    erase_secrets(job);
  }
  effects_.events.push_back({Happening::job_ended, job.row.id, "", std::string(to_text(state))});
  core_.jobs.keep_samples(job.row.id);
}

}  // namespace pq::core
