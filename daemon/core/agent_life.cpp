#include "daemon/core/agent_life.h"

#include <utility>

#include "daemon/core/leasing.h"
#include "daemon/core/limits.h"

namespace pq::core {
namespace {

constexpr bool is_cost(const PaceView& pace) {
  return pace.fixed_s >= 0 && pace.fixed_s < 1e6 && pace.per_integer_s > 1e-15 && pace.per_integer_s < 1e6;
}

}  // namespace

void AgentLife::begin_anew(Agent& agent) {
  Leasing(turn_).lose_all(agent, "a newer process took its holder's name");
  agent.presence = Expected{};
  // If the former process is heard again, it is alive. Nothing more is expected of the processes before it.
  std::erase_if(agent.lost, [&](const auto& lost) { return lost.second.of != agent.row.incarnation; });
  agent.is_counted_lost = false;
  if (agent.row.incarnation != Incarnation{}) agent.replaced.push_back(agent.row.incarnation);
  if (agent.replaced.size() > limits::replaced_remembered) agent.replaced.erase(agent.replaced.begin());
  agent.beat_seq = 0;
  if (std::exchange(agent.output_seq, 0) > 0) core_.changes.outputs_seen[agent.row.id] = 0;
  core_.fleet.set_quarantine(agent, std::nullopt);
  for (const auto& [id, job] : core_.jobs.all()) core_.jobs.at(id).records.forget(agent.row.id);
  agent.draining = false;
  agent.notice.reset();
  agent.notice_errors = 0;
  agent.drain_asked = false;
  note_paces(agent, {});
  core_.fleet.refresh(agent);
}

// A late Hello brings no agent back: only a Beat shows that it is alive.
void AgentLife::leave(Agent& agent) {
  agent.presence = Gone{};
  note_paces(agent, {});
  core_.changes.agents[agent.row.id] = std::nullopt;
  core_.changes.outputs_seen.erase(agent.row.id);
  agent.output_seq = 0;
  core_.fleet.refresh(agent);
}

void AgentLife::note_alive(Agent& agent, Incarnation incarnation) {
  if (agent.row.incarnation == incarnation && std::exchange(agent.is_counted_lost, false))
    core_.mortality.take_back();
  for (auto& [id, lost] : agent.lost) {
    if (lost.of != incarnation || !lost.blamed) continue;
    const Job* job = core_.jobs.find(lost.job);
    if (job != nullptr && !has_ended(job->row.state)) {
      Ledger& ledger = core_.jobs.change(lost.job).ledger;  // a part that was given up may be free again
      core_.mortality.explain(
          -static_cast<double>(ledger.absolve(agent.row.id, *lost.blamed, core_.changes)));
    }
    lost.blamed.reset();
  }
}

// The first measurement of a job may show a lease that is worth a split.
void AgentLife::note_paces(Agent& agent, const std::vector<PaceView>& views) {
  std::map<JobId, Cost> before;
  std::swap(before, agent.paces);
  for (const PaceView& pace : views) {
    if (is_cost(pace)) agent.paces[pace.job] = {pace.fixed_s, pace.per_integer_s};
  }
  for (const auto& [id, cost] : before) {
    Job* job = core_.jobs.find(id);
    if (job != nullptr && !agent.paces.contains(id)) job->measured_by.erase(agent.row.id);
  }
  for (const auto& [id, cost] : agent.paces) {
    Job* job = core_.jobs.find(id);
    if (job == nullptr) continue;
    job->usual_before = cost;
    if (job->measured_by.insert(agent.row.id).second) core_.fleet.idle_pass().hear_news();
  }
}

void AgentLife::expire_silent() {
  for (const AgentId id : core_.fleet.take_expired(turn_.now.instant)) {
    Agent& agent = core_.fleet.at(id);
    turn_.effects.events.push_back({Happening::agent_lost, {}, agent.row.name, "not heard for a lease term"});
    Leasing leasing(turn_);
    leasing.count_loss(agent);
    leasing.lose_all(agent, "its holder fell silent");
    leave(agent);
  }
}

void AgentLife::revoke(const std::string& public_key) {
  for (auto& [id, agent] : core_.fleet.roster().all()) {
    if (agent.row.public_key != public_key || agent.is_gone()) continue;
    if (const auto peer = agent.peer())
      turn_.effects.outgoing.push_back({*peer, Refusal{ErrorWord::key_revoked, agent.row.name}});
    turn_.effects.events.push_back(
        {Happening::agent_lost, {}, agent.row.name, "its key is not valid any more"});
    agent.drain_asked = true;  // nobody has killed it
    Leasing(turn_).lose_all(agent, "its holder's key is not valid any more");
    leave(agent);
  }
}

void AgentLife::quarantine(Agent& agent, JobId job, Instant until, bool of_sieves_too, std::string why) {
  core_.fleet.set_quarantine(agent, until, of_sieves_too);
  turn_.effects.events.push_back({Happening::agent_quarantined, job, agent.row.name, std::move(why)});
}

}  // namespace pq::core
