// What a message may have at most, and what head and agents both go by. PROTOCOL.md names these bounds. Each
// bound with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/values/limits.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- time
inline constexpr Duration beat_interval = 1s;  // default; an agent's message when nothing else happens
inline constexpr Duration step_usual = 1s;     // what a slot that dies may lose
inline constexpr Duration step_longest = 60s;
// Of a step; steps are longer where the fixed cost would exceed it.
inline constexpr double fixed_cost_share_max = 0.02;
// An agent, or a head, that is silent for three beats and this is away: the network and a turn take time,
// too.
inline constexpr Duration tail_margin = 1s;

// ---- express: what is computed beside the slots
inline constexpr Duration express_turn = 1s;  // then the rest of a lease goes back into the line

// ---- the head's load
// One transaction's worth; bounds the wait of the last one.
inline constexpr std::size_t messages_per_turn = 2048;
inline constexpr std::size_t jobs_reported_max = 1000;  // in one list, the live ones first
// In one request; each is answered with its whole report.
inline constexpr std::size_t jobs_named_max = 256;
inline constexpr std::size_t job_ids_told = 10'000;         // in one answer
inline constexpr std::size_t agents_reported_max = 10'000;  // in one answer
inline constexpr std::size_t leases_told = 32;              // of each agent, in its report
inline constexpr std::size_t keys_reported_max = 10'000;
inline constexpr std::size_t findings_max = 64;

// ---- what people see of it
inline constexpr std::size_t events_told = 1000;             // in one answer, the newest
inline constexpr std::size_t event_detail_bytes_max = 1024;  // with a story of 512 in it
inline constexpr std::size_t reason_bytes_max = 1024;
inline constexpr std::size_t reasons_max = 32;

// ---- HTTP
// Agents that are handed out are some MiB each, to a whole fleet that starts at once over lines of any speed.
inline constexpr std::size_t agent_programs_max = 16;

// ---- the wire
// To the head; also what a stranger can make it allocate.
inline constexpr std::size_t message_bytes_max = 1 << 20;
// To an agent or a client, from the head that it trusts.
inline constexpr std::size_t agent_message_bytes_max = 1 << 25;
inline constexpr std::size_t client_message_bytes_max = 1 << 25;
// What runs, and what waits for a slot.
inline constexpr std::size_t leases_per_agent_max = slots_max + slots_max / 2;
inline constexpr std::size_t error_bytes_max = 256;  // a program's last words, in a beat
inline constexpr std::size_t path_bytes_max = 512;   // SQLite opens no longer path
inline constexpr std::size_t kernels_max = 32;
inline constexpr std::size_t map_keys_max = 32;
inline constexpr std::size_t depth_max = 8;  // a file of a program of a job in a list of jobs
// A LeaseView without its value and error, all integers at their widest.
inline constexpr std::size_t lease_encoded_bytes_max = 180;
inline constexpr std::size_t value_encoded_bytes_max = 276;  // an exact sum of 273 bytes
// An exact sum takes at most so many bytes if its parts are within 270 decimal places of each other. A larger
// one leaves less room for a program's error text.
inline constexpr std::size_t sum_bytes_usual = 128;
inline constexpr std::size_t error_bytes_max_beside_sum = 128;
inline constexpr std::size_t told_encoded_bytes_max = 404;  // both together
inline constexpr std::size_t pace_encoded_bytes_max = 60;
static_assert(value_encoded_bytes_max + error_bytes_max_beside_sum <= told_encoded_bytes_max);
static_assert(2 + sum_bytes_usual + error_bytes_max <= told_encoded_bytes_max);
static_assert(leases_per_agent_max *
                      (lease_encoded_bytes_max + told_encoded_bytes_max + pace_encoded_bytes_max) +
                  4096 <
              message_bytes_max);

// ---- programs
// Sent in one message; a millisecond of the head.
inline constexpr std::size_t file_part_bytes_max = 1 << 18;
inline constexpr std::size_t failed_spans_told = 32;  // in a job's report
// Orders may introduce a job with each lease, and a report of jobs holds each one's program.
static_assert((leases_per_agent_max + 64) * (program_bytes_max + 1024) < agent_message_bytes_max);
static_assert((jobs_reported_max + 64) * (program_bytes_max + 8192) < client_message_bytes_max);
static_assert(jobs_named_max * (program_bytes_max + 8192 + failed_spans_told * (error_bytes_max + 64)) <
              client_message_bytes_max);

// Output of programs is sent apart from beats, in its own messages.
// Output is sent after this, so it can be read 2 s later for sure.
inline constexpr Duration log_delay = 500ms;
inline constexpr std::size_t log_part_bytes_max = 1 << 12;     // one row at the head
inline constexpr std::size_t output_part_bytes_max = 1 << 16;  // one row at the head
inline constexpr std::size_t outputs_per_message = 1024;       // runs, or parts of them
inline constexpr std::size_t outputs_message_bytes_max = 1 << 19;
static_assert(outputs_message_bytes_max + outputs_per_message * 256 < message_bytes_max);
inline constexpr std::size_t logs_answered_max = 1024;  // parts, in one answer

// ---- who has computed what
inline constexpr std::size_t part_workers_max = 8;  // named in one row; more are unknown
inline constexpr std::size_t parts_told = 1000;     // in one answer

}  // namespace pq::limits
