#include "client/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "client/layout.h"
#include "client/table.h"
#include "client/typography.h"
#include "common/report/figures.h"
#include "common/values/duration.h"
#include "common/values/size.h"
#include "common/values/text.h"
#include "common/values/utc_time.h"

namespace pq::client {
namespace {

constexpr std::size_t name_columns_max = 24;
constexpr std::string_view green = "32", yellow = "33", red = "31", blue = "34";

Cell cell(JobState state, Colours colours) {
  std::string_view colour;
  switch (state) {
    case JobState::queued:
      break;
    case JobState::running:
      colour = blue;
      break;
    case JobState::paused:
      colour = yellow;
      break;
    case JobState::done:
      colour = green;
      break;
    case JobState::failed:
    case JobState::cancelled:
      colour = red;
      break;
  }
  return {std::string(to_text(state)), colours == Colours::ansi ? colour : ""};
}

Cell cell(AgentState state, Colours colours) {
  std::string_view colour;
  switch (state) {
    case AgentState::active:
      colour = green;
      break;
    case AgentState::draining:
      colour = blue;
      break;
    case AgentState::quarantined:
    case AgentState::silent:
      colour = yellow;
      break;
    case AgentState::gone:
      colour = red;
      break;
  }
  return {std::string(to_text(state)), colours == Colours::ansi ? colour : ""};
}

std::string_view integers(std::uint64_t count) { return count == 1 ? "integer" : "integers"; }

std::string value_text(const std::optional<Value>& value) {
  return value ? grouped_digits(to_text(*value)) : "-";
}

std::string time_left(const JobReport& report) {
  const std::optional<double> left_s = eta_s(report);
  return left_s ? to_text(from_seconds(*left_s)) : "-";
}

std::string time_text(UnixMs unix_ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

// "2 897 536 primes" for a count; else the value with its fold: "max 17".
std::string result_text(const JobReport& report) {
  if (!report.value) return "no value";
  const std::string value = value_text(report.value);
  const bool counts = report.spec.fold == Fold::sum && report.spec.kernel != Kernel::exec;
  return counts ? fmt::format("{} {}", value, to_text(report.spec.kernel))
                : fmt::format("{} {}", to_text(report.spec.fold), value);
}

// "17 of its 20 integers"
std::string part_done_text(const JobReport& report) {
  return fmt::format("{} of its {} {}", grouped(report.done), grouped(report.spec.range.width()),
                     integers(report.spec.range.width()));
}

// "2 897 536 primes in 10 000 000:60 000 000", or only the range.
std::string result_and_range(const JobReport& report) {
  const Range& range = report.spec.range;
  std::string where = fmt::format("{}:{}", grouped(range.begin), grouped(range.end));
  if (report.spec.fold == Fold::none) return where;
  if (!value_is_partial(report)) return fmt::format("{} in {}", result_text(report), where);
  return fmt::format("no total, but a partial {} of {} in {}", result_text(report), part_done_text(report),
                     where);
}

std::string value_remark(const JobReport& report) {
  if (value_is_partial(report)) return fmt::format(", partial: of {}", part_done_text(report));
  return has_ended(report.state) ? "" : " so far";
}

std::string times_text(const JobReport& report) {
  std::string text = time_text(report.created_unix_ms);
  if (report.started_unix_ms) text += ", started " + time_text(*report.started_unix_ms);
  if (report.finished_unix_ms) text += ", finished " + time_text(*report.finished_unix_ms);
  if (const auto taken = time_taken(report)) text += fmt::format(" ({})", to_text(*taken));
  return text;
}

std::string labels_text(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) {
    if (!text.empty()) text += ' ';
    text += printable(label.key) + '=' + printable(label.value);
  }
  return text;
}

std::string line(std::string_view word, std::string_view text) {
  return fmt::format("  {:<11} {}\n", word, text);
}

std::string file_text(const FileRef& file) {
  return fmt::format("{}{} ({})", printable(file.name), file.kind == FileKind::directory ? "/" : "",
                     bytes_text(file.bytes));
}

std::string files_text(const std::vector<FileRef>& files) {
  std::string text;
  for (const FileRef& file : files) text += (text.empty() ? "" : ", ") + file_text(file);
  return text;
}

std::string env_text(const std::vector<Setting>& env) {
  std::string text;
  for (const Setting& setting : env) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", printable(setting.name),
                        setting.is_hidden ? "(hidden)" : printable(setting.value));
  }
  return text;
}

