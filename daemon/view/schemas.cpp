#include "daemon/view/schemas.h"

#include <nlohmann/json.hpp>

#include "common/report/json_writer.h"
#include "common/version.h"

namespace pq {

Json to_json(const core::LedgerPicture& ledger) { return JsonWriter::object_of(ledger); }

Json history_json(std::optional<JobId> job, const std::vector<core::Sample>& samples) {
  return JsonWriter::object_of(History{job, samples});
}

Json failed_logs_json(JobId job, const std::vector<LogEntry>& entries, bool more) {
  FailedLogs shown{job, {}, more};
  for (const LogEntry& entry : entries) shown.entries.push_back({job, entry});
  return JsonWriter::object_of(shown);
}

Json gone_json(const std::vector<JobId>& jobs, const std::vector<std::string>& agents) {
  return JsonWriter::object_of(GoneFromLists{jobs, agents});
}

Json tick_json(UnixMs now) { return JsonWriter::object_of(Tick{now, program_version}); }

}  // namespace pq
