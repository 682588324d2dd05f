#include "common/json.h"

#include <nlohmann/json.hpp>

#include "common/figures.h"

namespace pq {
namespace {

template <class T>
Json or_null(const std::optional<T>& field) {
  return field ? Json(*field) : Json(nullptr);
}

Json value_json(const std::optional<Value>& value) { return value ? Json(to_text(*value)) : Json(nullptr); }

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"invariant", finding.invariant}, {"holds", finding.holds}, {"detail", finding.detail}});
  }
  return list;
}

Json labels_json(const std::vector<Label>& labels) {
  Json json = Json::object();
  for (const Label& label : labels) json[label.key] = label.value;
  return json;
}

Json to_json(const FileRef& file) {
  return {{"name", file.name},
          {"sha256", to_text(file.hash)},
          {"bytes", file.bytes},
          {"kind", to_text(file.kind)}};
}

Json to_json(const Program& program) {
  Json env = Json::object();
  for (const Setting& setting : program.env) env[setting.name] = setting.value;
  Json files = Json::array();
  for (const FileRef& file : program.files) files.push_back(to_json(file));
  return {
      {"words", program.words},           {"command", command_text(program)},
      {"stream", program.streams},        {"step", std::to_string(program.run_width)},
      {"timeout_ms", program.timeout_ms}, {"memory_bytes", std::to_string(program.memory_bytes)},
      {"collect", program.collects},      {"env", std::move(env)},
      {"files", std::move(files)},        {"items", program.items ? to_json(*program.items) : Json(nullptr)}};
}

// What was added to the schemas of a job and of a submission alike.
void add_terms(Json& json, const JobSpec& spec) {
  json["cpus"] = spec.cpus;
  json["require"] = labels_json(spec.require);
  json["program"] = spec.program ? to_json(*spec.program) : Json(nullptr);
  json["attempts_max"] = spec.attempts_max;
  json["failures_max"] = spec.failures_max;
}

Json failed_spans_json(const std::vector<FailedSpan>& spans) {
  Json list = Json::array();
  for (const FailedSpan& span : spans) {
    list.push_back({{"begin", std::to_string(span.range.begin)},
                    {"end", std::to_string(span.range.end)},
                    {"attempts", span.attempts},
                    {"error", span.error}});
  }
  return list;
}

Json notice_json(const std::optional<Notice>& notice) {
  if (!notice) return nullptr;
  return {{"kind", to_text(notice->kind)},
          {"text", notice->text},
          {"ends_unix_ms", or_null(notice->ends_unix_ms)}};
}

Json to_json(const AgentReport& agent) {
  Json kernels = Json::array();
  for (const Kernel kernel : agent.kernels) kernels.push_back(to_text(kernel));
  Json leases = Json::array();
  for (const LeaseHeld& lease : agent.leases)
    leases.push_back({{"job", lease.job.value}, {"granted_unix_ms", or_null(lease.granted_unix_ms)}});
  return {{"name", agent.name},
          {"state", to_text(agent.state)},
          {"slots", agent.slots},
          {"busy", agent.busy},
          {"rate_per_s", agent.rate_per_s},
          {"version", agent.program_version},
          {"heard_ms_ago", agent.heard_ms_ago},
          {"kernels", std::move(kernels)},
          {"labels", labels_json(agent.labels)},
          {"notice", notice_json(agent.notice)},
          {"notice_errors", agent.notice_errors},
          {"beats_missed", agent.beats_missed},
          {"leases", std::move(leases)}};
}

}  // namespace

Json to_json(const JobReport& report) {
  const JobSpec& spec = report.spec;
  const LeaseCounts& leases = report.leases;
  Json json = {
      {"schema", "pq.job/1"},
      {"id", report.job.value},
      {"name", spec.name},
      {"state", to_text(report.state)},
      {"kernel", to_text(spec.kernel)},
      {"fold", to_text(spec.fold)},
      {"begin", std::to_string(spec.range.begin)},
      {"end", std::to_string(spec.range.end)},
      {"width", std::to_string(spec.range.width())},
      {"done", std::to_string(report.done)},
      {"failed", std::to_string(report.failed)},
      {"value", value_json(report.value)},
      {"value_is_final", value_is_final(report)},
      {"recomputed", std::to_string(report.recomputed)},
      {"leases", {{"granted", leases.granted}, {"expired", leases.expired}, {"yielded", leases.yielded}}},
      {"attempts_failed", report.attempts_failed},
      {"created_unix_ms", report.created_unix_ms},
      {"started_unix_ms", or_null(report.started_unix_ms)},
      {"finished_unix_ms", or_null(report.finished_unix_ms)},
      {"rate_per_s", report.rate_per_s},
      {"eta_s", or_null(eta_s(report))},
      {"error", or_null(report.error)}};
  add_terms(json, spec);
  json["failed_spans"] = failed_spans_json(report.failed_spans);
  json["unplaced"] = or_null(report.unplaced);
  json["priority"] = spec.priority;
  json["slots_busy"] = report.slots_busy;
  const auto band = eta_band_s(report);
  json["eta_low_s"] = band ? Json(band->low) : Json(nullptr);
  json["eta_high_s"] = band ? Json(band->high) : Json(nullptr);
  return json;
}