std::string names_text(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) text += (text.empty() ? "" : " ") + printable(setting.name);
  return text;
}

// How the program runs, in the words of pq-submit's flags.
std::string runs_text(const Program& program) {
  std::string text = program.items ? "one item a run"
                     : program.run_width
                         ? fmt::format("{} {} a run", grouped(program.run_width), integers(program.run_width))
                         : "as many integers a run as take about a second";
  if (program.streams) text += ", streaming";
  if (program.express) text += ", express";
  if (program.timeout_ms > 0)
    text += ", for " + to_text(std::chrono::milliseconds(program.timeout_ms)) + " at most";
  if (program.memory_bytes > 0) text += fmt::format(", in {} at most", bytes_text(program.memory_bytes));
  if (program.collects) text += ", what it prints is kept";
  return text;
}

std::string program_lines(const Program& program) {
  std::string text = line("program", printable(command_text(program)));
  text += line("runs", runs_text(program));
  if (program.items) text += line("list", file_text(*program.items));
  if (!program.files.empty()) text += line("files", files_text(program.files));
  if (!program.env.empty()) text += line("env", env_text(program.env));
  if (!program.secrets.empty()) text += line("secrets", names_text(program.secrets));
  return text;
}

// What the job computes, and over what.
std::string spec_lines(const JobSpec& spec) {
  std::string text = line("range", extent_text(spec));
  text += line("computes", fmt::format("{}, fold {}, priority {}", to_text(spec.kernel), to_text(spec.fold),
                                       spec.priority));
  if (spec.program) text += program_lines(*spec.program);
  if (spec.cpus > 1) text += line("cpus", fmt::format("{} slots a step", spec.cpus));
  if (!spec.require.empty()) text += line("require", labels_text(spec.require));
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& each : lines) text += each + '\n';
  return text;
}

// The failed spans, the first one with the program's error.
std::string failed_lines(const JobReport& report) {
  std::string text;
  std::uint64_t told = 0;
  const bool is_list = report.spec.program && report.spec.program->items;
  for (const FailedSpan& span : report.failed_spans) {
    const std::string where = is_list ? fmt::format("line {}", span.range.begin) : to_text(span.range);
    text += fmt::format("    {:<9} {}, {}\n", where,
                        span.attempts > 0 || span.losses == 0 ? count_of(span.attempts, "attempt")
                                                              : count_of(span.losses, "lost agent"),
                        printable(span.error));
    told += span.range.width();
  }
  if (told > 0 && told < report.failed)
    text += fmt::format("    and {} more integers\n", grouped(report.failed - told));
  return text;
}

// One submitter's list needs no column of its own for the name.
bool has_several_submitters(const JobsReport& report) {
  return std::any_of(report.jobs.begin(), report.jobs.end(),
                     [&](const JobReport& job) { return job.submitter != report.jobs.front().submitter; });
}

std::string expiry_of(const KeyReport& key) {
  if (!key.expires_unix_ms) return "never";
  return utc_text(*key.expires_unix_ms) + (key.expired ? " (expired)" : "");
}

}  // namespace

std::string title(const JobReport& report) {
  const std::string id = fmt::format("job {}", report.job.value);
  return report.spec.name.empty() ? id : fmt::format("{} \"{}\"", id, printable(report.spec.name));
}

std::string range_text(const Range& range) {
  return fmt::format("{}:{}, {} {}", grouped(range.begin), grouped(range.end), grouped(range.width()),
                     range.width() == 1 ? "integer" : "integers");
}

std::string extent_text(const JobSpec& spec) {
  if (!spec.program || !spec.program->items) return range_text(spec.range);
  const std::uint64_t items = spec.range.width();
  return fmt::format("{} item{} of {}", grouped(items), items == 1 ? "" : "s",
                     printable(spec.program->items->name));
}

std::string percent(const JobReport& report) {
  return fmt::format("{:.1f} %", std::floor(fraction_done(report) * 1000) / 10);
}

std::string rate_text(double rate_per_s) { return compact(rate_per_s) + "/s"; }

