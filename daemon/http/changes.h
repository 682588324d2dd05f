// What a stream is told, as text of server-sent events (text/event-stream): "event: WORD", then "data:" with
// one line of JSON. Pure: the same snapshots give the same text.
//
//   jobs pq.jobs/1 · agents pq.agents/1 · gone pq.gone/1 · events pq.events/1 · history pq.history/1 ·
//   tick pq.tick/1
#pragma once

#include <string>

#include "daemon/http/snapshots.h"

namespace pq {

// All there is to know, for one that has just come, with how soon it is to come back if it is cut off.
std::string whole_state(const Snapshot& now);

// For those that were told of `before`: what is not as it was then, and a tick in any case. An agent that was
// heard again is as it was, if nothing else is new.
std::string changes(const Snapshot& before, const Snapshot& now);

}  // namespace pq