Json to_json(const JobsReport& report) {
  Json jobs = Json::array();
  for (const JobReport& job : report.jobs) jobs.push_back(to_json(job));
  return {{"schema", "pq.jobs/1"}, {"jobs", std::move(jobs)}, {"left_out", report.left_out}};
}

Json to_json(const AgentsReport& report) {
  Json agents = Json::array();
  for (const AgentReport& agent : report.agents) agents.push_back(to_json(agent));
  return {{"schema", "pq.agents/1"}, {"agents", std::move(agents)}, {"left_out", report.left_out}};
}

Json to_json(const KeysReport& report) {
  Json keys = Json::array();
  for (const KeyReport& key : report.keys) {
    keys.push_back({{"name", key.name},
                    {"role", to_text(key.role)},
                    {"public_key", key.public_key},
                    {"expires_unix_ms", or_null(key.expires_unix_ms)},
                    {"agents", key.agents}});
  }
  return {{"schema", "pq.keys/1"}, {"keys", std::move(keys)}, {"left_out", report.left_out}};
}

Json to_json(const EventEntry& event) {
  return {{"schema", "pq.event/1"},
          {"number", std::to_string(event.number)},
          {"unix_ms", event.unix_ms},
          {"what", event.what},
          {"severity", to_text(event.severity)},
          {"job", event.job ? Json(event.job->value) : Json(nullptr)},
          {"agent", or_null(event.agent)},
          {"text", event.text},
          {"detail", event.detail}};
}

Json to_json(const EventsReport& events) {
  Json list = Json::array();
  for (const EventEntry& event : events.events) list.push_back(to_json(event));
  return {{"schema", "pq.events/1"}, {"events", std::move(list)}, {"left_out", events.left_out}};
}

Json to_json(const Explanation& explanation) {
  Json reasons = Json::array();
  for (const Reason& reason : explanation.reasons) {
    reasons.push_back({{"word", reason.word}, {"text", reason.text}, {"advice", or_null(reason.advice)}});
  }
  return {{"schema", "pq.explanation/1"},
          {"job", explanation.job.value},
          {"state", to_text(explanation.state)},
          {"reasons", std::move(reasons)}};
}

Json to_json(const Verification& verification) {
  return {{"schema", "pq.verification/1"},
          {"job", verification.job.value},
          {"holds", all_hold(verification.findings)},
          {"findings", findings_json(verification.findings)}};
}

Json to_json(const FileVerification& verification) {
  Json jobs = Json::array();
  for (const Verification& job : verification.jobs) jobs.push_back(to_json(job));
  return {{"schema", "pq.verifications/1"},
          {"file", verification.file},
          {"holds", all_hold(verification)},
          {"findings", findings_json(verification.together)},
          {"jobs", std::move(jobs)}};
}

Json to_json(const BackedUp& backup) {
  return {{"schema", "pq.backup/1"}, {"path", backup.path}, {"bytes", backup.bytes}};
}

Json to_json(const JobSpec& spec) {
  Json json = {{"schema", "pq.submission/1"},
               {"name", spec.name},
               {"kernel", to_text(spec.kernel)},
               {"fold", to_text(spec.fold)},
               {"begin", std::to_string(spec.range.begin)},
               {"end", std::to_string(spec.range.end)},
               {"width", std::to_string(spec.range.width())},
               {"priority", spec.priority}};
  add_terms(json, spec);
  return json;
}

Json to_json(JobId job, const LogEntry& entry) {
  return {{"schema", "pq.log/1"},
          {"job", job.value},
          {"number", entry.number},
          {"unix_ms", entry.unix_ms},
          {"agent", entry.agent},
          {"begin", std::to_string(entry.run.begin)},
          {"end", std::to_string(entry.run.end)},
          {"attempt", entry.attempt},
          {"stream", to_text(entry.stream)},
          {"failed", entry.failed},
          {"text", entry.text.data}};
}

Json to_json(JobId job, const OutputEntry& entry) {
  return {{"schema", "pq.output/1"},
          {"job", job.value},
          {"begin", std::to_string(entry.run.begin)},
          {"end", std::to_string(entry.run.end)},
          {"offset", std::to_string(entry.offset)},
          {"text", entry.text.data}};
}

Json error_json(std::string_view word, std::string_view text) {
  return {{"schema", "pq.error/1"}, {"error", {{"word", word}, {"text", text}}}};
}

std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_line(const Verification& verification) { return to_line(to_json(verification)); }
std::string json_line(const FileVerification& verification) { return to_line(to_json(verification)); }
std::string error_line(std::string_view word, std::string_view text) {
  return to_line(error_json(word, text));
}

}  // namespace pq
