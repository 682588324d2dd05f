// Every bound of pq, each with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- time
inline constexpr Duration beat_interval = 1s;  // default; an agent's message when nothing else happens
inline constexpr Duration head_timeout_shortest =
    1s;  // of an agent; sooner not even the first answer is there
inline constexpr Duration idle_exit_shortest = 100ms;
inline constexpr Duration lease_term = 15s;  // default; silence after which an agent's leases are free again
inline constexpr Duration restart_term =
    30s;  // the same right after the head's start: a fleet must reconnect
inline constexpr Duration lease_width_longest = 60s;    // half of a Spot notice (120 s)
inline constexpr Duration lease_width_shortest = 20ms;  // only at a job's end; some forty round trips
inline constexpr Duration lease_width_least = 500us;    // a round trip's worth, however small the even share
inline constexpr Duration lease_width_unmeasured =
    2s;                                     // the first lease of an agent that has not computed this job
inline constexpr Duration step_usual = 1s;  // what a dying slot may lose
inline constexpr Duration step_longest = 60s;
inline constexpr double fixed_cost_share_max =
    0.02;                                      // of a step; longer steps where the fixed cost would exceed it
inline constexpr Duration head_late_max = 1s;  // a head that is later than this stood still itself
inline constexpr Duration head_looks_up =
    1s;  // while leases are out it wakes so often, to see whether it did
inline constexpr Duration split_gain_least = 1s;    // what a lease must end sooner by to be worth a split
inline constexpr Duration ask_pause = 1s;           // between two requests to split the same lease
inline constexpr Duration share_quantum = 2s;       // a job's turn on a slot, and what one may lag; two steps
inline constexpr Duration fleet_rate_kept = 250ms;  // before a job's rate on all slots is added up again
inline constexpr Duration tail_term_least = 5s;     // silence after which idle slots take over a lease …
inline constexpr Duration tail_margin = 1s;   // … or after three beats and this, for a network and a turn
inline constexpr Duration wait_longest = 1h;  // a client asks again; a vanished one is forgotten
inline constexpr Duration gone_agent_kept = 1h;  // how long pq-agents still lists an agent that is gone
static_assert(3 * beat_interval + tail_margin <= tail_term_least);  // two beats in a row may be lost
static_assert(tail_term_least < lease_term);
static_assert(lease_term <= restart_term);

// ---- the head's load
inline constexpr std::uint32_t beats_per_second_max = 5000;  // beats are stretched beyond this fleet's rate
inline constexpr int beats_per_term_min = 4;  // but never so far that one lost beat loses a lease
inline constexpr std::size_t messages_per_turn =
    2048;                                         // one transaction's worth; bounds the wait of the last one
inline constexpr std::size_t jobs_max = 100'000;  // kept; the oldest that have ended are forgotten first
inline constexpr std::size_t jobs_reported_max = 1000;  // in one answer, the newest
inline constexpr std::size_t agents_max = 100'000;
inline constexpr std::size_t agents_reported_max = 10'000;  // in one answer
inline constexpr std::size_t leases_told = 32;              // of each agent, in its report
inline constexpr std::size_t keys_reported_max = 10'000;
inline constexpr std::size_t replaced_remembered = 8;  // earlier processes of one agent
inline constexpr std::size_t findings_max = 64;
inline constexpr std::size_t waits_max = 100'000;

// Between two passes over all leases, for one to split or to end in favour of another job. A pass was
// measured at 0.3 us a lease with a hundred leases and at 1 us with 10 000, so this keeps passes at about a
// twentieth of the head's time.
inline constexpr Duration pass_pause = 20ms;
inline constexpr Duration pass_pause_per_lease = 20us;  // instead, where that is longer
inline constexpr Duration pass_pause_quiet = 250ms;     // after one that found nothing, while nothing happens
inline constexpr std::size_t looks_per_lease = 4;       // in one pass, at most; the next one goes on

