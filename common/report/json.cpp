#include "common/report/json.h"

#include <nlohmann/json.hpp>

#include "common/report/json_writer.h"

namespace pq {

Json to_json(const JobReport& report) { return JsonWriter::object_of(report); }
Json to_json(const JobsReport& report) { return JsonWriter::object_of(report); }
Json to_json(const AgentsReport& report) { return JsonWriter::object_of(report); }
Json to_json(const KeysReport& report) { return JsonWriter::object_of(report); }
Json to_json(const EventsReport& events) { return JsonWriter::object_of(events); }
Json to_json(const EventEntry& event) { return JsonWriter::object_of(event); }
Json to_json(const Explanation& job) { return JsonWriter::object_of(job); }
Json to_json(const Verification& findings) { return JsonWriter::object_of(findings); }
Json to_json(const FileVerification& file) { return JsonWriter::object_of(file); }
Json to_json(const Recomputed& done) { return JsonWriter::object_of(done); }
Json to_json(const BackedUp& backup) { return JsonWriter::object_of(backup); }
Json to_json(const JobSpec& spec) { return JsonWriter::object_of(spec); }

Json to_json(const ProvenancePage& page) {
  PartsOfJob shown{page.job, {}, page.more, page.more ? std::optional(page.next_begin) : std::nullopt};
  for (const PartReport& part : page.parts) shown.parts.push_back({page.job, part});
  return JsonWriter::object_of(shown);
}

Json to_json(JobId job, const LogEntry& entry) { return JsonWriter::object_of(OfJob<LogEntry>{job, entry}); }
Json to_json(JobId job, const OutputEntry& entry) {
  return JsonWriter::object_of(OfJob<OutputEntry>{job, entry});
}
Json to_json(JobId job, const PartReport& part) {
  return JsonWriter::object_of(OfJob<PartReport>{job, part});
}

Json error_json(std::string_view word, std::string_view text) {
  return JsonWriter::object_of(ErrorAnswer{{word, text}});
}

Json to_json(const JobsReport& found, const std::vector<JobsMissed>& missed) {
  return JsonWriter::object_of(JobsOfSelection{found, missed});
}

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_line(const Verification& verification) { return to_line(to_json(verification)); }
std::string json_line(const FileVerification& verification) { return to_line(to_json(verification)); }
std::string error_line(std::string_view word, std::string_view text) {
  return to_line(error_json(word, text));
}

}  // namespace pq
