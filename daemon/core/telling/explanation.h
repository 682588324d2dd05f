// Why a job waits, is slow or is late, in sentences for its owner, with what to do about it.
#pragma once

#include "common/protocol/messages.h"
#include "common/values/instant.h"
#include "common/values/words.h"
#include "daemon/core/core.h"

namespace pq::core {

// What decides how a job fares: the words of reasons. Add some, never change one.
enum class Cause {
  done,
  failed,
  cancelled,
  paused,
  short_of_space,
  head_restarted,
  no_agents,
  agents_silent,
  agents_drain,
  unplaced,
  priority,
  shares,
  slots_kept,
  retry_elsewhere,
  failed_spans,
  failing,
  losses,
  suspect,
  stuck,
  silent_holder,
  slow_agent,
  tail,
  runs,
  express,
  no_express,
  express_full,
};

}  // namespace pq::core

template <>
inline constexpr std::array<std::string_view, 26> pq::enum_words<pq::core::Cause>{
    "done",       "failed",          "cancelled",    "paused",   "short_of_space", "head_restarted",
    "no_agents",  "agents_silent",   "agents_drain", "unplaced", "priority",       "shares",
    "slots_kept", "retry_elsewhere", "failed_spans", "failing",  "losses",         "suspect",
    "stuck",      "silent_holder",   "slow_agent",   "tail",     "runs",           "express",
    "no_express", "express_full"};

namespace pq::core {

// The weightiest reason first; a job that nothing holds up is told so. `job` is one of `core`.
Explanation explain(const Core& core, const Job& job, Now now);

}  // namespace pq::core
