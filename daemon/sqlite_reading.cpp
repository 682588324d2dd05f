#include "daemon/sqlite_reading.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "daemon/sqlite_rows.h"

namespace pq {
namespace {

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

void read_holder(Database& database, const Span& span, Stored& stored) {
  const auto* leased = std::get_if<Leased>(&span.state);
  if (leased == nullptr || stored.agents.contains(leased->agent)) return;
  Statement agents(database, select_sql(agents_table, 1));
  agents.bind(1, leased->agent.value);
  if (agents.step()) keep(stored.agents, read_agent_row(agents));
}

}  // namespace

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
  stored.epochs = read_epochs(database);
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
  stored.epochs = read_epochs(database);
  return stored;
}

}  // namespace pq
