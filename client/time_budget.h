// How long a command may take: --timeout, counted from its beginning, and how long it waits for a head that
// it has never reached. Where nothing speaks against a head that is only busy, it waits longer.
#pragma once

#include <optional>
#include <string>

#include "common/values/instant.h"

namespace pq::client {

// The sum; never, if it is too large.
Instant later(Instant from, Duration by);

class TimeBudget {
 public:
  // `flag`: the name of the flag that limits the time.
  TimeBudget(std::optional<Duration> timeout, std::string flag, Instant began);

  const std::string& flag() const { return flag_; }
  Duration spent(Instant now) const { return now - began_; }
  // Practically unlimited without --timeout.
  Duration left(Instant now) const;
  // The patience for a question that needs no work: what is left of --timeout, else 30 s.
  Duration usual_patience(Instant now) const;

  // Until when a head that was never reached is waited for.
  Instant contact_until(bool is_greeting) const { return is_greeting ? greeting_until_ : contact_until_; }
  // The next of these two times; the last one, when both are over.
  Instant next_contact_end(Instant now) const {
    return now < contact_until_ ? contact_until_ : greeting_until_;
  }

 private:
  std::optional<Duration> timeout_;
  std::string flag_;
  Instant began_;
  Instant contact_until_;
  Instant greeting_until_;  // if a slow head may be there
};

}  // namespace pq::client
