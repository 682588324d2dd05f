// A span: a part of a job's range in one state. The state is a sum type; each alternative holds exactly the
// data that it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/value.h"

namespace pq::core {

// What is recorded against a part that is not computed yet. Two kinds, never mixed: its program failed, or
// the agent that computed it was lost.
struct Evidence {
  std::uint32_t attempts_failed = 0;    // only those that count
  std::vector<AgentId> failed_on = {};  // agents on which it failed, the latest last; others try first
  std::uint32_t losses = 0;             // of agents that were computing it, or a part that it comes from
  std::uint32_t losses_alone = 0;       // of these: while it was a single integer
  std::vector<AgentId> lost_on = {};    // those agents, each once
  Duration in_hand{0};                  // how long they had computed it, in all
  std::uint64_t lost_width = 0;         // width of the part in hand at the last loss, from which this is cut

  bool is_none() const { return failed_on.empty() && attempts_failed == 0 && losses == 0; }
  bool has_failed_on(AgentId agent) const;
  bool was_lost_on(AgentId agent) const;
  // How much of it concerns this agent; 0: nothing. Agents with less must try first.
  int against(AgentId agent) const;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

// Waits for a slot. A span with evidence stays apart from its free neighbours, so that it can be narrowed
// down.
struct Free {
  Evidence evidence = {};
};

// One agent computes it. [begin, upto) is committed with `value` in total.
struct Leased {
  LeaseId lease;
  AgentId agent;
  std::uint64_t upto = 0;
  std::optional<Value> value;
  Evidence evidence = {};
};

// Counted, unless it is discarded later. No value where the job's fold is `none`.
struct Done {
  std::optional<Value> value;
};

// Given up: after JobSpec::attempts_max failed attempts, with the program's last error; or because agent
// after agent was lost with it. In that case the evidence names the agents; one that comes back was not lost.
struct Failed {
  Evidence evidence = {};
  std::string error;
};

using SpanState = std::variant<Free, Leased, Done, Failed>;

// Its begin is its key in the ledger.
struct Span {
  std::uint64_t end = 0;
  SpanState state;
};

}  // namespace pq::core
