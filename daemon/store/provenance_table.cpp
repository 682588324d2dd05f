#include "daemon/store/provenance_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/row_codec.h"
#include "daemon/store/table.h"

namespace pq::store {
namespace {

constexpr std::array<std::string_view, 8> part_columns = {
    "job", "begin", "end", "lease_epoch", "lease_counter", "workers", "value", "output_bytes"};
const Table parts_table{"parts", 2, part_columns};

constexpr std::array<std::string_view, 4> worker_columns = {"job", "worker", "name", "public_key"};
const Table workers_table{"workers", 2, worker_columns};

constexpr std::array<std::string_view, 6> suspect_columns = {"job",         "worker", "name",
                                                             "contradicts", "what",   "must_be_discarded"};
const Table suspects_table{"suspects", 2, suspect_columns};

std::string bytes_of(const std::vector<WorkerId>& workers) {
  std::string bytes;
  for (const WorkerId worker : workers) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<char>(worker.value >> static_cast<unsigned>(shift) & 255U));
  }
  return bytes;
}

std::vector<WorkerId> read_workers(RowReader& row) {
  const std::string bytes = row.bytes();
  if (bytes.size() % 8 != 0) {
    throw SqliteError(SqliteError::Kind::damaged, "table parts: column workers is cut off");
  }
  std::vector<WorkerId> workers(bytes.size() / 8);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    workers[i / 8].value = workers[i / 8].value << 8U | static_cast<unsigned char>(bytes[i]);
  return workers;
}

// The lease's two columns are both set or both empty.
std::optional<LeaseId> read_lease(RowReader& row) {
  const auto epoch = row.maybe_integer<std::uint64_t>();
  if (!epoch) {
    row.nothing();
    return std::nullopt;
  }
  return LeaseId{Epoch{*epoch}, row.integer<std::uint64_t>()};
}

std::pair<std::uint64_t, Part> read_part(const Statement& statement) {
  RowReader row(statement, parts_table);
  Part part;
  row.integer<std::uint64_t>();  // the job
  const std::uint64_t begin = from_ordered(row.integer<std::int64_t>());
  part.end = from_ordered(row.integer<std::int64_t>());
  part.lease = read_lease(row);
  part.workers = read_workers(row);
  part.value = row.maybe_value();
  part.output_bytes = row.integer<std::uint64_t>();
  return {begin, std::move(part)};
}

}  // namespace

ProvenanceTables::ProvenanceTables(Database& database)
    : put_part_(database, put_sql(parts_table)),
      erase_part_(database, erase_sql(parts_table, 2)),
      erase_parts_(database, erase_sql(parts_table, 1)),
      put_worker_(database, put_sql(workers_table)),
      erase_workers_(database, erase_sql(workers_table, 1)),
      put_suspect_(database, put_sql(suspects_table)),
      erase_suspect_(database, erase_sql(suspects_table, 2)),
      erase_suspects_(database, erase_sql(suspects_table, 1)),
      erase_outputs_(database, "DELETE FROM outputs WHERE job = ? AND begin >= ? AND begin < ?") {}

void ProvenanceTables::write(const Changes& changes) {
  for (const auto& [key, part] : changes.parts) {
    if (!part) {
      erase_part_.run(key.job.value, as_ordered(key.begin));
      continue;
    }
    std::optional<std::uint64_t> epoch;
    std::optional<std::uint64_t> counter;
    if (part->lease) epoch = part->lease->epoch.value, counter = part->lease->counter;
    const std::string workers = bytes_of(part->workers);
    put_part_.run(key.job.value, as_ordered(key.begin), as_ordered(part->end), epoch, counter, Blob{workers},
                  part->value, part->output_bytes);
  }
  for (const auto& [key, worker] : changes.workers)
    put_worker_.run(key.first.value, key.second.value, worker.name, worker.public_key);
  for (const auto& [key, suspect] : changes.suspects) {
    if (suspect) {
      put_suspect_.run(key.first.value, key.second.value, suspect->name, suspect->contradicts, suspect->what,
                       suspect->must_be_discarded);
    } else {
      erase_suspect_.run(key.first.value, key.second.value);
    }
  }
  for (const OutputsDiscarded& discarded : changes.outputs_discarded)
    erase_outputs_.run(discarded.job.value, as_ordered(discarded.runs.begin), as_ordered(discarded.runs.end));
  for (const auto& [id, job] : changes.jobs) {
    if (!job) erase(id);
  }
}

void ProvenanceTables::erase(JobId job) {
  erase_parts_.run(job.value);
  erase_workers_.run(job.value);
  erase_suspects_.run(job.value);
}

Provenance read_provenance(Database& database, JobId job, std::uint64_t begin, std::size_t count_max) {
  Provenance provenance;
  Statement parts(database,
                  fmt::format("SELECT {} FROM parts WHERE job = ? AND begin >= ? ORDER BY begin LIMIT ?",
                              fmt::join(part_columns, ", ")));
  parts.bind(1, job.value);
  parts.bind(2, as_ordered(begin));
  parts.bind(3, std::min<std::uint64_t>(count_max, std::numeric_limits<std::int64_t>::max()));
  while (parts.step()) provenance.parts.insert(provenance.parts.end(), read_part(parts));
  Statement workers(database, select_sql(workers_table, 1));
  workers.bind(1, job.value);
  while (workers.step()) {
    RowReader row(workers, workers_table);
    row.integer<std::uint64_t>();  // the job
    const WorkerId worker{row.integer<std::uint64_t>()};
    std::string name = row.text();
    provenance.workers[worker] = {std::move(name), row.text()};
  }
  return provenance;
}

std::map<std::pair<JobId, WorkerId>, Suspect> read_suspects(Database& database) {
  std::map<std::pair<JobId, WorkerId>, Suspect> suspects;
  for (Statement statement(database, select_sql(suspects_table)); statement.step();) {
    RowReader row(statement, suspects_table);
    const JobId job{row.integer<std::uint64_t>()};
    const WorkerId worker{row.integer<std::uint64_t>()};
    Suspect& suspect = suspects[{job, worker}];
    suspect.name = row.text();
    suspect.contradicts = row.integer<std::uint8_t>() != 0;
    suspect.what = row.text();
    suspect.must_be_discarded = row.integer<std::uint8_t>() != 0;
  }
  return suspects;
}

std::uint64_t read_output_bytes(Database& database, JobId job) {
  Statement sum(database, "SELECT coalesce(sum(length(text)), 0) FROM outputs WHERE job = ?");
  sum.bind(1, job.value);
  return sum.step() ? static_cast<std::uint64_t>(sum.integer(0)) : 0;
}

}  // namespace pq::store
