#include "daemon/core/telling/reports.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "common/protocol/limits.h"
#include "daemon/core/scheduling/costs.h"
#include "daemon/core/scheduling/placement.h"

namespace pq::core {
namespace {

// Integers a second on all slots that compute the job, as their agents measured it; stuck steps count
// nothing.
double rate_per_s(const Job& job, const Core& core) {
  double rate = 0;
  for (const auto& [begin, span] : job.ledger.spans()) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    const Agent& holder = core.fleet.at(leased->agent);
    const auto pace = holder.paces.find(job.row.id);
    if (pace == holder.paces.end() ||
        stuck_for(as_stuck(core.fleet.lease(leased->lease), core.jobs, core.fleet)))
      continue;
    rate += 1 / pace->second.per_integer_s;
  }
  return rate;
}

AgentState state_of(const Agent& agent, const Fleet& fleet, Now now) {
  if (agent.is_gone()) return AgentState::gone;
  if (fleet.is_silent(agent, now.instant)) return AgentState::silent;
  if (agent.leaves()) return AgentState::draining;
  return agent.quarantined_until ? AgentState::quarantined : AgentState::active;
}

}  // namespace

JobReport report(const Job& job, const Core& core) {
  JobReport report;
  report.job = job.row.id;
  report.spec = job.row.spec;
  if (report.spec.program) hide_secrets(*report.spec.program);
  report.state = job.row.state;
  report.done = job.ledger.done();
  report.failed = job.ledger.failed();
  if (const auto total = job.ledger.value()) report.value = rounded(*total);
  report.leases = job.row.leases;
  report.recomputed = job.row.recomputed;
  report.discarded = job.row.discarded;
  report.attempts_failed = job.row.attempts_failed;
  report.created_unix_ms = job.row.created_unix_ms;
  report.started_unix_ms = job.row.started_unix_ms;
  report.finished_unix_ms = job.row.finished_unix_ms;
  report.error = job.row.error;
  report.logs_forgotten = job.row.logs_forgotten;
  report.output_forgotten = job.row.output_forgotten;
  report.submitter = job.row.submitter;
  if (has_ended(job.row.state)) return report;
  report.slots_busy = static_cast<std::uint32_t>(job.leases_of_slots()) * job.row.spec.cpus;
  report.express = static_cast<std::uint32_t>(job.express);
  report.rate_spread_per_s = job.throughput.spread();
  if (job.row.state != JobState::paused && job.ledger.has_free()) {
    const auto why = why_unplaced(core.fleet.roster(), job.demand);
    if (why) report.unplaced = in_words(*why);
  }
  report.rate_per_s = rate_per_s(job, core);
  report.stuck = stuck_step(job, core.jobs, core.fleet);
  return report;
}

JobReport whole_report(const Job& job, const Core& core) {
  JobReport whole = report(job, core);
  whole.failed_spans = job.ledger.failed_spans(limits::failed_spans_told);
  return whole;
}

bool sees_settings(const Sender& who, const std::string& submitter) {
  return who.role == Role::operator_ || (!submitter.empty() && who.name == submitter);
}

void hide_settings(JobReport& report) {
  if (report.spec.program) pq::hide_settings(*report.spec.program);
}

AgentReport report(const Agent& agent, const Fleet& fleet, Now now) {
  AgentReport report;
  report.name = agent.row.name;
  report.program_version = agent.row.program_version;
  report.slots = agent.row.slots;
  report.busy = static_cast<std::uint32_t>(agent.slots_busy);
  report.kernels = agent.row.kernels;
  report.labels = agent.row.labels;
  report.notice = agent.notice;
  report.notice_errors = agent.notice_errors;
  report.express = agent.express.exist;
  report.state = state_of(agent, fleet, now);
  const Duration silence = now.instant - agent.heard_at;
  report.heard_ms_ago =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count());
  // Allows for one beat's time, and half of another one for the way.
  const Duration beat = fleet.beat();
  if (!agent.is_gone() && silence > beat)
    report.beats_missed = static_cast<std::uint32_t>((silence - beat / 2) / beat);
  for (const LeaseId id : agent.leases) {
    const Lease& lease = fleet.lease(id);
    if (report.leases.size() < limits::leases_told)
      report.leases.push_back({lease.job, lease.granted_unix_ms, lease.express_s.has_value()});
    const auto pace = agent.paces.find(lease.job);
    if (pace != agent.paces.end()) report.rate_per_s += 1 / pace->second.per_integer_s;
  }
  return report;
}

AgentsReport report_agents(const Fleet& fleet, Now now) {
  AgentsReport reports;
  for (const auto& [id, agent] : fleet.roster().all()) reports.agents.push_back(report(agent, fleet, now));
  std::sort(reports.agents.begin(), reports.agents.end(), [](const AgentReport& a, const AgentReport& b) {
    return std::pair(a.state == AgentState::gone, std::string_view(a.name)) <
           std::pair(b.state == AgentState::gone, std::string_view(b.name));
  });
  if (reports.agents.size() > limits::agents_reported_max) {
    reports.left_out = reports.agents.size() - limits::agents_reported_max;
    reports.agents.resize(limits::agents_reported_max);
  }
  return reports;
}

}  // namespace pq::core
