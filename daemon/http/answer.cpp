#include "daemon/http/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/json.h"
#include "common/limits.h"
#include "common/os/usage.h"
#include "common/text.h"
#include "daemon/http/metrics.h"

namespace pq {
namespace {

constexpr std::string_view job_page = "/api/v1/jobs/";
constexpr std::string_view agent_page = "/agents/";

HttpAnswer page(const Json& json) { return {.body = to_line(json) + '\n'}; }

std::optional<JobId> parse_job(std::string_view text) {
  JobId job;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), job.value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return job;
}

HttpAnswer answer_about_job(std::string_view text, const JobsReport& report) {
  const auto id = parse_job(text);
  const auto job = std::find_if(report.jobs.begin(), report.jobs.end(),
                                [&](const JobReport& one) { return one.job == id; });
  if (job != report.jobs.end()) return page(to_json(*job));
  if (id && report.left_out > 0 && *id < report.jobs.front().job) {
    return refusal(
        404, to_text(ErrorWord::too_much),
        fmt::format("job {} is not among the newest {}, which are all that HTTP shows; run: pq-status {}",
                    id->value, limits::jobs_reported_max, id->value));
  }
  return refusal(404, to_text(ErrorWord::no_such_job), sentence({ErrorWord::no_such_job, printable(text)}));
}

}  // namespace

HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot) {
  if (snapshot == nullptr) {
    return refusal(503, "head_is_busy",
                   "the head has not answered in time; try again, and read its log if it stays so");
  }
  if (path == "/healthz") return {.body = "ok\n", .type = "text/plain"};
  if (path == "/metrics") return {.body = metrics(*snapshot, usage_of_this_process()), .type = metrics_type};
  if (path == "/api/v1/jobs") return page(to_json(snapshot->jobs));
  if (path == "/api/v1/agents") return page(to_json(snapshot->agents));
  if (path.starts_with(job_page)) return answer_about_job(path.substr(job_page.size()), snapshot->jobs);
  return refusal(
      404, "no_such_page",
      "no such page: " + printable(path) +
          "; there are /healthz, /metrics, /api/v1/jobs, /api/v1/jobs/ID, /api/v1/agents and /agents/ARCH");
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

}  // namespace pq
