#include "daemon/view/changes.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/report/json.h"
#include "daemon/view/limits.h"
#include "daemon/view/schemas.h"

namespace pq::view {
namespace {

constexpr auto stream_retry_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(limits::stream_retry).count();

void tell(std::string& text, std::string_view what, const Json& json) {
  text += "event: ";
  text += what;
  text += "\ndata: ";
  text += to_line(json);  // no line end is in it
  text += "\n\n";
}

bool is_as_before(const AgentReport& before, const AgentReport& now) {
  if (before.heard_ms_ago == now.heard_ms_ago) return before == now;
  AgentReport same = before;
  same.heard_ms_ago = now.heard_ms_ago;
  return same == now;
}

// Both are ordered by id.
JobsReport changed_jobs(const JobsReport& before, const JobsReport& now, std::vector<JobId>& gone) {
  JobsReport changed{.jobs = {}, .left_out = now.left_out, .live_left_out = now.live_left_out};
  auto old = before.jobs.begin();
  for (const JobReport& job : now.jobs) {
    for (; old != before.jobs.end() && old->job < job.job; ++old) gone.push_back(old->job);
    const bool was_there = old != before.jobs.end() && old->job == job.job;
    if (!was_there || *old != job) changed.jobs.push_back(job);
    if (was_there) ++old;
  }
  for (; old != before.jobs.end(); ++old) gone.push_back(old->job);
  return changed;
}

// They are ordered by name, with gone agents last.
AgentsReport changed_agents(const AgentsReport& before, const AgentsReport& now,
                            std::vector<std::string>& gone) {
  std::unordered_map<std::string_view, const AgentReport*> old;
  old.reserve(before.agents.size());
  for (const AgentReport& agent : before.agents) old.emplace(agent.name, &agent);
  AgentsReport changed{.agents = {}, .left_out = now.left_out};
  for (const AgentReport& agent : now.agents) {
    const auto found = old.find(agent.name);
    if (found == old.end() || !is_as_before(*found->second, agent)) changed.agents.push_back(agent);
    if (found != old.end()) old.erase(found);
  }
  for (const auto& [name, agent] : old) gone.emplace_back(name);
  std::sort(gone.begin(), gone.end());
  return changed;
}

std::vector<Sample> new_samples(const std::vector<Sample>& before, const std::vector<Sample>& now) {
  const UnixMs last = before.empty() ? 0 : before.back().unix_ms;
  std::vector<Sample> added;
  std::copy_if(now.begin(), now.end(), std::back_inserter(added),
               [&](const Sample& sample) { return before.empty() || sample.unix_ms > last; });
  return added;
}

}  // namespace

std::string whole_state(const Snapshot& now) {
  std::string text = "retry: " + std::to_string(stream_retry_ms) + "\n\n";
  tell(text, "jobs", to_json(now.jobs));
  tell(text, "agents", to_json(now.agents));
  tell(text, "events", to_json(now.events.select({.limit = limits::stream_events_first})));
  tell(text, "history", history_json(std::nullopt, now.throughput));
  tell(text, "tick", tick_json(now.unix_ms));
  return text;
}

std::string changes(const Snapshot& before, const Snapshot& now) {
  std::string text;
  std::vector<JobId> jobs_gone;
  const JobsReport jobs = changed_jobs(before.jobs, now.jobs, jobs_gone);
  const bool as_many_are_left_out =
      before.jobs.left_out == now.jobs.left_out && before.jobs.live_left_out == now.jobs.live_left_out;
  if (!jobs.jobs.empty() || !as_many_are_left_out) tell(text, "jobs", to_json(jobs));
  std::vector<std::string> agents_gone;
  const AgentsReport agents = changed_agents(before.agents, now.agents, agents_gone);
  if (!agents.agents.empty() || before.agents.left_out != now.agents.left_out)
    tell(text, "agents", to_json(agents));
  if (!jobs_gone.empty() || !agents_gone.empty()) tell(text, "gone", gone_json(jobs_gone, agents_gone));
  if (now.events.last() > before.events.last()) {
    EventsReport news = now.events.select({.after = before.events.last()});
    // The numbers have no gaps, so events that are no longer kept count too.
    news.left_out = now.events.last() - before.events.last() - news.events.size();
    tell(text, "events", to_json(news));
  }
  const std::vector<Sample> samples = new_samples(before.throughput, now.throughput);
  if (!samples.empty()) tell(text, "history", history_json(std::nullopt, samples));
  tell(text, "tick", tick_json(now.unix_ms));
  return text;
}

}  // namespace pq::view
