#include "daemon/view/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "common/report/json.h"
#include "common/values/text.h"
#include "daemon/view/metrics.h"
#include "daemon/view/process_usage.h"
#include "daemon/view/schemas.h"

namespace pq::view {
namespace {

constexpr std::string_view job_page = "/api/v1/jobs/";
constexpr std::string_view events_page = "/api/v1/events";
constexpr std::string_view agent_page = "/agents/";

HttpAnswer page(const Json& json) { return {.body = to_line(json) + '\n'}; }

// The part after "/api/v1/jobs/": "7/ledger".
struct JobPath {
  std::string_view job;   // "7"
  std::string_view page;  // "ledger"; empty: the job itself
};

std::optional<JobPath> job_path(std::string_view path) {
  if (!path.starts_with(job_page)) return std::nullopt;
  path.remove_prefix(job_page.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return JobPath{path, ""};
  if (slash + 1 == path.size()) return JobPath{path, ""};  // a slash too many: no job's number
  return JobPath{path.substr(0, slash), path.substr(slash + 1)};
}

HttpAnswer no_such_job(std::string_view text) {
  return refusal(404, to_text(ErrorWord::no_such_job), sentence({ErrorWord::no_such_job, printable(text)}));
}

HttpAnswer head_is_busy() {
  return refusal(503, "head_is_busy",
                 "the head has not answered in time; try again, and read its log if it stays so");
}

HttpAnswer no_such_page(std::string_view path) {
  return refusal(
      404, "no_such_page",
      "no such page: " + printable(path) +
          "; there are /, /healthz, /readyz, /metrics, /api/v1/jobs, /api/v1/jobs/ID, "
          "/api/v1/jobs/ID/ledger, …/explanation, …/history, …/logs and …/provenance, /api/v1/agents, "
          "/api/v1/events, /api/v1/history, /api/v1/stream and /agents/ARCH");
}

// With its failed spans if the snapshot has its detail; else as in the list of jobs, if that has it.
HttpAnswer answer_about_job(JobId id, const Snapshot& snapshot, const JobDetail* detail) {
  if (detail != nullptr) return page(to_json(detail->job));
  for (const JobReport& job : snapshot.jobs.jobs) {
    if (job.job == id) return page(to_json(job));
  }
  return snapshot.jobs.left_out > 0 ? head_is_busy() : no_such_job(std::to_string(id.value));
}

HttpAnswer answer_about_job(const JobPath& path, const Snapshot& snapshot) {
  const auto id = parse_job(path.job);
  if (!id) return no_such_job(path.job);
  const auto found = snapshot.details.find(*id);
  const bool is_looked_at = found != snapshot.details.end();
  if (is_looked_at && !found->second) return no_such_job(path.job);
  const JobDetail* detail = is_looked_at ? &*found->second : nullptr;
  if (path.page.empty()) return answer_about_job(*id, snapshot, detail);
  if (detail == nullptr) return head_is_busy();
  if (path.page == "ledger") return page(to_json(detail->ledger));
  if (path.page == "explanation") return page(to_json(detail->explanation));
  if (path.page == "history") return page(history_json(*id, detail->throughput));
  if (path.page == "logs") return page(failed_logs_json(*id, detail->failed_logs, detail->more_failed_logs));
  if (path.page == "provenance") return page(to_json(detail->provenance));
  return no_such_page(fmt::format("{}{}/{}", job_page, path.job, path.page));
}

HttpAnswer answer_about_events(const Snapshot& snapshot, const HttpQuery& query) {
  const auto asked = parse_event_query(query);
  if (!asked) return refusal(400, "malformed", asked.error());
  return page(to_json(snapshot.events.select(*asked)));
}

// Unknown paths are not cached, so a stranger who invents paths fills no memory.
bool is_worth_sharing(std::string_view path, const Snapshot& snapshot) {
  constexpr std::array lists = {std::string_view("/api/v1/jobs"), std::string_view("/api/v1/agents"),
                                std::string_view("/api/v1/history"), events_page};
  constexpr std::array of_a_job = {
      std::string_view(""),        std::string_view("ledger"), std::string_view("explanation"),
      std::string_view("history"), std::string_view("logs"),   std::string_view("provenance")};
  if (std::find(lists.begin(), lists.end(), path) != lists.end()) return true;
  const auto job = job_path(path);
  if (!job || std::find(of_a_job.begin(), of_a_job.end(), job->page) == of_a_job.end()) return false;
  const auto id = parse_job(job->job);
  return id && snapshot.details.contains(*id);
}

}  // namespace

std::optional<JobId> job_looked_at(std::string_view path) {
  const auto job = job_path(path);
  return job ? parse_job(job->job) : std::nullopt;
}

HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot, const HttpQuery& query) {
  if (snapshot == nullptr) return head_is_busy();
  if (path == "/healthz" || path == "/readyz") return {.body = "ok\n", .type = "text/plain"};
  if (path == "/metrics") return {.body = metrics(*snapshot, usage_of_this_process()), .type = metrics_type};
  if (path == "/api/v1/jobs") return page(to_json(snapshot->jobs));
  if (path == "/api/v1/agents") return page(to_json(snapshot->agents));
  if (path == "/api/v1/history") return page(history_json(std::nullopt, snapshot->throughput));
  if (path == events_page) return answer_about_events(*snapshot, query);
  if (const auto job = job_path(path)) return answer_about_job(*job, *snapshot);
  return no_such_page(path);
}

std::shared_ptr<const HttpAnswer> shared_answer_to(std::string_view path,
                                                   const std::shared_ptr<const Snapshot>& snapshot,
                                                   const HttpQuery& query) {
  const auto render = [&] { return answer_to(path, snapshot.get(), query); };
  if (!snapshot || !query.empty() || !is_worth_sharing(path, *snapshot))
    return std::make_shared<const HttpAnswer>(render());
  return snapshot->pages.page(std::string(path), render);
}

bool asks_for_agent(std::string_view path) { return path.starts_with(agent_page); }

HttpAnswer answer_about_agent(std::string_view path, const std::vector<AgentFile>& agents) {
  const std::string_view arch = path.substr(agent_page.size());
  std::string there;
  for (const AgentFile& agent : agents) {
    if (agent.arch == arch) return {.body = {}, .type = "application/octet-stream", .file = &agent};
    there += (there.empty() ? "" : " and ") + std::string(agent_page) + agent.arch;
  }
  return refusal(404, "no_such_page",
                 fmt::format("this head has no agent for {}; {}", printable(arch),
                             there.empty() ? "it has none at all: install the package pq-head, or start pqd "
                                             "with --agents-dir DIR where pq-agent-ARCH is"
                                           : "there is " + there));
}

HttpAnswer refusal(int status, std::string_view word, std::string_view text) {
  HttpAnswer answer = page(error_json(word, text));
  answer.status = status;
  return answer;
}

}  // namespace pq::view
