#include "common/os/clock.h"

#include <chrono>

namespace pq::os {

Now SystemClock::now() const {
  using std::chrono::steady_clock;
  using std::chrono::system_clock;
  return {
      .instant = {steady_clock::now().time_since_epoch()},
      .unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch())
                     .count()};
}

}  // namespace pq::os
