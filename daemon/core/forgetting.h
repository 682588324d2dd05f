// How jobs that have ended are forgotten, whole or only their logs or output: because a client asks, because
// they are older or larger than the head was told to keep, or because the queue is full.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/core.h"
#include "daemon/core/keeping.h"

namespace pq::core {

// REQUIRES: of Steering, one of those that forget.
struct Forgettable {
  JobId job;
  Steering what = Steering::forget;
  friend bool operator==(const Forgettable&, const Forgettable&) = default;
};

constexpr bool forgets(Steering what) { return what >= Steering::forget; }

// What has been kept for long enough, by the wall clock: oldest jobs first, at most `count_max`.
std::vector<Forgettable> kept_for_long(const std::map<JobId, Job>& jobs, const Keeping& keeping, UnixMs now,
                                       std::size_t count_max);

// What goes first where space is short: what is printed, of the job that ended first of those that have some;
// without any, the job whole that ended first. Jobs that ended less than limits::ended_kept_least ago are
// left alone. Nothing: no other has ended.
std::optional<Forgettable> first_to_go(const std::map<JobId, Job>& jobs, UnixMs now);

class Forgetting {
 public:
  explicit Forgetting(Turn& turn) : core_(turn.core), now_(turn.now), effects_(turn.effects) {}

  // For a client. Answers the job as it is then, or was.
  HeadToClient answer(const Job& job, Steering what, const Sender& from);

  // The oldest job that has ended makes room for a new one, if there is none. False: all are live.
  bool make_room();

  // As Keeping says, if it is time to look.
  void forget_what_is_old();

 private:
  void forget(JobId id, Steering what, std::string_view why);
  void forget_whole(JobId id);

  Core& core_;
  Now now_;
  Effects& effects_;
};

}  // namespace pq::core
