// The kinds of events that people may want to know of, each with its word for programs, its words for people
// and its severity.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/words.h"

namespace pq::core {

enum class Happening {
  head_started,
  agent_joined,
  agent_replaced,
  agent_drains,
  agent_warned,   // by its cloud: its machine will end, or may
  agent_resumes,  // it had stopped taking work
  agent_left,
  agent_lost,
  agent_quarantined,
  lease_expired,
  lease_split,    // it ends earlier than granted, for an idle slot or another job
  output_lost,    // a commit of runs whose output a restored head does not have
  lease_misused,  // a commit that no honest agent sends
  program_failed,
  run_kills_agents,  // agent after agent was lost with the run, so it is given up
  kernel_contradicts,
  job_submitted,
  job_steered,
  job_ended,
  message_refused,
  backup_made,
  backup_failed,
  key_revoked,
  value_impossible,  // a value that no correct machine reports
  work_discarded,    // what an agent computed is computed again
  job_forgotten,     // or its logs, or its output
  space_short,       // on the head's disk: nothing is taken in that fills it
  space_enough,      // again
  key_added,         // or it is good again, by a clock that went back
  key_expired,
};

// A word is stored: it never changes, and a new one comes with a step of daemon/store/migrations.cpp, so that
// an older head refuses the database for its version and not as damaged.

}  // namespace pq::core

template <>
inline constexpr std::array<std::string_view, 30> pq::enum_words<pq::core::Happening>{
    "head_started",       "agent_joined",  "agent_replaced", "agent_drains",      "agent_warned",
    "agent_resumes",      "agent_left",    "agent_lost",     "agent_quarantined", "lease_expired",
    "lease_split",        "output_lost",   "lease_misused",  "program_failed",    "run_kills_agents",
    "kernel_contradicts", "job_submitted", "job_steered",    "job_ended",         "message_refused",
    "backup_made",        "backup_failed", "key_revoked",    "value_impossible",  "work_discarded",
    "job_forgotten",      "space_short",   "space_enough",   "key_added",         "key_expired"};

namespace pq::core {

struct HappeningWords {
  std::string_view text;
  Severity severity;
};

const HappeningWords& words_for_people(Happening what);

// Whether the event is stored, and not only logged. Events that a peer can cause at will, without changing
// the queue, would cost a transaction each and displace what matters.
bool is_kept(Happening what);

struct Event {
  Happening what;
  JobId job;          // 0: of no job
  std::string agent;  // empty: of no agent
  std::string detail;
};

// "paused, by alice"; only what happened, if nobody knows by whom.
std::string signed_by(std::string what, const std::string& name);

// The kind's severity; higher for a job that ended as failed.
Severity severity_of(const Event& event);

}  // namespace pq::core
