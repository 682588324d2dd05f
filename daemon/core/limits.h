// What the head keeps, how long it waits, and by what it schedules. Each bound with its reason or its proof
// beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/protocol/limits.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- time
inline constexpr Duration lease_term = 15s;  // default; silence after which an agent's leases are free again
// The same right after the head's start, because a whole fleet must reconnect.
inline constexpr Duration restart_term = 30s;
inline constexpr Duration lease_width_longest = 60s;  // half of a Spot notice (120 s)
inline constexpr double lease_width_spread = 0.2;  // so much more or less, so that a fleet does not keep step
inline constexpr Duration lease_width_shortest = 20ms;  // only at a job's end; some forty round trips
inline constexpr Duration lease_width_least = 500us;    // a round trip's worth, however small the even share
// The first lease of an agent that has not computed this job.
inline constexpr Duration lease_width_unmeasured = 2s;
inline constexpr Duration head_late_max = 1s;  // a head that is later than this stood still itself
// How often the head wakes while leases are out, to notice that it stood still.
inline constexpr Duration head_looks_up = 1s;
inline constexpr Duration split_gain_least = 1s;  // a split must end the lease so much sooner
inline constexpr Duration ask_pause = 1s;         // between two requests to split the same lease
inline constexpr Duration share_quantum = 2s;     // a job's turn on a slot, and how far it may lag; two steps
inline constexpr Duration fleet_rate_kept = 250ms;  // before a job's rate on all slots is added up again
inline constexpr Duration tail_term_least = 5s;     // silence after which idle slots take over a lease
inline constexpr Duration wait_longest = 2min;      // a client asks again; a vanished one is forgotten
inline constexpr Duration gone_agent_kept = 1h;     // how long pq-agents still lists an agent that is gone
static_assert(3 * beat_interval + tail_margin <= tail_term_least);  // two beats in a row may be lost
static_assert(tail_term_least < lease_term);
static_assert(lease_term <= restart_term);

// A holder must declare a requested end, or reach it, in so many beats.
inline constexpr int asked_beats_max = 2;
// A step that lasts so many times longer than usual, plus this, is stuck …
inline constexpr double stuck_factor = 10;
inline constexpr Duration stuck_margin = 5s;
// … or than this, for the first step of a job
inline constexpr Duration stuck_unmeasured = 30s;

// ---- express: what is computed beside the slots
inline constexpr Duration express_longest = 1s;         // the longest expected time of a job there
inline constexpr Duration express_backlog_max = 1s;     // how long the last count on one agent waits
inline constexpr std::uint32_t express_counts_max = 9;  // on one agent: one runs, eight wait
// For long, an agent spends at most half a core on these counts, with so much in advance. A large work that
// is cut into thousands of small jobs belongs on slots.
inline constexpr int express_core_parts = 2;
inline constexpr Duration express_burst = 2s;
inline constexpr std::size_t express_jobs_tried = 64;    // of one demand, in one pass …
inline constexpr std::size_t express_agents_tried = 16;  // … for each of them: those with the least to do
inline constexpr std::size_t express_misses_max = 8;     // jobs that find no place, before the pass ends
static_assert(express_longest <= express_backlog_max && express_backlog_max <= express_burst);

// ---- the head's load
inline constexpr std::uint32_t beats_per_second_max = 5000;  // beats are stretched beyond this fleet's rate
inline constexpr int beats_per_term_min = 4;      // but never so far that one lost beat loses a lease
inline constexpr std::size_t jobs_max = 100'000;  // kept; the oldest that have ended are forgotten first
inline constexpr std::size_t agents_max = 100'000;
inline constexpr std::size_t replaced_remembered = 8;  // earlier processes of one agent
inline constexpr std::size_t waits_max = 100'000;
inline constexpr std::size_t waits_per_peer_max = 64;

// The pause between two passes over all leases, which look for a lease to split or to end for another job. A
// pass was measured at 0.3 us a lease with a hundred leases and at 1 us with 10 000, so this keeps passes at
// about a twentieth of the head's time.
inline constexpr Duration pass_pause = 20ms;
inline constexpr Duration pass_pause_per_lease = 20us;  // instead, where that is longer
inline constexpr Duration pass_pause_quiet = 250ms;  // after a pass that found nothing, while nothing happens
inline constexpr std::size_t looks_per_lease = 4;    // in one pass, at most; the next pass goes on

