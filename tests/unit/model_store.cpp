#include "tests/unit/model_store.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

#include "common/values/check.h"
#include "tests/rooms.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {

void Model::apply(const Changes& changes) {
  tests::apply(changes, rows);
  for (const auto& [hash, file] : changes.files) {
    std::uint64_t kept = file ? file->upto : 0;
    for (const FilePartRow& part : changes.file_parts) kept -= part.hash == hash ? part.bytes.size() : 0;
    file_parts.erase(file_parts.lower_bound({hash, kept}), file_parts.upper_bound({hash, UINT64_MAX}));
  }
  for (const FilePartRow& part : changes.file_parts) file_parts[{part.hash, part.offset}] = part.bytes;
  for (const LogRow& log : changes.logs) logs.insert_or_assign({log.job, log.entry.number}, log);
  for (const auto& [job, number] : changes.logs_erased_upto)
    logs.erase(logs.lower_bound({job, 0}), logs.upper_bound({job, number}));
  for (const OutputRow& output : changes.outputs)
    outputs.insert_or_assign({output.job, output.entry.run.begin, output.entry.offset, output.lease}, output);
  for (const OutputsErased& erased : changes.outputs_erased) {
    std::erase_if(outputs, [&](const auto& row) {
      return row.second.job == erased.job && row.second.lease == erased.lease &&
             row.second.entry.run.begin >= erased.from;
    });
  }
  for (const OutputsDiscarded& discarded : changes.outputs_discarded) {
    outputs.erase(outputs.lower_bound({discarded.job, discarded.runs.begin, 0, LeaseId{}}),
                  outputs.lower_bound({discarded.job, discarded.runs.end, 0, LeaseId{}}));
  }
  for (const auto& [key, part] : changes.parts) {
    if (part) {
      parts.insert_or_assign(key, *part);
    } else {
      parts.erase(key);
    }
  }
  for (const auto& [key, worker] : changes.workers) workers[key] = worker;
  for (const auto& [id, job] : changes.jobs) {
    if (job) continue;
    parts.erase(parts.lower_bound({id, 0}), parts.upper_bound({id, UINT64_MAX}));
    std::erase_if(workers, [id = id](const auto& row) { return row.first.first == id; });
    const auto is_its = [id = id](const auto& row) { return row.second.job == id; };
    std::erase_if(logs, is_its);
    std::erase_if(outputs, is_its);
  }
}

Stored Model::as_stored() const {
  Stored stored = rows;
  for (const auto& [key, span] : stored.spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    Collected& collected = stored.collected[leased->lease];
    collected.upto = leased->upto;
    for (auto row = outputs.lower_bound({key.job, key.begin, 0, LeaseId{}});
         row != outputs.end() && row->second.job == key.job && row->second.entry.run.begin < span.end;
         ++row) {
      const OutputRow& output = row->second;
      if (output.lease == leased->lease && output.entry.run.begin < leased->upto)
        collected.committed_bytes += output.entry.text.data.size();
      if (output.lease != leased->lease || output.entry.run.begin != collected.upto) continue;
      collected.add(output.entry.run, output.entry.text.data.size(), output.last);
    }
  }
  return stored;
}

Provenance Model::provenance(JobId job) const {
  Provenance found;
  for (auto row = parts.lower_bound({job, 0}); row != parts.end() && row->first.job == job; ++row)
    found.parts.emplace(row->first.begin, row->second);
  for (auto row = workers.lower_bound({job, WorkerId{}}); row != workers.end() && row->first.first == job;
       ++row)
    found.workers.emplace(row->first.second, row->second);
  return found;
}

Stored Model::looked_at(JobId job) const {
  Stored stored = as_stored();
  stored.provenance[job] = provenance(job);
  std::uint64_t& bytes = stored.output_bytes[job];
  for (auto row = outputs.lower_bound({job, 0, 0, LeaseId{}}); row != outputs.end() && row->second.job == job;
       ++row)
    bytes += row->second.entry.text.data.size();
  return stored;
}

std::optional<Stored> ModelStore::read_job(JobId job) { return job_of(model_.looked_at(job), job); }

Provenance ModelStore::read_provenance(JobId job, std::uint64_t begin, std::size_t count_max) {
  Provenance found = model_.provenance(job);
  found.parts.erase(found.parts.begin(), found.parts.lower_bound(begin));
  while (found.parts.size() > count_max) found.parts.erase(std::prev(found.parts.end()));
  return found;
}

std::string ModelStore::read_file(const Sha256& hash, std::uint64_t offset) {
  const auto after = model_.file_parts.upper_bound({hash, offset});
  if (after == model_.file_parts.begin()) return {};
  const auto& [key, bytes] = *std::prev(after);
  const std::uint64_t skipped = offset - key.second;
  return key.first == hash && skipped < bytes.size() ? bytes.substr(skipped) : std::string();
}

std::vector<LogEntry> ModelStore::read_logs(const AskLogs& ask, std::size_t count_max) {
  std::set<std::pair<LeaseId, std::uint64_t>> failed;
  for (const auto& [key, log] : model_.logs) {
    if (key.first == ask.job && log.entry.failed) failed.insert({log.lease, log.entry.run.begin});
  }
  std::vector<LogEntry> entries;
  for (const auto& [key, log] : model_.logs) {
    if (key.first != ask.job || key.second <= ask.after || entries.size() == count_max) continue;
    if (ask.failed && !failed.contains({log.lease, log.entry.run.begin})) continue;
    if (ask.around && !log.entry.run.contains(*ask.around)) continue;
    entries.push_back(log.entry);
  }
  return entries;
}

std::vector<LogEntry> ModelStore::read_last_failed_logs(JobId job, std::size_t count_max) {
  std::vector<LogEntry> entries = read_logs({.job = job, .failed = true}, model_.logs.size());
  if (entries.size() > count_max)
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(count_max));
  return entries;
}

std::vector<OutputEntry> ModelStore::read_outputs(const AskOutput& ask, std::size_t count_max) {
  std::vector<OutputEntry> entries;
  for (auto row = model_.outputs.lower_bound({ask.job, ask.begin, ask.offset, LeaseId{}});
       row != model_.outputs.end() && row->second.job == ask.job && entries.size() < count_max; ++row)
    entries.push_back(row->second.entry);
  return entries;
}

std::optional<Refusal> ModelStore::begin_backup(const std::string& /*name*/) {
  return Refusal{ErrorWord::backup_failed, "there is no disk here"};
}

std::optional<BackupEnd> ModelStore::continue_backup() {
  check(false, "no backup was begun");
  return std::nullopt;
}

}  // namespace pq::tests
