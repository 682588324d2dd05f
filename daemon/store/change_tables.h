// Writes the rows that a turn has changed. Each class has the statements of the tables that belong together.
#pragma once

#include "daemon/core/rows.h"
#include "daemon/store/sqlite.h"

namespace pq::store {

// In all of them `database` must outlive the tables, and write() is called within a transaction.

// Jobs with their programs and spans.
class JobTables {
 public:
  explicit JobTables(Database& database);

  // Jobs are erased last: an erased one takes all its spans along.
  void write(const Changes& changes);

 private:
  Statement put_job_;
  Statement erase_job_;
  Statement put_span_;
  Statement erase_span_;
  Statement erase_spans_of_job_;
  Statement put_program_;
  Statement erase_program_;
  Statement put_last_job_;
};

// Agents with their labels, and up to where their output is stored.
class AgentTables {
 public:
  explicit AgentTables(Database& database);

  void write(const Changes& changes);

 private:
  void write(AgentId id, const std::optional<AgentRow>& agent);

  Statement put_agent_;
  Statement erase_agent_;
  Statement put_label_;
  Statement erase_labels_of_agent_;
  Statement put_outputs_seen_;
  Statement erase_outputs_seen_;
};

// Files that travel with jobs, in parts.
class FileTables {
 public:
  explicit FileTables(Database& database);

  void write(const Changes& changes);

 private:
  Statement put_file_;
  Statement erase_file_;
  Statement put_part_;
  Statement erase_parts_;
};

// What programs print: logs, and output that is collected.
class PrintTables {
 public:
  explicit PrintTables(Database& database);

  // Those of an erased job are erased too.
  void write(const Changes& changes);

 private:
  Statement put_log_;
  Statement erase_logs_;
  Statement put_output_;
  Statement erase_outputs_;
  Statement erase_outputs_of_job_;
};

class EventTable {
 public:
  explicit EventTable(Database& database);

  void write(const Changes& changes);

 private:
  Statement put_event_;
  Statement erase_event_;
};

}  // namespace pq::store
