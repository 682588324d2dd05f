// What the machine's cloud says of its end, as far as it holds now. Logs each notice, and each complaint
// about the cloud's metadata service, once. Without a cloud there is never a notice.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/interruption/forewarning.h"
#include "agent/interruption/lookout.h"
#include "agent/interruption/source.h"
#include "common/os/clock.h"
#include "common/values/instant.h"

namespace pq::interruption {

class NoticeWatch {
 public:
  // Without a source there is no cloud. `clock` must outlive this.
  NoticeWatch(std::unique_ptr<InterruptionSource> source, const Clock& clock);

  // Takes what the cloud has said, and what time has changed. Returns how many questions to the cloud had no
  // proper answer since the last call.
  std::size_t look(Now now);

  const std::optional<Notice>& notice() const { return forewarning_.notice(); }
  // For an interruption: when the agent must be done.
  std::optional<Instant> ends() const { return forewarning_.ends(); }
  Instant next_deadline() const { return forewarning_.next_deadline(); }
  // Readable while there is something to take; nothing: there never is.
  std::optional<int> fd() const { return lookout_ ? std::optional(lookout_->fd()) : std::nullopt; }

 private:
  void log(const std::set<std::string>& complaints);

  std::optional<Lookout> lookout_;
  Forewarning forewarning_;
  std::set<std::string> complaints_;  // when the cloud was last asked
};

}  // namespace pq::interruption
