#include "daemon/core/provenance_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/values/text.h"
#include "daemon/core/agent_life.h"
#include "daemon/core/job_control.h"
#include "daemon/core/leasing.h"
#include "daemon/core/limits.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

// How many rows cause the next joining, if these are there and some of them cannot be joined.
std::size_t next_joining(std::size_t parts, std::size_t parts_kept) {
  return std::max(parts_kept, 2 * parts);
}

std::string told(std::uint64_t parts, std::uint64_t integers) {
  return fmt::format("{} in {}", count_of(integers, "integer"), count_of(parts, "part"));
}

// They were erased at its end.
bool lacks_secrets(const Job& job) {
  const auto& program = job.row.spec.program;
  return program && std::any_of(program->secrets.begin(), program->secrets.end(),
                                [](const Setting& secret) { return secret.is_hidden; });
}

}  // namespace

void ProvenanceKeeper::see(JobId id, const Provenance& provenance) {
  core_.provenance_wanted.erase(id);
  Job* job = core_.jobs.find(id);
  if (job == nullptr) return;
  job->parts = provenance.parts.size();
  if (job->is_doubted()) {
    discard_suspects(*job, provenance);
  } else if (job->parts > core_.settings.parts_kept) {
    join_parts(*job, provenance);
  }
}

void ProvenanceKeeper::join_parts(Job& job, const Provenance& provenance) {
  const Parts few = joined(provenance.parts, job.row.spec.fold, core_.settings.parts_kept / 2);
  for (const auto& [begin, part] : provenance.parts) {
    const auto kept = few.find(begin);
    if (kept == few.end()) {
      core_.changes.parts[{job.row.id, begin}] = std::nullopt;
    } else if (kept->second.end != part.end) {
      core_.changes.parts[{job.row.id, begin}] = kept->second;
    }
  }
  job.parts = few.size();
  job.parts_joined_at = next_joining(few.size(), core_.settings.parts_kept);
}

// ---------------------------------------------------------------- agents that say what cannot be

void ProvenanceKeeper::doubt(Agent& agent, LeaseId id, const Suspect& suspect) {
  const JobId job_id = core_.fleet.lease(id).job;
  Job& job = core_.jobs.change(job_id);
  Leasing(turn_).take_back(id);
  Suspect& known = job.suspects[agent.worker];
  const bool has_contradicted = known.contradicts || suspect.contradicts;
  known = suspect;
  known.contradicts = has_contradicted;
  known.must_be_discarded = true;
  core_.changes.suspects[{job_id, agent.worker}] = known;
  core_.provenance_wanted.insert(job_id);
  if (agent.quarantined_until && agent.runs_no_sieves) return;
  AgentLife(turn_).quarantine(
      agent, job_id, turn_.now.instant + limits::quarantine_term, true,
      suspect.contradicts ? "it gave two values for one part" : "its values cannot be");
}

void ProvenanceKeeper::discard_suspects(Job& job, const Provenance& provenance) {
  std::set<WorkerId> workers;
  std::string names;
  for (auto& [worker, suspect] : job.suspects) {
    if (!std::exchange(suspect.must_be_discarded, false)) continue;
    workers.insert(worker);
    names = suspect.name;
    core_.changes.suspects[{job.row.id, worker}] = suspect;
  }
  const Discarded gone = discard(job, provenance, workers);
  effects_.events.push_back({Happening::work_discarded, job.row.id, workers.size() == 1 ? names : "",
                             told(gone.parts, gone.integers) + ", for the next agents to compute"});
}

// ---------------------------------------------------------------- discarding