// ---- what people see of it
inline constexpr std::size_t events_kept = 1000;             // of each kind: a flood of one leaves the others
inline constexpr std::size_t events_told = 1000;             // in one answer, the newest
inline constexpr std::size_t event_detail_bytes_max = 1024;  // with a story of 512 in it
inline constexpr std::size_t reason_bytes_max = 1024;
inline constexpr std::size_t reasons_max = 32;
inline constexpr Duration recent = 10min;  // of losses that an explanation tells
inline constexpr Duration fleet_sample = 10s;
inline constexpr std::size_t fleet_samples_kept = 360;  // an hour
inline constexpr Duration job_sample_first = 1s;        // of a job, at its start; twice as long …
inline constexpr std::size_t job_samples_max = 240;  // … each time there are so many: they cover its life
inline constexpr std::size_t ledger_spans_told = 2000;   // a screen is no wider
inline constexpr std::size_t details_per_snapshot = 32;  // jobs that are looked at closely at the same time
inline constexpr std::size_t failed_logs_shown = 64;     // parts of 4 KiB

// ---- backups
inline constexpr int backup_pages_per_turn = 32;  // 128 KiB read, written and synced: about a millisecond
inline constexpr std::uint64_t backup_bytes_spared =
    16 << 20;  // left to the queue on a disk that both share: four times its log between two checkpoints

// ---- HTTP
inline constexpr std::size_t http_threads = 4;  // each answers one request at a time
inline constexpr std::size_t visitors_max =
    512;  // that have not asked yet, and again that wait for an answer
inline constexpr std::size_t visitors_accepted_at_once = 64;
inline constexpr Duration accept_pause = 100ms;                 // without descriptors or memory
inline constexpr std::size_t answers_max = 256;                 // on their way; most are gone at once
inline constexpr std::size_t http_request_bytes_max = 1 << 14;  // with a browser's cookies for this host
inline constexpr Duration http_exchange_longest = 5s;           // to ask, and again to take the answer
inline constexpr Duration http_farewell = 500ms;                // for a client to close after the answer
// Agents that are handed out are some MiB each, to a whole fleet that starts at once over lines of any speed.
inline constexpr std::size_t agent_programs_max = 16;
inline constexpr std::uint64_t agent_program_bytes_max = 64 << 20;  // all are in memory
inline constexpr std::size_t deliveries_max = 256;  // at once; a descriptor each, and what the kernel buffers
inline constexpr Duration delivery_longest = 60s;   // 4 MiB at half a megabit a second
inline constexpr Duration delivery_stall = 10s;     // without a byte taken: the client is gone
inline constexpr Duration snapshot_patience = 2s;   // of a reader, with the turn; a commit may be slow
inline constexpr int snapshot_pause_factor = 19;    // times what the last one took: 5 % of the turn's time
inline constexpr Duration snapshot_pause_shortest = 20ms;
inline constexpr Duration snapshot_pause_longest = 1s;
// Streams of changes, one of each browser's tab with a dashboard.
inline constexpr std::size_t streams_max = 256;  // at once
inline constexpr Duration stream_pulse = 1s;
inline constexpr Duration stream_pause_shortest = 100ms;  // between two, however long they take
inline constexpr Duration stream_retry = 2s;              // before a client comes back that was cut off
inline constexpr Duration stream_behind_longest = 15s;    // what waits longer for a client is given up
inline constexpr std::size_t stream_backlog_bytes_max = 4 << 20;  // of changes, before there are more
inline constexpr int stream_socket_bytes = 1 << 18;               // in the kernel, for each
inline constexpr std::size_t stream_events_first = 200;           // for one that has just come
inline constexpr std::size_t job_series_max = 200;  // jobs in /metrics, each of them a dozen series
static_assert(snapshot_pause_longest + snapshot_patience < http_exchange_longest);

// ---- the wire
inline constexpr std::size_t message_bytes_max =
    1 << 20;  // to the head; also what a stranger can make it allocate
// To an agent or a client, from the head that it trusts.
inline constexpr std::size_t agent_message_bytes_max = 1 << 25;
inline constexpr std::size_t client_message_bytes_max = 1 << 25;
inline constexpr std::uint32_t slots_max = 1024;
inline constexpr std::size_t leases_per_agent_max =
    slots_max + slots_max / 2;                       // what runs, and what waits for a slot