// ---- what is kept of jobs that have ended
inline constexpr Duration keeping_looked_at = 10s;  // what is too old or too large is found so soon
inline constexpr Duration keeping_pause = 100ms;    // … and goes on so soon, if there was much
// However large the database is, a job that has ended keeps all for so long: for those who wait for its end.
inline constexpr Duration ended_kept_least = 10min;
// Each costs the turn the erasure of all that its programs have printed.
inline constexpr std::size_t jobs_forgotten_at_once = 16;
// What is erased for its age stays so. A wall clock that was wrong at the start is right by then.
inline constexpr Duration clock_believed_after = 1h;

// ---- space
// What pqd keeps free of its disk by itself, and of a small one at most whatever it is told.
inline constexpr std::uint64_t reserve_disk_parts = 20;
inline constexpr std::uint64_t reserve_usual_most = std::uint64_t{1} << 30;
inline constexpr std::uint64_t reserve_disk_parts_least = 4;
// A restart and some hundred commits of steering fit into the ballast: 16 KiB each, and the log is used
// again.
inline constexpr std::uint64_t ballast_reserve_parts = 16;
inline constexpr std::uint64_t ballast_least = 128 << 10;
inline constexpr std::uint64_t ballast_most = 16 << 20;

// ---- what people see of it
inline constexpr std::size_t events_kept = 1000;  // of each kind: a flood of one leaves the others
inline constexpr Duration recent = 10min;         // losses that an explanation reports
inline constexpr Duration fleet_sample = 10s;
inline constexpr std::size_t fleet_samples_kept = 360;  // an hour
inline constexpr Duration job_sample_first = 1s;        // of a job, at its start; twice as long …
inline constexpr std::size_t job_samples_max = 240;  // … each time there are so many, to cover its whole life
inline constexpr std::size_t ledger_spans_told = 2000;  // no screen is wider

// ---- HTTP
// What HTTP lists. A turn makes the list: 10 ms for so many, 23 ms for so many of 100 000 live ones.
inline constexpr std::size_t jobs_shown_max = 10'000;
inline constexpr std::size_t jobs_shown_ended_max = 1000;              // of these
inline constexpr std::size_t jobs_shown_program_bytes_max = 16 << 20;  // in the words of their programs

// ---- programs
inline constexpr std::uint64_t files_bytes_max = std::uint64_t{1} << 34;  // at the head, of all jobs
inline constexpr Duration unused_file_kept = 1h;  // if no job names it, because its submission never came

inline constexpr std::size_t log_parts_kept = 1 << 14;  // of a job, the latest: 64 MiB at most
inline constexpr std::uint64_t output_job_bytes_max = std::uint64_t{1} << 32;

// ---- who has computed what
// Rows of a job, one per lease that ended. Beyond that, neighbours are joined until half as many are left,
// which takes a turn a fifth of a second. So at worst some 10 MB of a job are read and written every 50 000
// leases.
inline constexpr std::size_t parts_kept = 100'000;
inline constexpr std::size_t parts_after_joining = parts_kept / 2;

// ---- failing agents
inline constexpr std::uint32_t quarantine_after = 5;  // failed attempts in a row, where others succeed
// The same for an agent without a success in the job; then others try first.
inline constexpr std::uint32_t unproven_failures_max = 3;
inline constexpr Duration suspension_term = 15s;  // how long others may try what has failed on it
inline constexpr Duration comeback_term = 5min;   // how long after its last message an agent is expected back
inline constexpr Duration quarantine_term = 10min;  // then it may try again
inline constexpr Duration quarantine_short = 1min;  // the same on weaker evidence, at a job's end
// … that had no success after so many times its attempts
inline constexpr std::uint32_t all_failed_factor = 3;
inline constexpr std::size_t evidence_agents_max = 16;  // remembered with a part: where it failed

}  // namespace pq::limits
