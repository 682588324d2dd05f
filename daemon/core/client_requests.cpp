#include "daemon/core/client_requests.h"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/job_control.h"
#include "daemon/core/limits.h"
#include "daemon/core/telling/explanation.h"
#include "daemon/core/telling/job_list.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

template <class Message, class... Others>
constexpr bool is_one_of = (std::is_same_v<Message, Others> || ...);

// Requests that the daemon answers from the store, the keys or the head's files.
template <class Message>
constexpr bool is_the_daemons = is_one_of<Message, Verify, BackUp, Authorize, AskKeys, RevokeKey, AskLogs,
                                          AskOutput, AskAgentPrograms, Recompute, AskProvenance>;

// Applies `answer` to each, as if it were asked alone.
EachJob each_of(const std::vector<JobId>& jobs, auto answer) {
  EachJob all;
  for (const JobId job : jobs) {
    HeadToClient one = answer(job);
    if (auto* report = std::get_if<JobReport>(&one)) all.reports.push_back(std::move(*report));
    if (auto* refusal = std::get_if<Refusal>(&one)) all.refused.push_back({job, std::move(*refusal)});
  }
  return all;
}

// As this peer may see it.
void hide_settings(HeadToClient& answer, const Sender& from) {
  const auto hide = [&](JobReport& job) {
    if (!sees_settings(from, job.submitter)) core::hide_settings(job);
  };
  if (auto* job = std::get_if<JobReport>(&answer)) hide(*job);
  if (auto* list = std::get_if<JobsReport>(&answer)) {
    for (JobReport& job : list->jobs) hide(job);
  }
  if (auto* each = std::get_if<EachJob>(&answer)) {
    for (JobReport& job : each->reports) hide(job);
  }
}

}  // namespace

std::optional<HeadToClient> ClientRequests::answer(const Sender& from, const Letter<ClientToHead>& letter) {
  std::optional<HeadToClient> whole = whole_answer(from, letter);
  if (whole) hide_settings(*whole, from);
  return whole;
}

std::optional<HeadToClient> ClientRequests::whole_answer(const Sender& from,
                                                         const Letter<ClientToHead>& letter) {
  return std::visit(
      [&](const auto& m) -> std::optional<HeadToClient> {
        using Message = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<Message, Wait>) {
          return wait(m, from, letter.request);
        } else if constexpr (is_one_of<Message, Submit, Steer, SteerEach, Reprioritize, ReprioritizeEach,
                                       AskJobs, AskJobIds>) {
          return answer(m, from);
        } else if constexpr (is_the_daemons<Message>) {
          return Refusal{ErrorWord::not_allowed, "the daemon itself answers this"};
        } else {
          return answer(m);
        }
      },
      letter.body);
}

// ---------------------------------------------------------------- questions

HeadToClient ClientRequests::answer(const AskJob& ask) {
  const Job* job = core_.jobs.find(ask.job);
  if (job == nullptr) return core_.jobs.no_such(ask.job);
  return whole_report(*job, core_);
}

HeadToClient ClientRequests::answer(const AskJobs& ask, const Sender& from) {
  return list_jobs(core_, reported_to_clients, ask.mine ? std::optional(from.name) : std::nullopt);
}

HeadToClient ClientRequests::answer(const AskJobIds& ask, const Sender& from) {
  return ids_of(core_.jobs.all(), ask, now_.unix_ms, from.name);
}

HeadToClient ClientRequests::answer(const AskEach& ask) {
  return each_of(ask.jobs, [&](JobId job) { return answer(AskJob{.job = job}); });
}

HeadToClient ClientRequests::answer(const AskAgents& /*ask*/) { return report_agents(core_.fleet, now_); }

HeadToClient ClientRequests::answer(const AskEvents& ask) { return core_.story.events.report(ask); }

HeadToClient ClientRequests::answer(const AskExplanation& ask) {
  const Job* job = core_.jobs.find(ask.job);
  if (job == nullptr) return core_.jobs.no_such(ask.job);
  return explain(core_, *job, now_);
}

// ---------------------------------------------------------------- submissions and steering

HeadToClient ClientRequests::answer(const Submit& submit, const Sender& from) {
  return JobControl(turn_).submit(submit, from);
}

HeadToClient ClientRequests::answer(const PutFile& put) {
  if (core_.space.is_short()) return core_.space.refusal();
  auto stored = core_.files.put(put, now_, core_.changes);
  return stored ? HeadToClient(*stored) : HeadToClient(std::move(stored.error()));
}

HeadToClient ClientRequests::answer(const Steer& steer, const Sender& from) {
  return JobControl(turn_).steer(steer, from);
}

HeadToClient ClientRequests::answer(const SteerEach& steer, const Sender& from) {
  return each_of(steer.jobs, [&](JobId job) { return answer(Steer{.job = job, .what = steer.what}, from); });
}

HeadToClient ClientRequests::answer(const Reprioritize& ask, const Sender& from) {
  return JobControl(turn_).reprioritize(ask, from);
}

HeadToClient ClientRequests::answer(const ReprioritizeEach& ask, const Sender& from) {
  return each_of(ask.jobs,
                 [&](JobId job) { return answer(Reprioritize{.job = job, .priority = ask.priority}, from); });
}

HeadToClient ClientRequests::answer(const DrainAgent& ask) {
  AgentsReport reports;
  auto& all = core_.fleet.roster().all();
  for (auto& [id, agent] : all) {
    if (agent.row.name != ask.name || agent.is_gone()) continue;
    agent.drain_asked = true;
    core_.fleet.order(id);
    core_.fleet.refresh(agent);
    reports.agents.push_back(report(agent, core_.fleet, now_));
  }
  if (!reports.agents.empty()) return reports;
  const bool was_here = std::any_of(all.begin(), all.end(),
                                    [&](const auto& entry) { return entry.second.row.name == ask.name; });
  return Refusal{ErrorWord::no_such_agent, was_here ? ask.name + " is gone already" : ask.name};
}

// ---------------------------------------------------------------- waits

std::optional<HeadToClient> ClientRequests::wait(const Wait& wait, const Sender& from,
                                                 RequestNumber request) {
  const Job* job = core_.jobs.find(wait.job);
  if (job == nullptr || (wait.submission && *wait.submission != job->row.request))
    return core_.jobs.no_such(wait.job);
  if (has_ended(job->row.state)) return whole_report(*job, core_);
  const Duration patience =
      std::min<Duration>(std::chrono::milliseconds(wait.patience_ms), limits::wait_longest);
  const bool sees = sees_settings(from, job->row.submitter);
  if (auto refusal = core_.waits.add(wait.job, {from.peer, request, now_.instant + patience, sees}))
    return *std::move(refusal);
  return std::nullopt;
}

void ClientRequests::answer_waits() {
  const auto is_over = [&](JobId id) {
    const Job* job = core_.jobs.find(id);
    return job == nullptr || has_ended(job->row.state);
  };
  for (const auto& [id, clients] : core_.waits.take_due(now_.instant, is_over)) {
    const Job* job = core_.jobs.find(id);
    const HeadToClient whole =
        job == nullptr ? HeadToClient(core_.jobs.no_such(id)) : HeadToClient(whole_report(*job, core_));
    for (const Waiting& client : clients) {
      HeadToClient answer = whole;
      auto* const report = std::get_if<JobReport>(&answer);
      if (report != nullptr && !client.sees_settings) core::hide_settings(*report);
      turn_.effects.outgoing.push_back(
          {client.peer, Letter<HeadToClient>{client.request, std::move(answer)}});
    }
  }
}

}  // namespace pq::core
