// Which keys have expired, by a wall clock that may be wrong. Expiry is a question that is asked at each
// look, and never an erasure: a clock that goes back makes a key good again. A clock that has jumped against
// the monotonic one is doubted, and what it says of a key must hold for a minute. Pure: time is an argument.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/values/clock_watch.h"
#include "common/values/instant.h"
#include "daemon/gate/limits.h"
#include "daemon/gate/transport.h"

namespace pq::gate {

class Expiry {
 public:
  struct Change {
    std::string name;  // the key's
    Standing standing;
  };

  // Looks at the clock, and at all keys. Returns those that stand otherwise than at the last look.
  std::vector<Change> look(const std::unordered_map<std::string, Principal>& keys, Now now);

  // As of the last look. A key that does not expire is good.
  Standing standing(const std::string& public_key) const;

  // How far the wall clock has jumped, if it did within the last minute before the last look.
  std::optional<Duration> jump() const { return clock_.jump(); }

 private:
  struct Over {
    Instant since;
    bool is_sure = false;
  };

  Standing judge(const std::string& public_key, const Principal& principal, Now now);

  ClockWatch clock_{limits::clock_doubted};
  std::map<std::string, Over> over_;  // keys whose time is over by the wall clock
};

}  // namespace pq::gate