Listing listing(const JobsReport& report, Colours colours, std::size_t columns_max) {
  std::vector<Column> columns = {
      {"JOB", Align::right},      {"NAME", Align::left, 1},  {"STATE"},
      {"KERNEL", Align::left, 5}, {"RANGE", Align::left, 4}, {"PROGRESS", Align::right},
      {"VALUE", Align::right, 3}, {"RATE", Align::right, 2}, {"LEFT", Align::right}};
  const bool tells_submitters = has_several_submitters(report);
  if (tells_submitters) columns.push_back({"SUBMITTER", Align::left, 6});
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> remarks;
  for (const JobReport& job : report.jobs) {
    rows.push_back({{std::to_string(job.job.value)},
                    {shortened(printable(job.spec.name), name_columns_max)},
                    cell(job.state, colours),
                    {std::string(to_text(job.spec.kernel))},
                    {to_text(job.spec.range)},
                    {percent(job)},
                    {value_text(job.value)},
                    {has_ended(job.state) ? "-" : rate_text(job.rate_per_s)},
                    {time_left(job)}});
    if (tells_submitters) rows.back().push_back({printable(job.submitter)});
    if (job.unplaced)
      remarks.push_back(fmt::format("job {} waits: {}", job.job.value, printable(*job.unplaced)));
  }
  return {.table = table_lines(columns, rows, columns_max), .remarks = std::move(remarks)};
}

std::string jobs_table(const JobsReport& report, Colours colours) {
  if (report.jobs.empty() && report.only_of)
    return fmt::format("no jobs of {} yet; pq-submit --range A:B submits one\n", printable(*report.only_of));
  if (report.jobs.empty()) return std::string(no_jobs) + '\n';
  const Listing all = listing(report, colours);
  std::string text = joined(all.table);
  const std::uint64_t live = std::min(report.live_left_out.value_or(0), report.left_out);
  if (live > 0) text += fmt::format("and {} more that have not ended\n", grouped(live));
  if (report.left_out > live) text += fmt::format("and {} older ones\n", grouped(report.left_out - live));
  return text + joined(all.remarks);
}

std::string job_block(const JobReport& report, Colours colours) {
  const JobSpec& spec = report.spec;
  const LeaseCounts& leases = report.leases;
  std::string text = title(report) + '\n';
  text += line("state", painted(cell(report.state, colours)));
  if (report.unplaced) text += line("waiting", printable(*report.unplaced));
  text += spec_lines(spec);
  text += line("progress", fmt::format("{}, {} done", percent(report), grouped(report.done)));
  if (spec.fold != Fold::none) text += line("value", value_text(report.value) + value_remark(report));
  if (!has_ended(report.state)) {
    const std::string beside = report.express > 0 ? fmt::format(" and {} beside them", report.express) : "";
    text += line("rate", fmt::format("{} on {} slots{}, time left {}", rate_text(report.rate_per_s),
                                     report.slots_busy, beside, time_left(report)));
  }
  text += line("failed", fmt::format("{} {}, {}", grouped(report.failed), integers(report.failed),
                                     count_of(report.attempts_failed, "failed attempt")));
  text += failed_lines(report);
  text += line("recomputed", fmt::format("{} {}", grouped(report.recomputed), integers(report.recomputed)));
  if (report.discarded > 0) {
    text += line("discarded", fmt::format("{} {} that were done, and are computed again",
                                          grouped(report.discarded), integers(report.discarded)));
  }
  if (report.logs_forgotten || report.output_forgotten) {
    text += line("forgotten", !report.output_forgotten ? "its logs"
                              : !report.logs_forgotten ? "its output"
                                                       : "its logs and its output");
  }
  text += line("leases", fmt::format("{} granted, {} expired, {} yielded", leases.granted, leases.expired,
                                     leases.yielded));
  text += line("submitted", times_text(report));
  if (!report.submitter.empty()) text += line("submitter", printable(report.submitter));
  if (report.error) text += line("error", printable(*report.error));
  return text;
}

Listing listing(const AgentsReport& report, Colours colours, std::size_t columns_max) {
  const std::vector<Column> columns = {{"AGENT"},
                                       {"STATE"},
                                       {"SLOTS", Align::right, 1},
                                       {"BUSY", Align::right},
                                       {"RATE", Align::right},
                                       {"HEARD", Align::right, 2},
                                       {"VERSION", Align::left, 3},
                                       {"LABELS", Align::left, 4}};
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> remarks;
  for (const AgentReport& agent : report.agents) {
    const std::string name = printable(agent.name);
    rows.push_back({{name},
                    cell(agent.state, colours),
                    {std::to_string(agent.slots)},
                    {std::to_string(agent.busy)},
                    {rate_text(agent.rate_per_s)},
                    {to_text(std::chrono::milliseconds(agent.heard_ms_ago)) + " ago"},
                    {printable(agent.program_version)},
                    {labels_text(agent.labels)}});
    if (agent.notice)
      remarks.push_back(fmt::format("{}: notice: {}", name, printable(to_text(*agent.notice))));
    if (agent.notice_errors > 0) {
      remarks.push_back(
          fmt::format("{}: {} to its cloud's metadata service had no proper answer; its log says which", name,
                      count_of(agent.notice_errors, "question")));
    }
  }
  return {.table = table_lines(columns, rows, columns_max), .remarks = std::move(remarks)};
}

