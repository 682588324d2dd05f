#include "daemon/store/change_tables.h"

#include <cstdint>
#include <limits>
#include <string>

#include "daemon/store/row_codec.h"

namespace pq::store {

// ---------------------------------------------------------------- jobs

JobTables::JobTables(Database& database)
    : put_job_(database, put_sql(jobs_table)),
      erase_job_(database, erase_sql(jobs_table, 1)),
      put_span_(database, put_sql(spans_table)),
      erase_span_(database, erase_sql(spans_table, 2)),
      erase_spans_of_job_(database, erase_sql(spans_table, 1)),
      put_program_(database, put_sql(programs_table)),
      erase_program_(database, erase_sql(programs_table, 1)),
      put_last_job_(
          database,
          "INSERT INTO last_job (only_row, id) VALUES (0, ?) ON CONFLICT DO UPDATE SET id = excluded.id") {}

void JobTables::write(const Changes& changes) {
  for (const auto& [key, span] : changes.spans) {
    if (span) {
      put(put_span_, key, *span);
    } else {
      erase_span_.run(key.job.value, key.begin);
    }
  }
  for (const auto& [id, program] : changes.programs) put(put_program_, id, program);
  for (const auto& [id, job] : changes.jobs) {
    if (job) {
      put(put_job_, *job);
    } else {
      erase_job_.run(id.value);
      erase_spans_of_job_.run(id.value);
      erase_program_.run(id.value);
    }
  }
  if (changes.last_job) put_last_job_.run(changes.last_job->value);
}

// ---------------------------------------------------------------- agents

AgentTables::AgentTables(Database& database)
    : put_agent_(database, put_sql(agents_table)),
      erase_agent_(database, erase_sql(agents_table, 1)),
      put_label_(database, put_sql(agent_labels_table)),
      erase_labels_of_agent_(database, erase_sql(agent_labels_table, 1)),
      put_outputs_seen_(database, put_sql(outputs_seen_table)),
      erase_outputs_seen_(database, erase_sql(outputs_seen_table, 1)) {}

void AgentTables::write(const Changes& changes) {
  for (const auto& [id, agent] : changes.agents) write(id, agent);
  for (const auto& [agent, seq] : changes.outputs_seen) put_outputs_seen_.run(agent.value, seq);
}

void AgentTables::write(AgentId id, const std::optional<AgentRow>& agent) {
  erase_labels_of_agent_.run(id.value);
  if (!agent) {
    erase_agent_.run(id.value);
    erase_outputs_seen_.run(id.value);
    return;
  }
  put(put_agent_, *agent);
  for (std::size_t position = 0; position < agent->labels.size(); ++position) {
    put(put_label_, id, position, agent->labels[position]);
  }
}

// ---------------------------------------------------------------- files

FileTables::FileTables(Database& database)
    : put_file_(database, put_sql(files_table)),
      erase_file_(database, erase_sql(files_table, 1)),
      put_part_(database, put_sql(file_parts_table)),
      erase_parts_(database, "DELETE FROM file_parts WHERE hash = ? AND part_begin >= ?") {}

// Stored bytes of a file beyond this turn's parts come from an earlier attempt to send it.
void FileTables::write(const Changes& changes) {
  for (const auto& [hash, file] : changes.files) {
    const std::string key = to_text(hash);
    std::uint64_t kept = file ? file->upto : 0;
    for (const FilePartRow& part : changes.file_parts) kept -= part.hash == hash ? part.bytes.size() : 0;
    erase_parts_.run(key, kept);
    if (file) {
      put(put_file_, *file);
    } else {
      erase_file_.run(key);
    }
  }
  for (const FilePartRow& part : changes.file_parts) put(put_part_, part);
}

// ---------------------------------------------------------------- what programs print

PrintTables::PrintTables(Database& database)
    : put_log_(database, put_sql(logs_table)),
      erase_logs_(database, "DELETE FROM logs WHERE job = ? AND number <= ?"),
      put_output_(database, put_sql(outputs_table)),
      erase_outputs_(
          database,
          "DELETE FROM outputs WHERE job = ? AND begin >= ? AND lease_epoch = ? AND lease_counter = ?"),
      erase_outputs_of_job_(database, erase_sql(outputs_table, 1)) {}

void PrintTables::write(const Changes& changes) {
  for (const LogRow& log : changes.logs) put(put_log_, log);
  for (const auto& [job, number] : changes.logs_erased_upto) erase_logs_.run(job.value, number);
  for (const OutputRow& output : changes.outputs) put(put_output_, output);
  for (const OutputsErased& erased : changes.outputs_erased) {
    erase_outputs_.run(erased.job.value, as_ordered(erased.from), erased.lease.epoch.value,
                       erased.lease.counter);
  }
  for (const auto& [id, job] : changes.jobs) {
    if (job) continue;
    erase_logs_.run(id.value, std::numeric_limits<std::int64_t>::max());
    erase_outputs_of_job_.run(id.value);
  }
}

// ---------------------------------------------------------------- events

EventTable::EventTable(Database& database)
    : put_event_(database, put_sql(events_table)), erase_event_(database, erase_sql(events_table, 1)) {}

void EventTable::write(const Changes& changes) {
  for (const auto& [number, row] : changes.events) {
    if (row) {
      put(put_event_, *row);
    } else {
      erase_event_.run(number);
    }
  }
}

}  // namespace pq::store
