// A span: a part of a job's range in one state. The state is a sum type; each alternative holds exactly what
// is true of it and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/ids.h"
#include "common/value.h"

namespace pq {

// Waits for a slot. A span on which the program has failed stays apart from its free neighbours, so that
// bisection can narrow it down.
struct Free {
  std::uint32_t attempts_failed = 0;
  std::optional<AgentId> failed_on;  // the agent of the last failed attempt: another one is tried first
};

// One agent's to compute. [begin, upto) is committed with `value`, all in all.
struct Leased {
  LeaseId lease;
  AgentId agent;
  std::uint64_t upto = 0;
  std::optional<Value> value;
  std::uint32_t attempts_failed = 0;
  std::optional<AgentId> failed_on = std::nullopt;  // as long as it is not known to succeed elsewhere
};

// Counted, for ever. No value where the job's fold is `none`.
struct Done {
  std::optional<Value> value;
};

// Given up after JobSpec::attempts_max attempts, with the program's last words.
struct Failed {
  std::uint32_t attempts_failed = 0;
  std::string error;
};

using SpanState = std::variant<Free, Leased, Done, Failed>;

// Where it begins is its key in the ledger.
struct Span {
  std::uint64_t end = 0;
  SpanState state;
};

}  // namespace pq
