// Texts for people about jobs and agents: values in, plain text out. Texts of other people (names, errors,
// labels) are made printable first. If there are several lines, each ends in '\n'; a single line has no end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/messages.h"

namespace pq::client {

enum class Colours { none, ansi };

// "job 7", or with its name: job 7 "nightly".
std::string title(const JobReport& report);

// "10 000 000:60 000 000, 50 000 000 integers"
std::string range_text(const Range& range);

// The same for a job's range or its list: "12 items".
std::string extent_text(const JobSpec& spec);

// "43.2 %", rounded down: only everything is "100.0 %".
std::string percent(const JobReport& report);

// "120 M/s"
std::string rate_text(double rate_per_s);

// The text of an empty list: how to get an entry.
inline constexpr std::string_view no_jobs = "no jobs yet; pq-submit --range A:B submits one";
inline constexpr std::string_view no_agents = "no agents; start pq-agent on each machine that should compute";

// A table with its titles, with as many columns as fit into a terminal; and remarks on single rows.
struct Listing {
  std::vector<std::string> table;
  std::vector<std::string> remarks;
};
Listing listing(const JobsReport& report, Colours colours, std::size_t columns_max = std::string::npos);
Listing listing(const AgentsReport& report, Colours colours, std::size_t columns_max = std::string::npos);

// The whole table, a note of jobs that were left out, and the remarks. An empty list says how to get an
// entry. The same for agents.
std::string jobs_table(const JobsReport& report, Colours colours);

// Everything about one job.
std::string job_block(const JobReport& report, Colours colours);

std::string keys_table(const KeysReport& report);
std::string agents_table(const AgentsReport& report, Colours colours);

// One line: the job after it was steered.
std::string state_line(const JobReport& report);

// One line: how the job ended, and with what result.
std::string end_line(const JobReport& ended);

// A program's output for a terminal: lines and tabs stay, and nothing controls the terminal.
std::string harmless(std::string_view text);

// Why a job is as it is: one sentence per entry with the advice below it, in lines of at most `columns`
// columns.
std::string explanation_block(const Explanation& explanation, std::size_t columns);

// "2026-12-01T10:00:00Z agent lost, agent vm-3: silent for 15s".
std::string event_line(const EventEntry& event, Colours colours);

// "── [17:18) attempt 2 on vm-3, stderr ──": above what one run wrote to one stream.
std::string log_heading(const LogEntry& entry);

// A few lines: what pq-submit would submit.
std::string submission_block(const JobSpec& spec);

}  // namespace pq::client