std::string agents_table(const AgentsReport& report, Colours colours) {
  if (report.agents.empty()) return std::string(no_agents) + '\n';
  const Listing all = listing(report, colours);
  std::string text = joined(all.table);
  if (report.left_out > 0) text += fmt::format("and {} more\n", grouped(report.left_out));
  return text + joined(all.remarks);
}

std::string keys_table(const KeysReport& report) {
  if (report.keys.empty()) return "no keys\n";
  std::vector<std::vector<Cell>> rows;
  for (const KeyReport& key : report.keys) {
    rows.push_back({{printable(key.name)},
                    {std::string(to_text(key.role))},
                    {key.role == Role::agent ? std::to_string(key.agents) : "-"},
                    {expiry_of(key)},
                    {printable(key.public_key)}});
  }
  std::string text = table({{"NAME"}, {"ROLE"}, {"AGENTS", Align::right}, {"EXPIRES"}, {"PUBLIC KEY"}}, rows);
  if (report.left_out > 0) text += fmt::format("and {} more\n", grouped(report.left_out));
  return text;
}

std::string state_line(const JobReport& report) {
  return fmt::format("{} is {}, {} done, priority {}", title(report), to_text(report.state), percent(report),
                     report.spec.priority);
}

std::string end_line(const JobReport& ended) {
  std::string text = fmt::format("{} {}: {}", title(ended), to_text(ended.state), result_and_range(ended));
  if (const auto taken = time_taken(ended)) text += ", " + to_text(*taken);
  if (!value_is_final(ended)) text += fmt::format(", ended at {}", percent(ended));
  if (ended.failed > 0)
    text += fmt::format(", without {} {} that failed", grouped(ended.failed), integers(ended.failed));
  if (ended.error) text += ": " + printable(*ended.error);
  return text;
}

std::string submission_block(const JobSpec& spec) {
  std::string text = "would submit\n";
  if (!spec.name.empty()) text += line("name", printable(spec.name));
  text += spec_lines(spec);
  if (spec.program) {
    text += line("failures", fmt::format("{} of an integer, {} of the job at most",
                                         count_of(spec.attempts_max, "attempt"), grouped(spec.failures_max)));
  }
  return text;
}

std::string explanation_block(const Explanation& explanation, std::size_t columns) {
  std::string text = fmt::format("job {} is {}\n", explanation.job.value, to_text(explanation.state));
  for (const Reason& reason : explanation.reasons) {
    text += joined(wrapped("  - ", printable(reason.text), columns));
    if (reason.advice) text += joined(wrapped("    → ", printable(*reason.advice), columns));
  }
  return text;
}

std::string event_line(const EventEntry& event, Colours colours) {
  std::string_view colour;
  if (event.severity == Severity::warning) colour = yellow;
  if (event.severity == Severity::error) colour = red;
  const Cell what{printable(event.text), colours == Colours::ansi ? colour : ""};
  std::string text = utc_text(event.unix_ms) + ' ' + painted(what);
  if (event.job) text += fmt::format(", job {}", event.job->value);
  if (event.agent) text += ", agent " + printable(*event.agent);
  if (!event.detail.empty()) text += ": " + printable(event.detail);
  return text;
}

std::string harmless(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t kept = std::min(text.find_first_of("\n\t"), text.size());
    safe += printable(text.substr(0, kept));
    if (kept < text.size()) safe += text[kept];
    text.remove_prefix(std::min(kept + 1, text.size()));
  }
  return safe;
}

std::string log_heading(const LogEntry& entry) {
  return fmt::format("── [{}) attempt {} on {}, {} ──", to_text(entry.run), entry.attempt,
                     printable(entry.agent), to_text(entry.stream));
}

}  // namespace pq::client
