// The text that a stream sends, as server-sent events (text/event-stream): "event: WORD", then "data:" with
// one line of JSON. Pure: the same snapshots give the same text.
//
//   jobs pq.jobs/1 · agents pq.agents/1 · gone pq.gone/1 · events pq.events/1 · history pq.history/1 ·
//   tick pq.tick/1
#pragma once

#include <string>

#include "daemon/view/snapshots.h"

namespace pq::view {

// The whole state, for a new listener, with the time after which it should reconnect if it is disconnected.
std::string whole_state(const Snapshot& now);

// For listeners that know `before`: everything that has changed since, and always a tick. An agent counts as
// unchanged if only the time of its last message differs.
std::string changes(const Snapshot& before, const Snapshot& now);

}  // namespace pq::view
