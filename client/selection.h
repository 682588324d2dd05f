// Which jobs a command means: "7", "1-3,5", "last" (the newest) or "all". A span is cheap however wide it is,
// because it means those of the jobs that the head lists which lie in it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/messages.h"

namespace pq {

// Job numbers, both ends included. One number alone is a job that must be there; of a span at least one must.
struct JobSpan {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const JobSpan&, const JobSpan&) = default;
};

struct LastJob {
  friend bool operator==(const LastJob&, const LastJob&) = default;
};

struct AllJobs {
  friend bool operator==(const AllJobs&, const AllJobs&) = default;
};

// Spans as they were written.
using Selection = std::variant<LastJob, AllJobs, std::vector<JobSpan>>;

// What does not make sense is thrown as a usage error that quotes the word.
Selection parse_selection(const std::string& text);

// Of one job, however many there are: `7` or `last`. What is printed of it is that job, not a list.
bool is_of_one(const Selection& selection);

// Whether it can be told without the head which jobs these are.
bool is_of_numbers(const Selection& selection);

struct Selected {
  std::vector<JobId> jobs = {};  // by number, each once; a number alone is here whether it is listed or not
  std::vector<std::string> missing = {};  // spans without any job: "5-9"
  bool reaches_unlisted = false;          // it may mean older jobs too, that the head did not list
  friend bool operator==(const Selected&, const Selected&) = default;
};

// `all` means those of the listed ones of which `is_meant` is true; nothing else asks it.
Selected select(
    const Selection& selection, const JobsReport& listed,
    bool (*is_meant)(const JobReport&) = [](const JobReport&) { return true; });

// What `all` means to most commands.
inline bool is_live(const JobReport& job) { return !has_ended(job.state); }

// "1-3,5": as short as parse_selection understands it. By number, each once.
std::string selection_text(const std::vector<JobId>& jobs);

// "job 5", "jobs 1-3,5".
std::string jobs_text(const std::vector<JobId>& jobs);

}  // namespace pq
