#include "daemon/core/telling/job_list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/protocol/limits.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

std::size_t bytes_of_program(const Job& job) {
  if (!job.row.spec.program) return 0;
  std::size_t bytes = 0;
  for (const std::string& word : job.row.spec.program->words) bytes += word.size();
  for (const Setting& setting : job.row.spec.program->env)
    bytes += setting.name.size() + setting.value.size();
  return bytes;
}

// A list that is being filled.
class Room {
 public:
  explicit Room(const ListBounds& bounds) : bounds_(bounds) {}

  // False: there is no room. After a live job was left out, no ended job is added.
  bool take(const Job& job) {
    const bool is_live = !has_ended(job.row.state);
    const std::size_t bytes = bytes_of_program(job);
    if (is_full_ || taken_.size() == bounds_.jobs || bytes_ + bytes > bounds_.program_bytes ||
        (!is_live && ended_ == bounds_.ended)) {
      is_full_ = true;
      return false;
    }
    ended_ += is_live ? 0 : 1;
    bytes_ += bytes;
    taken_.push_back(&job);
    return true;
  }

  bool is_full() const { return is_full_; }

  std::vector<const Job*> by_id() && {
    std::sort(taken_.begin(), taken_.end(),
              [](const Job* left, const Job* right) { return left->row.id < right->row.id; });
    return std::move(taken_);
  }

 private:
  const ListBounds& bounds_;
  std::vector<const Job*> taken_;
  std::size_t ended_ = 0;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
};

bool ended_for(const JobRow& job, std::uint64_t ms, UnixMs now) {
  return job.finished_unix_ms && *job.finished_unix_ms <= now &&
         static_cast<std::uint64_t>(now - *job.finished_unix_ms) >= ms;
}

}  // namespace

JobsReport list_jobs(const Core& core, const ListBounds& bounds, const std::optional<std::string>& only_of) {
  const auto is_meant = [&](const Job& job) { return !only_of || job.row.submitter == *only_of; };
  Room room(bounds);
  std::vector<const Job*> others;
  std::uint64_t live_left = 0;
  std::size_t meant = 0;
  for (const auto& [id, job] : core.jobs.all()) {
    if (!is_meant(job)) continue;
    meant += 1;
    if (has_ended(job.row.state)) continue;
    if (job.ledger.leases() == 0) {
      others.push_back(&job);
    } else if (!room.take(job)) {
      live_left += 1;
    }
  }
  for (const Job* job : others) live_left += room.take(*job) ? 0 : 1;
  for (auto newest = core.jobs.all().rbegin(); newest != core.jobs.all().rend() && !room.is_full();
       ++newest) {
    if (has_ended(newest->second.row.state) && is_meant(newest->second)) room.take(newest->second);
  }
  JobsReport reports;
  for (const Job* job : std::move(room).by_id()) reports.jobs.push_back(report(*job, core));
  reports.left_out = meant - reports.jobs.size();
  reports.live_left_out = live_left;
  reports.only_of = only_of;
  return reports;
}

JobIds ids_of(const std::map<JobId, Job>& jobs, const AskJobIds& asked, UnixMs now,
              const std::string& asker) {
  JobIds ids;
  if (asked.which == Meant::newest) {
    if (!jobs.empty()) ids.ids.push_back(jobs.rbegin()->first);
    return ids;
  }
  for (auto job = jobs.lower_bound(JobId{asked.first}); job != jobs.end(); ++job) {
    if (job->first.value > asked.last) break;
    if (!is_meant(asked.which, job->second.row.state, job->second.ledger.failed())) continue;
    if (asked.mine && job->second.row.submitter != asker) continue;
    if (asked.ended_for_ms && !ended_for(job->second.row, *asked.ended_for_ms, now)) continue;
    ids.more = ids.ids.size() == limits::job_ids_told;
    if (ids.more) break;
    ids.ids.push_back(job->first);
  }
  return ids;
}

}  // namespace pq::core
