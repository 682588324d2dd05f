// What can happen that people want to know of, each with its word for programs, its words for people and how
// much it matters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/messages.h"

namespace pq {

enum class Happening {
  head_started,
  agent_joined,
  agent_replaced,
  agent_drains,
  agent_warned,   // by its cloud: its machine ends, or may
  agent_resumes,  // it had taken no more work
  agent_left,
  agent_lost,
  agent_quarantined,
  lease_expired,
  lease_split,    // it ends earlier than granted, for a slot that is idle or is to be another job's
  output_lost,    // a commit of runs whose collected output a restored head does not have
  lease_misused,  // a commit that no honest agent sends
  program_failed,
  kernel_contradicts,
  job_submitted,
  job_steered,
  job_ended,
  message_refused,
  backup_made,
  backup_failed,
  key_revoked,
};

struct HappeningWords {
  Happening what;
  std::string_view word;
  std::string_view text;
  Severity severity;
};

const HappeningWords& words_of(Happening what);

// A word is stored: it never changes, and a new one comes with a step of daemon/migrations.cpp, so that an
// older head refuses the database for its version and not as damaged.
std::string_view to_text(Happening what);
std::optional<Happening> parse_happening(std::string_view word);
std::vector<Happening> all_happenings();

// Whether it is kept, and not only logged: what a peer can cause at will, without any change of the queue,
// would cost a transaction each time and drive out what matters.
bool is_kept(Happening what);

struct Event {
  Happening what;
  JobId job;          // 0: of no job
  std::string agent;  // empty: of no agent
  std::string detail;
};

// That of its kind; but a job that has failed did not just end.
Severity severity_of(const Event& event);

}  // namespace pq
