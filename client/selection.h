// Which jobs a command means: "7", "1-3,5", "last" (the newest) or "all". A span costs the same however wide
// it is, because it means only those of its jobs that the head keeps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"

namespace pq::client {

// Job ids, both ends included. A single id must exist; of a span at least one job must.
struct JobSpan {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const JobSpan&, const JobSpan&) = default;
};

struct LastJob {
  friend bool operator==(const LastJob&, const LastJob&) = default;
};

struct AllJobs {
  bool mine = false;  // of these, those that the asking key's name has submitted
  friend bool operator==(const AllJobs&, const AllJobs&) = default;
};

inline bool is_number(const JobSpan& span) { return span.first == span.last; }

// "5-9"
std::string span_text(const JobSpan& span);

// Spans in the order in which they were written.
using Selection = std::variant<LastJob, AllJobs, std::vector<JobSpan>>;

// An invalid word throws a usage error that quotes it.
Selection parse_selection(const std::string& text);

// Whether it means one job by its form: `7` or `last`. Then that job is printed, not a list.
bool is_of_one(const Selection& selection);

// Whether it means only jobs of the asker, whom the head knows.
bool is_mine(const Selection& selection);

// Whether the ids are known without asking the head.
bool is_of_numbers(const Selection& selection);

struct Selected {
  std::vector<JobId> jobs = {};  // by number, each once; a number alone is here whether it is there or not
  std::vector<std::string> missing = {};  // spans without any job: "5-9"
  // Whether older jobs may be meant that the head did not list: spans, or "all". Only a head of 0.1.0 leaves
  // some out.
  std::vector<std::string> unlisted = {};
  friend bool operator==(const Selected&, const Selected&) = default;
};

// Selects among the newest jobs if the head cannot select (jobs_at_head.h). `which` is the meaning of `all`.
Selected select(const Selection& selection, const JobsReport& listed, Meant which = Meant::any);

// "1-3,5": the shortest form that parse_selection reads. By id, each once.
std::string selection_text(std::span<const JobId> jobs);

// "job 5", "jobs 1-3,5".
std::string jobs_text(std::span<const JobId> jobs);

}  // namespace pq::client
