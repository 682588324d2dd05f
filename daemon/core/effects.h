// What a turn of the head decides: rows to store, messages to send, happenings to log. Core fills these lists
// and performs none of it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/messages.h"
#include "daemon/core/happening.h"
#include "daemon/core/rows.h"

namespace pq {

struct Outgoing {
  PeerId peer;
  std::variant<HeadToAgent, Letter<HeadToClient>> message;
};

struct Effects {
  Changes changes;
  std::vector<Outgoing> outgoing;
  std::vector<Event> events;
};

}  // namespace pq
