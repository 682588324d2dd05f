// What a turn of the head decides: rows to store, messages to send, happenings to log. Core fills these lists
// and performs none of it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/messages.h"
#include "daemon/core/rows.h"

namespace pq {

struct Outgoing {
  PeerId peer;
  std::variant<HeadToAgent, Letter<HeadToClient>> message;
};

enum class Happening {
  agent_joined,
  agent_replaced,
  agent_drains,
  agent_warned,   // by its cloud: its machine ends, or may
  agent_resumes,  // it had taken no more work
  agent_left,
  agent_lost,
  agent_quarantined,
  lease_expired,
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

struct Event {
  Happening what;
  JobId job;          // 0: of no job
  std::string agent;  // empty: of no agent
  std::string detail;
};

struct Effects {
  Changes changes;
  std::vector<Outgoing> outgoing;
  std::vector<Event> events;
};

}  // namespace pq
