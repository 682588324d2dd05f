// Strong identifiers. A bare integer never identifies a thing in pq, so mixing up two kinds of id does not
// compile.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq {

template <class Tag>
struct Id {
  std::uint64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

// Counts from 1 in one database; what a person types.
using JobId = Id<struct JobTag>;

// An agent's row: one CURVE key under one name. Counts from 1, survives restarts of either side.
using AgentId = Id<struct AgentTag>;

// Identifies in provenance who computed something: a name under one CURVE key. It is derived from the two, so
// nobody must remember which ids were assigned, and it never changes its meaning. 0 is nobody.
using WorkerId = Id<struct WorkerTag>;

// Where a reply goes: the transport's handle of one connection. It means nothing after a reconnect.
using PeerId = Id<struct PeerTag>;

// Drawn at random at each start of an agent process, so that a restarted agent differs from the process
// before it.
using Incarnation = Id<struct IncarnationTag>;

// Drawn at random by every start of the head, and stored before it answers anybody.
using Epoch = Id<struct EpochTag>;

// The fencing token. The epoch makes it unrepeatable even by a head restored from an old backup; the counter
// makes it unrepeatable within one run.
struct LeaseId {
  Epoch epoch;
  std::uint64_t counter = 0;
  friend auto operator<=>(const LeaseId&, const LeaseId&) = default;
};

// 128 random bits that a client draws once per submission: a repeated submit is the same job.
struct RequestId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

std::string to_text(const LeaseId& id);

// As a person types it: decimal digits, not 0.
std::optional<JobId> parse_job(std::string_view digits);

}  // namespace pq
