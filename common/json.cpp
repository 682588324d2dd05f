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

Json to_json(const AgentReport& agent) {
  Json kernels = Json::array();
  for (const Kernel kernel : agent.kernels) kernels.push_back(to_text(kernel));
  Json labels = Json::object();
  for (const Label& label : agent.labels) labels[label.key] = label.value;
  return {{"name", agent.name},
          {"state", to_text(agent.state)},
          {"slots", agent.slots},
          {"busy", agent.busy},
          {"rate_per_s", agent.rate_per_s},
          {"version", agent.program_version},
          {"heard_ms_ago", agent.heard_ms_ago},
          {"kernels", std::move(kernels)},
          {"labels", std::move(labels)}};
}

}  // namespace

Json to_json(const JobReport& report) {
  const JobSpec& spec = report.spec;
  const LeaseCounts& leases = report.leases;
  return {{"schema", "pq.job/1"},
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
}

Json to_json(const JobsReport& report) {
  Json jobs = Json::array();
  for (const JobReport& job : report.jobs) jobs.push_back(to_json(job));
  return {{"schema", "pq.jobs/1"}, {"jobs", std::move(jobs)}, {"left_out", report.left_out}};
}

Json to_json(const AgentsReport& report) {
  Json agents = Json::array();
  for (const AgentReport& agent : report.agents) agents.push_back(to_json(agent));
  return {{"schema", "pq.agents/1"}, {"agents", std::move(agents)}};
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
  return {{"schema", "pq.submission/1"},
          {"name", spec.name},
          {"kernel", to_text(spec.kernel)},
          {"fold", to_text(spec.fold)},
          {"begin", std::to_string(spec.range.begin)},
          {"end", std::to_string(spec.range.end)},
          {"width", std::to_string(spec.range.width())},
          {"priority", spec.priority}};
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
