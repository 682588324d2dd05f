// What people read about jobs and agents: values in, plain text out. Texts that others chose (names, errors,
// labels) are made printable first. Lines end in '\n' where there are several, a single one has no end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/messages.h"

namespace pq {

enum class Colours { none, ansi };

// "job 7", or with its name: job 7 "nightly".
std::string title(const JobReport& report);

// "10 000 000:60 000 000, 50 000 000 integers"
std::string range_text(const Range& range);

// The same of a job's, or of its list: "12 items".
std::string extent_text(const JobSpec& spec);

// "43.2 %", rounded down: "100.0 %" is everything.
std::string percent(const JobReport& report);

// "120 M/s"
std::string rate_text(double rate_per_s);

// Where there is none, how to get one.
inline constexpr std::string_view no_jobs = "no jobs yet; pq-submit --range A:B submits one";
inline constexpr std::string_view no_agents = "no agents; start pq-agent on each machine that shall compute";

// A table, its titles first, with the columns that fit into so many columns of a terminal; and what is to be
// said of single rows.
struct Listing {
  std::vector<std::string> table;
  std::vector<std::string> remarks;
};
Listing listing(const JobsReport& report, Colours colours, std::size_t columns_max = std::string::npos);
Listing listing(const AgentsReport& report, Colours colours, std::size_t columns_max = std::string::npos);

// The whole table, a note of those that were left out, and the remarks. Where there is none, how to get one;
// so for agents.
std::string jobs_table(const JobsReport& report, Colours colours);

// All that is known of one job.
std::string job_block(const JobReport& report, Colours colours);

std::string keys_table(const KeysReport& report);
std::string agents_table(const AgentsReport& report, Colours colours);

// One line: what the job is now, after it was steered.
std::string state_line(const JobReport& report);

// One line: how the job ended, and with what.
std::string end_line(const JobReport& ended);

// Lines and tabs of a program, for a terminal: nothing in it steers that.
std::string harmless(std::string_view text);

// Why a job is as it is: a sentence an entry, with the advice below it, in lines of at most `columns`
// columns.
std::string explanation_block(const Explanation& explanation, std::size_t columns);

// "2026-12-01T10:00:00Z agent lost, agent vm-3: silent for 15s".
std::string event_line(const EventEntry& event, Colours colours);

// "── [17:18) attempt 2 on vm-3, stderr ──": above what one run wrote to one stream.
std::string log_heading(const LogEntry& entry);

// A few lines: what pq-submit would have submitted.
std::string submission_block(const JobSpec& spec);

}  // namespace pq
