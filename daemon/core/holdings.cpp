#include "daemon/core/holdings.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace pq::core {
namespace {

std::uint64_t bytes_of_output(const Job& job) {
  return sum_at_most(job.row.collected_bytes, job.output_waiting);
}

}  // namespace

std::uint64_t bytes_of_files(const JobSpec& spec) {
  if (!spec.program) return 0;
  const std::vector<FileRef> files = files_needed(*spec.program);
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const FileRef& file) { return sum_at_most(sum, file.bytes); });
}

void Holdings::note(const Job& job) {
  const bool is_live = !has_ended(job.row.state);
  const auto known = noted_.find(job.row.id);
  if (known == noted_.end() && !is_live) return;
  Sum& sum = sums_[job.row.submitter];
  const Noted before = known == noted_.end() ? Noted{} : known->second;
  sum.bytes -= before.file_bytes + before.output_bytes;
  if (!is_live) {
    noted_.erase(known);
    if (--sum.jobs == 0) sums_.erase(job.row.submitter);
    return;
  }
  const bool is_new = known == noted_.end();
  const Noted now{is_new ? bytes_of_files(job.row.spec) : before.file_bytes, bytes_of_output(job)};
  sum.jobs += is_new ? 1 : 0;
  sum.bytes += now.file_bytes + now.output_bytes;
  noted_.insert_or_assign(job.row.id, now);
}

Holdings::Sum Holdings::of(const std::string& submitter) const {
  const auto found = sums_.find(submitter);
  return found == sums_.end() ? Sum{} : found->second;
}

bool Holdings::is_right(const std::map<JobId, Job>& jobs) const {
  Holdings again;
  for (const auto& [id, job] : jobs) again.note(job);
  const auto same = [](const auto& left, const auto& right) {
    return left.first == right.first && left.second.jobs == right.second.jobs &&
           left.second.bytes == right.second.bytes;
  };
  return again.noted_.size() == noted_.size() &&
         std::equal(sums_.begin(), sums_.end(), again.sums_.begin(), again.sums_.end(), same);
}

}  // namespace pq::core