// Everything that these agents may have computed: their leases, their parts, and the collected output of
// both.
ProvenanceKeeper::Discarded ProvenanceKeeper::discard(Job& job, const Provenance& provenance,
                                                      const std::set<WorkerId>& workers) {
  const JobId id = job.row.id;
  Changes& changes = core_.changes;
  Discarded gone;
  gone.integers = discard_leases(job, workers);
  std::vector<DonePart> parts;
  parts.reserve(provenance.parts.size());
  for (const auto& [begin, part] : provenance.parts) {
    parts.push_back({{begin, part.end}, part.value, !may_be_of(part, workers)});
    if (parts.back().is_kept) continue;
    gone.parts += 1;
    changes.parts[{id, begin}] = std::nullopt;
    job.row.collected_bytes -= part.output_bytes;
    if (job.collects()) changes.outputs_discarded.push_back({id, {begin, part.end}});
  }
  const std::uint64_t done = job.ledger.discard(parts, changes);
  core_.jobs.change(id).row.discarded = sum_at_most(job.row.discarded, done);
  gone.integers = sum_at_most(gone.integers, done);
  job.parts = provenance.parts.size() - gone.parts;
  core_.fleet.idle_pass().hear_news();
  return gone;
}

std::uint64_t ProvenanceKeeper::discard_leases(Job& job, const std::set<WorkerId>& workers) {
  const JobId id = job.row.id;
  std::uint64_t integers = 0;
  for (const auto& [agent_id, agent] : core_.fleet.roster().all()) {
    if (!workers.contains(agent.worker)) continue;
    const std::set<LeaseId> held = agent.leases;
    for (const LeaseId lease : held) {
      if (core_.fleet.lease(lease).job == id)
        integers = sum_at_most(integers, Leasing(turn_).take_back(lease));
    }
    const std::set<LeaseId> copies = agent.copies;
    for (const LeaseId copy : copies) {
      if (core_.fleet.copies().at(copy).job == id) core_.fleet.remove_copy(copy);
    }
    job.records.forget(agent_id);  // and with it the agents that it has cleared
  }
  return integers;
}

// Agents of this name that computed some of the job, or hold some of it.
std::set<WorkerId> ProvenanceKeeper::workers_meant(const Recompute& ask, const Provenance& provenance) const {
  std::set<WorkerId> workers;
  if (ask.agent.empty()) return workers;
  for (const auto& [worker, who] : provenance.workers) {
    if (who.name == ask.agent) workers.insert(worker);
  }
  for (const auto& [id, agent] : core_.fleet.roster().all()) {
    if (agent.row.name != ask.agent) continue;
    const bool holds_some = std::any_of(agent.leases.begin(), agent.leases.end(), [&](LeaseId lease) {
      return core_.fleet.lease(lease).job == ask.job;
    });
    if (holds_some) workers.insert(agent.worker);
  }
  return workers;
}

HeadToClient ProvenanceKeeper::recompute(const Recompute& ask, const Provenance& provenance) {
  Job* job = core_.jobs.find(ask.job);
  if (job == nullptr) return core_.jobs.no_such(ask.job);
  const std::string name = "job " + std::to_string(ask.job.value);
  if (job->row.state == JobState::cancelled) return Refusal{ErrorWord::job_has_ended, name + " is cancelled"};
  if (job->row.output_forgotten) return Refusal{ErrorWord::forgotten, "the output of " + name};
  const std::set<WorkerId> workers = workers_meant(ask, provenance);
  if (workers.empty() && !ask.unknown)
    return Refusal{ErrorWord::no_such_worker, printable(ask.agent) + " in " + name};
  if (const auto missing = core_.files.first_missing(job->files()); missing && has_ended(job->row.state))
    return Refusal{ErrorWord::file_is_gone, missing->name + " of " + name};
  if (has_ended(job->row.state) && lacks_secrets(*job))
    return Refusal{ErrorWord::forgotten, "the secrets of " + name};
  const auto& all = core_.fleet.roster().all();
  const bool takes_work = std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    const Agent& agent = entry.second;
    return !ask.agent.empty() && agent.row.name == ask.agent && agent.takes_work() &&
           !agent.quarantined_until;
  });
  const Discarded gone = discard(*job, provenance, workers);
  if (gone.integers > 0 && has_ended(job->row.state)) JobControl(turn_).open_again(*job);
  effects_.events.push_back({Happening::work_discarded, ask.job, ask.agent,
                             told(gone.parts, gone.integers) + ", as an operator asks"});
  return Recomputed{whole_report(*job, core_), gone.parts, gone.integers, takes_work};
}

}  // namespace pq::core
