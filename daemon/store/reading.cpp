#include "daemon/store/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/store/provenance_table.h"
#include "daemon/store/row_codec.h"

namespace pq::store {
namespace {

// Only the rows of job ?1.
constexpr std::string_view of_failed_runs =
    " AND (lease_epoch, lease_counter, begin) IN"
    " (SELECT lease_epoch, lease_counter, begin FROM logs WHERE job = ?1 AND failed)";

SqliteError orphan(std::string_view table, std::string_view owner, std::uint64_t id) {
  return {SqliteError::Kind::damaged,
          fmt::format("table {}, {} {}: there is no such {}", table, owner, id, owner)};
}

template <class Rows, class Row>
void keep(Rows& rows, Row row) {
  const auto id = row.id;
  rows.emplace(id, std::move(row));
}

std::set<Epoch> read_epochs(Database& database) {
  std::set<Epoch> epochs;
  for (Statement rows(database, "SELECT epoch FROM epochs"); rows.step();) {
    epochs.insert(Epoch{static_cast<std::uint64_t>(rows.integer(0))});
  }
  return epochs;
}

// Only jobs of kernel exec have a program.
void read_programs(Database& database, Stored& stored) {
  for (Statement programs(database, select_sql(programs_table)); programs.step();) {
    auto [id, program] = read_program_row(programs);
    const auto job = stored.jobs.find(id);
    if (job == stored.jobs.end()) throw orphan("programs", "job", id.value);
    job->second.spec.program = std::move(program);
  }
  for (const auto& [id, job] : stored.jobs) {
    if (job.spec.program.has_value() != (job.spec.kernel == Kernel::exec)) {
      throw SqliteError(SqliteError::Kind::damaged, fmt::format("table programs: job {} is of kernel {}",
                                                                id.value, to_text(job.spec.kernel)));
    }
  }
}

// Complete runs, one after the other, then the stored bytes of the next one; and the committed bytes.
void read_collected(Database& database, Stored& stored) {
  Statement parts(
      database,
      "SELECT begin, end, length(text), last FROM outputs WHERE job = ? AND begin >= ? AND lease_epoch = ? "
      "AND lease_counter = ? ORDER BY begin, part_begin");
  for (const auto& [key, span] : stored.spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    const auto& program = stored.jobs.at(key.job).spec.program;
    if (leased == nullptr || !program || !program->collects) continue;
    Collected collected{.upto = leased->upto};
    parts.bind(1, key.job.value);
    parts.bind(2, as_ordered(key.begin));
    parts.bind(3, leased->lease.epoch.value);
    parts.bind(4, leased->lease.counter);
    while (parts.step()) {
      if (parts.integer(0) < as_ordered(leased->upto))
        collected.committed_bytes += static_cast<std::uint64_t>(parts.integer(2));
      if (parts.integer(0) != as_ordered(collected.upto)) continue;
      collected.add({collected.upto, from_ordered(parts.integer(1))},
                    static_cast<std::uint64_t>(parts.integer(2)), parts.integer(3) != 0);
    }
    stored.collected[leased->lease] = collected;
  }
}

// For a job that is read alone: what is read depends on whether it collects.
void read_program_of(Database& database, JobRow& row) {
  Statement programs(database, select_sql(programs_table, 1));
  programs.bind(1, row.id.value);
  if (programs.step()) row.spec.program = read_program_row(programs).second;
}

void read_holder(Database& database, const Span& span, Stored& stored) {
  const auto* leased = std::get_if<Leased>(&span.state);
  if (leased == nullptr || stored.agents.contains(leased->agent)) return;
  Statement agents(database, select_sql(agents_table, 1));
  agents.bind(1, leased->agent.value);
  if (agents.step()) keep(stored.agents, read_agent_row(agents));
}

}  // namespace

void look_closely(Database& database, JobId job, Stored& stored) {
  stored.provenance[job] = read_provenance(database, job, 0, std::numeric_limits<std::size_t>::max());
  stored.output_bytes[job] = read_output_bytes(database, job);
}

Stored read_all(Database& database) {
  Stored stored;
  for (Statement jobs(database, select_sql(jobs_table)); jobs.step();) keep(stored.jobs, read_job_row(jobs));
  for (Statement agents(database, select_sql(agents_table)); agents.step();) {
    keep(stored.agents, read_agent_row(agents));
  }
  for (Statement spans(database, select_sql(spans_table)); spans.step();) {
    auto [key, span] = read_span_row(spans);
    if (!stored.jobs.contains(key.job)) throw orphan("spans", "job", key.job.value);
    stored.spans.emplace(key, std::move(span));
  }
  for (Statement labels(database, select_sql(agent_labels_table)); labels.step();) {
    auto [agent, label] = read_agent_label_row(labels);
    const auto owner = stored.agents.find(agent);
    if (owner == stored.agents.end()) throw orphan("agent_labels", "agent", agent.value);
    owner->second.labels.push_back(std::move(label));
  }
  read_programs(database, stored);
  read_collected(database, stored);
  for (Statement files(database, select_sql(files_table)); files.step();) {
    const FileRow file = read_file_row(files);
    stored.files.emplace(file.hash, file);
  }
  for (Statement seen(database, select_sql(outputs_seen_table)); seen.step();) {
    const AgentId agent{static_cast<std::uint64_t>(seen.integer(0))};
    if (!stored.agents.contains(agent)) throw orphan("outputs_seen", "agent", agent.value);
    stored.outputs_seen[agent] = static_cast<std::uint64_t>(seen.integer(1));
  }
  for (Statement logs(database, "SELECT job, max(number) FROM logs GROUP BY job"); logs.step();) {
    stored.logs_upto[JobId{static_cast<std::uint64_t>(logs.integer(0))}] =
        static_cast<std::uint64_t>(logs.integer(1));
  }
  for (Statement events(database, select_sql(events_table)); events.step();) {
    const EventRow event = read_event_row(events);
    stored.events.emplace(event.number, event);
  }
  stored.suspects = read_suspects(database);
  for (const auto& [key, suspect] : stored.suspects) {
    if (!stored.jobs.contains(key.first)) throw orphan("suspects", "job", key.first.value);
  }
  stored.epochs = read_epochs(database);
  Statement last(database, "SELECT id FROM last_job");
  if (last.step()) stored.last_job = JobId{static_cast<std::uint64_t>(last.integer(0))};
  return stored;
}

std::optional<Stored> read_job(Database& database, JobId job) {
  Stored stored;
  Statement jobs(database, select_sql(jobs_table, 1));
  jobs.bind(1, job.value);
  if (!jobs.step()) return std::nullopt;
  keep(stored.jobs, read_job_row(jobs));
  Statement spans(database, select_sql(spans_table, 1));
  spans.bind(1, job.value);
  while (spans.step()) {
    const auto placed = stored.spans.insert(read_span_row(spans)).first;
    read_holder(database, placed->second, stored);
  }
  read_program_of(database, stored.jobs.at(job));
  read_collected(database, stored);
  stored.suspects = read_suspects(database);
  look_closely(database, job, stored);
  stored.epochs = read_epochs(database);
  return stored;
}

std::string read_file(Database& database, const Sha256& hash, std::uint64_t offset) {
  const std::string key = to_text(hash);
  Statement parts(database,
                  "SELECT part_begin, bytes FROM file_parts WHERE hash = ? AND part_begin <= ? "
                  "ORDER BY part_begin DESC LIMIT 1");
  parts.bind(1, key);
  parts.bind(2, offset);
  if (!parts.step()) return {};
  const std::uint64_t skipped = offset - static_cast<std::uint64_t>(parts.integer(0));
  const std::string_view bytes = parts.blob(1);
  return skipped < bytes.size() ? std::string(bytes.substr(skipped)) : std::string();
}

std::vector<LogEntry> read_last_failed_logs(Database& database, JobId job, std::size_t count_max) {
  const std::string sql = fmt::format("SELECT {} FROM logs WHERE job = ?1{} ORDER BY number DESC LIMIT ?2",
                                      fmt::join(logs_table.columns, ", "), of_failed_runs);
  Statement rows(database, sql);
  rows.bind(1, job.value);
  rows.bind(2, count_max);
  std::vector<LogEntry> entries;
  while (rows.step()) entries.push_back(read_log_row(rows));
  std::reverse(entries.begin(), entries.end());
  return entries;
}

std::vector<LogEntry> read_logs(Database& database, const AskLogs& ask, std::size_t count_max) {
  std::string sql =
      fmt::format("SELECT {} FROM logs WHERE job = ?1 AND number > ?2", fmt::join(logs_table.columns, ", "));
  if (ask.failed) sql += of_failed_runs;
  if (ask.around) sql += " AND begin <= ?4 AND end > ?4";
  Statement rows(database, sql + " ORDER BY number LIMIT ?3");
  rows.bind(1, ask.job.value);
  rows.bind(2, ask.after);
  rows.bind(3, count_max);
  if (ask.around) rows.bind(4, as_ordered(*ask.around));
  std::vector<LogEntry> entries;
  while (rows.step()) entries.push_back(read_log_row(rows));
  return entries;
}

std::vector<OutputEntry> read_outputs(Database& database, const AskOutput& ask, std::size_t count_max) {
  const std::string sql = fmt::format(
      "SELECT {} FROM outputs WHERE job = ? AND (begin, part_begin) >= (?, ?) ORDER BY begin, part_begin "
      "LIMIT ?",
      fmt::join(outputs_table.columns, ", "));
  Statement rows(database, sql);
  rows.bind(1, ask.job.value);
  rows.bind(2, as_ordered(ask.begin));
  rows.bind(3, ask.offset);
  rows.bind(4, count_max);
  std::vector<OutputEntry> entries;
  while (rows.step()) entries.push_back(read_output_row(rows));
  return entries;
}

}  // namespace pq::store
