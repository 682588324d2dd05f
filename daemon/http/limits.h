// What HTTP clients may have of the head: connections, bytes and time. Each bound with its reason or its
// proof beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "daemon/view/limits.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- HTTP
inline constexpr std::size_t http_threads = 4;  // at most, beside the turn
// Connections that send their request, and as many whose page is being rendered.
inline constexpr std::size_t visitors_max = 512;
inline constexpr std::size_t visitors_accepted_at_once = 64;
inline constexpr Duration accept_pause = 100ms;                 // without descriptors or memory
inline constexpr std::size_t answers_max = 256;                 // being sent; most are sent at once
inline constexpr std::size_t http_request_bytes_max = 1 << 14;  // with a browser's cookies for this host
inline constexpr Duration http_exchange_longest = 5s;  // to send a request, and again to take the response
inline constexpr Duration http_farewell = 500ms;       // for a client to close after the response
inline constexpr std::uint64_t agent_program_bytes_max = 64 << 20;  // all are in memory
inline constexpr std::size_t deliveries_max = 256;  // at once; a descriptor each, and what the kernel buffers
inline constexpr Duration delivery_longest = 60s;   // 4 MiB at half a megabit a second
inline constexpr Duration delivery_stall = 10s;     // without a byte taken: the client is gone
// Streams of changes, one of each browser's tab with a dashboard.
inline constexpr std::size_t streams_max = 256;  // at once
inline constexpr Duration stream_pulse = 1s;
inline constexpr Duration stream_pause_shortest = 100ms;          // between two, however long they take
inline constexpr Duration stream_behind_longest = 15s;            // then a client is cut off
inline constexpr std::size_t stream_backlog_bytes_max = 4 << 20;  // of changes, before there are more
inline constexpr int stream_socket_bytes = 1 << 18;               // in the kernel, for each
static_assert(snapshot_pause_longest + snapshot_patience < http_exchange_longest);

}  // namespace pq::limits
