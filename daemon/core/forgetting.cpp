#include "daemon/core/forgetting.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "common/values/check.h"
#include "common/values/text.h"
#include "daemon/core/limits.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

bool has_logs(const Job& job) { return job.logs_upto > 0 && !job.row.logs_forgotten; }
bool has_output(const Job& job) { return job.row.collected_bytes > 0 && !job.row.output_forgotten; }

bool ended_before(const Job& job, const std::optional<Duration>& kept, UnixMs now) {
  return kept && job.row.finished_unix_ms &&
         now - *job.row.finished_unix_ms >=
             std::chrono::duration_cast<std::chrono::milliseconds>(*kept).count();
}

bool ended_earlier(const Job& left, const Job& right) {
  return std::pair(left.row.finished_unix_ms, left.row.id) <
         std::pair(right.row.finished_unix_ms, right.row.id);
}

std::string_view name_of(Steering what) {
  switch (what) {
    case Steering::forget_logs:
      return "its logs";
    case Steering::forget_output:
      return "its output";
    default:
      return "all of it";
  }
}

}  // namespace

// ---------------------------------------------------------------- what to forget

std::vector<Forgettable> kept_for_long(const std::map<JobId, Job>& jobs, const Keeping& keeping, UnixMs now,
                                       std::size_t count_max) {
  std::vector<Forgettable> old;
  if (!keeping.jobs && !keeping.logs) return old;
  for (const auto& [id, job] : jobs) {
    if (old.size() == count_max) break;
    if (!has_ended(job.row.state)) continue;
    if (ended_before(job, keeping.jobs, now)) {
      old.push_back({id, Steering::forget});
    } else if (ended_before(job, keeping.logs, now) && has_logs(job)) {
      old.push_back({id, Steering::forget_logs});
    }
  }
  return old;
}

std::optional<Forgettable> first_to_go(const std::map<JobId, Job>& jobs, UnixMs now) {
  const Job* printed = nullptr;
  const Job* ended = nullptr;
  for (const auto& [id, job] : jobs) {
    if (!has_ended(job.row.state) || !ended_before(job, limits::ended_kept_least, now)) continue;
    if (ended == nullptr || ended_earlier(job, *ended)) ended = &job;
    if (!has_logs(job) && !has_output(job)) continue;
    if (printed == nullptr || ended_earlier(job, *printed)) printed = &job;
  }
  if (printed != nullptr) {
    const Steering what = has_output(*printed) ? Steering::forget_output : Steering::forget_logs;
    return Forgettable{printed->row.id, what};
  }
  if (ended != nullptr) return Forgettable{ended->row.id, Steering::forget};
  return std::nullopt;
}

// ---------------------------------------------------------------- it is forgotten

HeadToClient Forgetting::answer(const Job& job, Steering what, const Sender& from) {
  check(forgets(what), "a_steering_that_forgets");
  const JobRow& row = job.row;
  if (!has_ended(row.state)) {
    return Refusal{ErrorWord::job_is_live, fmt::format("job {} is {}", row.id.value, to_text(row.state))};
  }
  JobReport before = whole_report(job, core_);
  const JobId id = row.id;
  forget(id, what, signed_by("as an operator asks", from.name));
  return what == Steering::forget ? std::move(before) : whole_report(core_.jobs.at(id), core_);
}

bool Forgetting::make_room() {
  if (core_.jobs.all().size() < limits::jobs_max) return true;
  const Job* oldest = core_.jobs.oldest_ended();
  if (oldest == nullptr) return false;
  forget(oldest->row.id, Steering::forget, "for a new one: the queue is full");
  return true;
}

void Forgetting::forget_what_is_old() {
  const Keeping& keeping = core_.settings.keeping;
  if (!keeping.has_bounds() || !core_.keeping.is_due(now_.instant)) return;
  const bool knows_ages = core_.keeping.look(now_);
  bool is_more = false;
  if (knows_ages) {
    const auto old = kept_for_long(core_.jobs.all(), keeping, now_.unix_ms, limits::jobs_forgotten_at_once);
    for (const auto& [job, what] : old) forget(job, what, "it is older than pqd keeps");
    is_more = old.size() == limits::jobs_forgotten_at_once;
  }
  if (keeping.bytes && core_.space.space().used_bytes > *keeping.bytes) {
    if (const auto first = first_to_go(core_.jobs.all(), now_.unix_ms)) {
      forget(first->job, first->what, "the database is larger than pqd keeps");
      is_more = true;
    }
  }
  if (is_more) core_.keeping.look_again_soon(now_.instant);
}

void Forgetting::forget(JobId id, Steering what, std::string_view why) {
  Job& job = core_.jobs.at(id);
  if (what == Steering::forget_logs && !has_logs(job)) return;
  if (what == Steering::forget_output && !has_output(job)) return;
  if (what == Steering::forget_logs) {
    core_.changes.logs_erased_upto[id] = job.logs_upto;
    core_.jobs.change(id).row.logs_forgotten = true;
  } else if (what == Steering::forget_output) {
    core_.changes.outputs_discarded.push_back({id, job.row.spec.range});
    core_.jobs.change(id).row.output_forgotten = true;
  } else {
    forget_whole(id);
  }
  effects_.events.push_back({Happening::job_forgotten, id, "", fmt::format("{}, {}", name_of(what), why)});
}

void Forgetting::forget_whole(JobId id) {
  core_.changes.jobs[id] = std::nullopt;
  core_.changes.last_job = core_.jobs.last_id();
  core_.files.release(id, core_.jobs.at(id).files(), now_);
  core_.provenance_wanted.erase(id);
  core_.jobs.forget(id);
}

}  // namespace pq::core
