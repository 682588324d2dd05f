// Provenance, in the tables of schema_provenance.sql.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "daemon/core/rows.h"
#include "daemon/store/sqlite.h"

namespace pq::store {

class ProvenanceTables {
 public:
  // `database` must outlive this.
  explicit ProvenanceTables(Database& database);

  // What belongs to an erased job is erased too.
  void write(const Changes& changes);

 private:
  void erase(JobId job);

  Statement put_part_;
  Statement erase_part_;
  Statement erase_parts_;
  Statement put_worker_;
  Statement erase_workers_;
  Statement put_suspect_;
  Statement erase_suspect_;
  Statement erase_suspects_;
  Statement erase_outputs_;
};

// Of one job: the parts that begin at `begin` or later, at most `count_max`, and all workers.
Provenance read_provenance(Database& database, JobId job, std::uint64_t begin, std::size_t count_max);

std::map<std::pair<JobId, WorkerId>, Suspect> read_suspects(Database& database);

// How many bytes are stored of a job's output.
std::uint64_t read_output_bytes(Database& database, JobId job);

}  // namespace pq::store
