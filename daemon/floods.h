// What a peer can make the head log with every message is logged once a second for each peer; what follows in
// that second is counted. So a flood of bad messages does not fill the disk that the queue is on. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/values/instant.h"
#include "daemon/core/effects.h"

namespace pq::daemon {

class Floods {
 public:
  // Whether this event gets a line of its own. Else it is counted.
  bool lets_pass(const Event& event, Instant now);

  // A line for each flood whose second is over: "message refused: 4711 more like it of key spot within 1s".
  std::vector<std::string> take_counts(Instant now);

  // When there will be such a line.
  Instant next_deadline() const;

  // That are followed now: bounded, also if each message has another sender.
  std::size_t size() const { return followed_.size(); }

 private:
  struct Flood {
    Instant since;
    std::uint64_t more = 0;  // behind the first one
  };
  using Source = std::pair<Happening, std::string>;

  std::map<Source, Flood> followed_;
};

}  // namespace pq::daemon
