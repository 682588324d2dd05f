// What a turn of the head decides: rows to store, messages to send, events to log. The core fills these lists
// and performs nothing.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "daemon/core/rows.h"
#include "daemon/core/telling/happening.h"

namespace pq::core {

struct Outgoing {
  PeerId peer;
  std::variant<HeadToAgent, Letter<HeadToClient>> message;
};

struct Effects {
  Changes changes;
  std::vector<Outgoing> outgoing;
  std::vector<Event> events;
};

}  // namespace pq::core
