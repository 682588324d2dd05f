// Rows as values and back: which column holds what, in the order of the tables in schema.sql.
#pragma once

#include <cstddef>
#include <utility>

#include "daemon/core/rows.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/table.h"

namespace pq::store {

extern const Table jobs_table;
extern const Table spans_table;
extern const Table agents_table;
extern const Table agent_labels_table;
extern const Table programs_table;
extern const Table files_table;
extern const Table file_parts_table;
extern const Table outputs_seen_table;
extern const Table logs_table;
extern const Table outputs_table;
extern const Table events_table;

// `begin` and `end` in the form in which SQLite orders them.
std::int64_t as_ordered(std::uint64_t n);
std::uint64_t from_ordered(std::int64_t stored);

// Runs the statement of put_sql with this row.
void put(Statement& statement, const JobRow& job);
void put(Statement& statement, const SpanKey& key, const Span& span);
void put(Statement& statement, const AgentRow& agent);  // all but its labels
void put(Statement& statement, AgentId agent, std::size_t position, const Label& label);

void put(Statement& statement, JobId job, const Program& program);
void put(Statement& statement, const FileRow& file);
void put(Statement& statement, const FilePartRow& part);
void put(Statement& statement, const LogRow& log);
void put(Statement& statement, const OutputRow& output);
void put(Statement& statement, const EventRow& row);

// The current row of the statement of select_sql. Throws SqliteError (damaged).
JobRow read_job_row(const Statement& statement);
std::pair<SpanKey, Span> read_span_row(const Statement& statement);
AgentRow read_agent_row(const Statement& statement);
std::pair<JobId, Program> read_program_row(const Statement& statement);
FileRow read_file_row(const Statement& statement);
LogEntry read_log_row(const Statement& statement);
OutputEntry read_output_row(const Statement& statement);
EventRow read_event_row(const Statement& statement);
std::pair<AgentId, Label> read_agent_label_row(const Statement& statement);

}  // namespace pq::store
