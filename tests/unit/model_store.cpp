#include "tests/unit/model_store.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

#include "common/check.h"
#include "tests/unit/stored_rows.h"

namespace pq {

void Model::apply(const Changes& changes) {
  pq::apply(changes, rows);
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
  for (const auto& [id, job] : changes.jobs) {
    if (job) continue;
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
    for (auto row = outputs.lower_bound({key.job, leased->upto, 0, LeaseId{}});
         row != outputs.end() && row->second.job == key.job; ++row) {
      const OutputRow& output = row->second;
      if (output.lease != leased->lease || output.entry.run.begin != collected.upto) continue;
      collected.add(output.entry.run, output.entry.text.data.size(), output.last);
    }
  }
  return stored;
}

std::optional<Stored> ModelStore::read_job(JobId job) { return job_of(model_.rows, job); }

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

}  // namespace pq
