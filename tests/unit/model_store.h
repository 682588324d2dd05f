// A store in memory, as simple as possible: the model for the real one. Tests derive stores from it that
// fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/core/rows.h"
#include "daemon/store/store.h"
#include "tests/rooms.h"

namespace pq::tests {

// Everything that a database holds.
struct Model {
  using OutputKey =
      std::tuple<JobId, std::uint64_t, std::uint64_t, LeaseId>;  // begin of the run, place in its text

  Stored rows;
  std::map<std::pair<Sha256, std::uint64_t>, std::string> file_parts;
  std::map<std::pair<JobId, std::uint64_t>, LogRow> logs;
  std::map<OutputKey, OutputRow> outputs;
  std::map<SpanKey, Part> parts;
  std::map<std::pair<JobId, WorkerId>, Worker> workers;

  void apply(const Changes& changes);
  // The same as a head reads it at its start.
  Stored as_stored() const;
  // The same, with the provenance and the output of this job.
  Stored looked_at(JobId job) const;
  Provenance provenance(JobId job) const;
};

class ModelStore : public Store {
 public:
  Stored load() override { return model_.as_stored(); }
  void begin_epoch(Epoch epoch) override { model_.rows.epochs.insert(epoch); }
  void commit(const Changes& changes) override { model_.apply(changes); }
  std::optional<Stored> read_job(JobId job) override;
  Provenance read_provenance(JobId job, std::uint64_t begin, std::size_t count_max) override;
  std::string read_file(const Sha256& hash, std::uint64_t offset) override;
  std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) override;
  std::vector<LogEntry> read_last_failed_logs(JobId job, std::size_t count_max) override;
  std::vector<OutputEntry> read_outputs(const AskOutput& ask, std::size_t count_max) override;
  std::optional<Refusal> begin_backup(const std::string& name) override;
  std::optional<BackupEnd> continue_backup() override;

  const Stored& stored() const { return model_.rows; }
  const Model& model() const { return model_; }

 protected:
  Model model_;
};

}  // namespace pq::tests