inline constexpr std::size_t name_bytes_max = 64;    // a job's, an agent's, a key's
inline constexpr std::size_t text_bytes_max = 256;   // any other string of a message
inline constexpr std::size_t error_bytes_max = 256;  // a program's last words, in a beat
inline constexpr std::size_t path_bytes_max = 512;   // SQLite opens no longer one
inline constexpr std::size_t labels_max = 32;
inline constexpr std::size_t labels_given_max = labels_max - 8;  // to an agent: it finds some itself
inline constexpr std::size_t kernels_max = 32;
inline constexpr std::size_t map_keys_max = 32;
inline constexpr std::size_t depth_max = 8;  // a file of a program of a job in a list of jobs
inline constexpr std::size_t lease_encoded_bytes_max =
    220;  // a LeaseView but for its error, all integers at their widest
inline constexpr std::size_t pace_encoded_bytes_max = 60;
static_assert(leases_per_agent_max * (lease_encoded_bytes_max + error_bytes_max + pace_encoded_bytes_max) +
                  4096 <
              message_bytes_max);

// ---- programs
inline constexpr std::size_t words_max = 1024;             // of a command
inline constexpr std::size_t env_max = 256;                // settings
inline constexpr std::size_t program_bytes_max = 1 << 14;  // of all words and settings of a job
inline constexpr std::size_t files_max = 64;               // of a job
inline constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 30;
inline constexpr std::uint64_t files_bytes_max = std::uint64_t{1} << 34;  // at the head, of all jobs
inline constexpr std::size_t file_part_bytes_max =
    1 << 18;  // travels in one message; a millisecond of the head
inline constexpr std::size_t file_parts_per_turn =
    8;  // read for agents: two MiB between two batches of beats
inline constexpr Duration answer_patience =
    5s;  // of an agent, before it asks for a part of a file or tells of output again
inline constexpr Duration unused_file_kept = 1h;  // that no job names: its submission never came
inline constexpr std::size_t item_bytes_max =
    1 << 16;  // a line of a list; Linux takes twice as much in one word
// Orders may introduce a job with each lease, a report of jobs tells each one's program.
static_assert((leases_per_agent_max + 64) * (program_bytes_max + 1024) < agent_message_bytes_max);
static_assert((jobs_reported_max + 64) * (program_bytes_max + 8192) < client_message_bytes_max);

// What programs print travels apart from beats, in messages of their own.
inline constexpr Duration log_delay =
    500ms;  // what is written is on its way after this: read 2 s later for sure
inline constexpr std::size_t log_part_bytes_max = 1 << 12;    // one row at the head
inline constexpr std::size_t log_parts_kept = 1 << 14;        // of a job, the latest: 64 MiB at most
inline constexpr std::size_t log_run_bytes_max = 1 << 16;     // of one run, half of it from its end
inline constexpr std::size_t log_outbox_bytes_max = 1 << 22;  // at an agent; what comes meanwhile is left out
inline constexpr std::size_t output_run_bytes_max = 1 << 24;  // collected of one run
inline constexpr std::size_t output_untold_bytes_max =
    1 << 26;  // at an agent, that the head has not stored: then it waits
inline constexpr std::size_t output_part_bytes_max = 1 << 16;  // one row at the head
inline constexpr std::uint64_t output_job_bytes_max = std::uint64_t{1} << 32;
inline constexpr std::size_t outputs_per_message = 1024;  // runs, or parts of them
inline constexpr std::size_t outputs_message_bytes_max = 1 << 19;
static_assert(outputs_message_bytes_max + outputs_per_message * 256 < message_bytes_max);
inline constexpr std::size_t logs_answered_max = 1024;   // parts, in one answer
inline constexpr std::size_t outputs_answered_max = 64;  // the same: four MiB
inline constexpr std::size_t failed_spans_told = 32;     // in a job's report

// ---- failing agents
inline constexpr std::uint32_t quarantine_after = 5;  // failed attempts in a row, where others succeed
inline constexpr Duration suspension_term = 15s;      // so long others may try what has failed on it
inline constexpr Duration quarantine_term = 10min;    // then it may try again

}  // namespace pq::limits
