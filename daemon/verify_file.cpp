#include "daemon/verify_file.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "common/report/findings.h"
#include "common/report/json.h"
#include "common/values/text.h"
#include "daemon/core/proof/bookkeeping.h"
#include "daemon/core/proof/invariants.h"
#include "daemon/core/proof/provenance_findings.h"
#include "daemon/store/stored_file.h"

namespace pq::daemon {
namespace {

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }
void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

std::string name_of(JobId job) { return fmt::format("job {}", job.value); }

Verification verify(const Stored& stored, JobId job) {
  const JobRow& row = stored.jobs.at(job);
  const SpanRows spans = spans_of(stored, job);
  std::vector<Finding> findings = examine(row, spans);
  findings.push_back(value_exists(row, spans));
  findings.push_back(counters_fit(row, spans));
  for (Finding& finding : examine_provenance(stored, job)) findings.push_back(std::move(finding));
  return {job, std::move(findings)};
}

// For a sound job one line: its state, its spans and its value. For another one what is broken.
void print_in_short(const Verification& job) {
  std::string all;
  for (const Finding& finding : job.findings) {
    if (!finding.holds)
      print(finding_line({name_of(job.job), false, finding.invariant + ": " + finding.detail}));
    const bool is_telling = finding.invariant == "state_fits" || finding.invariant == "value_is_fold";
    if (is_telling) all += (all.empty() ? "" : "; ") + finding.detail;
  }
  if (all_hold(job.findings)) print(finding_line({name_of(job.job), true, all}));
}

void print_file(const FileVerification& file) {
  std::vector<Finding> all = file.together;
  for (const Verification& job : file.jobs) {
    print_in_short(job);
    all.insert(all.end(), job.findings.begin(), job.findings.end());
  }
  for (const Finding& finding : file.together) print(finding_line(finding));
  say(verdict_line(fmt::format("{}, {}", file.file, count_of(file.jobs.size(), "job")), all));
}

ExitStatus verify_job(const Stored& stored, const FileToVerify& asked) {
  if (!stored.jobs.contains(*asked.job)) {
    throw EnvironmentError(
        fmt::format("{} has no job {}; leave the number out to verify all of its {}", asked.file.string(),
                    asked.job->value, count_of(stored.jobs.size(), "job")),
        ExitStatus::no_such_job);
  }
  Verification found = verify(stored, *asked.job);
  for (Finding& finding : examine_leases(stored)) found.findings.push_back(std::move(finding));
  if (asked.json) {
    print(json_line(found));
  } else {
    for (const Finding& finding : found.findings) print(finding_line(finding));
    say(verdict_line(fmt::format("{}, {}", asked.file.string(), name_of(found.job)), found.findings));
  }
  return all_hold(found.findings) ? ExitStatus::done : ExitStatus::failed;
}

ExitStatus verify_all(const Stored& stored, const FileToVerify& asked) {
  FileVerification found{asked.file.string(), {}, examine_leases(stored)};
  for (const auto& [id, row] : stored.jobs) found.jobs.push_back(verify(stored, id));
  if (asked.json) {
    print(json_line(found));
  } else {
    print_file(found);
  }
  return all_hold(found) ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace

ExitStatus verify_file(const FileToVerify& asked) try {
  const Stored stored = read_stored_file(asked.file);
  return asked.job ? verify_job(stored, asked) : verify_all(stored, asked);
} catch (const EnvironmentError& error) {
  const bool is_unknown = error.status() == ExitStatus::no_such_job;
  if (asked.json) print(error_line(is_unknown ? "no_such_job" : "environment", error.what()));
  throw;
}

}  // namespace pq::daemon
