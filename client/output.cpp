#include "client/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "client/table.h"
#include "client/typography.h"
#include "common/duration.h"
#include "common/figures.h"
#include "common/text.h"

namespace pq {
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
    case AgentState::silent:
      colour = yellow;
      break;
    case AgentState::gone:
      colour = red;
      break;
  }
  return {std::string(to_text(state)), colours == Colours::ansi ? colour : ""};
}

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

// "2 897 536 primes" where the values of all spans are added up; else which value it is: "max 17".
std::string result_text(const JobReport& report) {
  if (!report.value) return "no value";
  const std::string value = value_text(report.value);
  return report.spec.fold == Fold::sum ? fmt::format("{} {}", value, to_text(report.spec.kernel))
                                       : fmt::format("{} {}", to_text(report.spec.fold), value);
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

}  // namespace

std::string title(const JobReport& report) {
  const std::string id = fmt::format("job {}", report.job.value);
  return report.spec.name.empty() ? id : fmt::format("{} \"{}\"", id, printable(report.spec.name));
}

std::string range_text(const Range& range) {
  return fmt::format("{}:{}, {} {}", grouped(range.begin), grouped(range.end), grouped(range.width()),
                     range.width() == 1 ? "integer" : "integers");
}

std::string percent(const JobReport& report) {
  return fmt::format("{:.1f} %", std::floor(fraction_settled(report) * 1000) / 10);
}

std::string rate_text(double rate_per_s) { return compact(rate_per_s) + "/s"; }

std::string jobs_table(const JobsReport& report, Colours colours) {
  if (report.jobs.empty()) return "no jobs yet; pq-submit --range A:B submits one\n";
  const std::vector<Column> columns = {{"JOB", Align::right},
                                       {"NAME"},
                                       {"STATE"},
                                       {"KERNEL"},
                                       {"RANGE"},
                                       {"PROGRESS", Align::right},
                                       {"VALUE", Align::right},
                                       {"RATE", Align::right},
                                       {"LEFT", Align::right}};
  std::vector<std::vector<Cell>> rows;
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
  }
  std::string text = table(columns, rows);
  if (report.left_out > 0) text += fmt::format("and {} older ones\n", grouped(report.left_out));
  return text;
}

std::string job_block(const JobReport& report, Colours colours) {
  const JobSpec& spec = report.spec;
  const LeaseCounts& leases = report.leases;
  std::string text = title(report) + '\n';
  text += line("state", painted(cell(report.state, colours)));
  text += line("range", range_text(spec.range));
  text += line("computes", fmt::format("{}, fold {}, priority {}", to_text(spec.kernel), to_text(spec.fold),
                                       spec.priority));
  text += line("progress", fmt::format("{}, {} done", percent(report), grouped(report.done)));
  text += line("value", value_text(report.value) + (value_is_final(report) ? "" : " so far"));
  if (!has_ended(report.state)) {
    text += line("rate", fmt::format("{} on {} slots, time left {}", rate_text(report.rate_per_s),
                                     report.slots_busy, time_left(report)));
  }
  text += line("failed", fmt::format("{} integers, {} failed attempts", grouped(report.failed),
                                     report.attempts_failed));
  text += line("recomputed", fmt::format("{} integers", grouped(report.recomputed)));
  text += line("leases", fmt::format("{} granted, {} expired, {} yielded", leases.granted, leases.expired,
                                     leases.yielded));
  text += line("submitted", times_text(report));
  if (report.error) text += line("error", printable(*report.error));
  return text;
}

std::string agents_table(const AgentsReport& report, Colours colours) {
  if (report.agents.empty()) return "no agents; start pq-agent on each machine that shall compute\n";
  const std::vector<Column> columns = {{"AGENT"},
                                       {"STATE"},
                                       {"SLOTS", Align::right},
                                       {"BUSY", Align::right},
                                       {"RATE", Align::right},
                                       {"HEARD", Align::right},
                                       {"VERSION"},
                                       {"LABELS"}};
  std::vector<std::vector<Cell>> rows;
  for (const AgentReport& agent : report.agents) {
    rows.push_back({{printable(agent.name)},
                    cell(agent.state, colours),
                    {std::to_string(agent.slots)},
                    {std::to_string(agent.busy)},
                    {rate_text(agent.rate_per_s)},
                    {to_text(std::chrono::milliseconds(agent.heard_ms_ago)) + " ago"},
                    {printable(agent.program_version)},
                    {labels_text(agent.labels)}});
  }
  return table(columns, rows);
}

std::string state_line(const JobReport& report) {
  return fmt::format("{} is {}, {} settled, priority {}", title(report), to_text(report.state),
                     percent(report), report.spec.priority);
}

std::string end_line(const JobReport& ended) {
  std::string text = fmt::format("{} {}: {} in {}:{}", title(ended), to_text(ended.state), result_text(ended),
                                 grouped(ended.spec.range.begin), grouped(ended.spec.range.end));
  if (const auto taken = time_taken(ended)) text += ", " + to_text(*taken);
  if (!value_is_final(ended)) text += fmt::format(", ended at {}", percent(ended));
  if (ended.failed > 0) text += fmt::format(", without {} integers that failed", grouped(ended.failed));
  if (ended.error) text += ": " + printable(*ended.error);
  return text;
}

std::string submission_block(const JobSpec& spec) {
  std::string text = "would submit\n";
  if (!spec.name.empty()) text += line("name", printable(spec.name));
  text += line("range", range_text(spec.range));
  text += line("computes", fmt::format("{}, fold {}, priority {}", to_text(spec.kernel), to_text(spec.fold),
                                       spec.priority));
  return text;
}

}  // namespace pq
