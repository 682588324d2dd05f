// The head's mind: jobs with their ledgers, the live leases, the agents, and who waits for what. Messages and
// time go in, effects come out; it has no socket, file, clock or log. Each change of a job goes through its
// ledger, so what is promised of a total is decided in one class.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/limits.h"
#include "common/messages.h"
#include "daemon/core/effects.h"
#include "daemon/core/event_history.h"
#include "daemon/core/files.h"
#include "daemon/core/leases.h"
#include "daemon/core/ledger.h"
#include "daemon/core/pass_clock.h"
#include "daemon/core/roster.h"
#include "daemon/core/rows.h"
#include "daemon/core/schedule.h"
#include "daemon/core/shares.h"
#include "daemon/core/throughput.h"

namespace pq {

struct QueueSettings {
  Duration lease_term = limits::lease_term;
  Duration beat_interval = limits::beat_interval;
};

// Where a message came from.
struct Sender {
  PeerId peer;
  std::string public_key;
};

// How one agent fares with the program of one job.
struct Record {
  std::uint32_t failures_in_row = 0;  // since it last succeeded
  bool others_succeed = false;        // with a part on which it had failed
  Instant suspended_until = {};       // it waits for others to try what has failed on it
};

struct Job {
  JobRow row;
  Ledger ledger;
  Demand demand = demand_of(row.spec);
  std::string last_words = {};         // of the latest attempt that failed
  std::size_t leaving = 0;             // leases with Lease::leaving
  std::set<AgentId> measured_by = {};  // whose Agent::paces tell of it
  Speeds speeds = {};                  // worth a pass over these a few times a second
  Instant speeds_known_until = {};
  std::optional<Cost> usual_before = {};   // as last told, also by an agent that has forgotten it since
  std::map<AgentId, Record> records = {};  // of those on which its program has failed
  std::optional<AgentId> gathers_on = {};  // where slots are kept for it until a step's worth of them is idle
  std::uint64_t logs_upto = 0;             // the number of its log's last part
  Throughput throughput{limits::job_sample_first, limits::job_samples_max, Throughput::WhenFull::halve};

  std::vector<FileRef> files() const {
    return row.spec.program ? files_needed(*row.spec.program) : std::vector<FileRef>{};
  }
};

class Queue {
 public:
  // Everything as stored. Each stored lease gets a fresh term in which its holder may come back.
  Queue(QueueSettings settings, Epoch epoch, Stored stored, Now now);

  void handle(const Sender& from, const AgentToHead& message, Now now, Effects& effects);
  void handle(const Sender& from, const Letter<ClientToHead>& letter, Now now, Effects& effects);

  // This key is let in no longer: its agents are told to end, and lose their leases at once.
  void revoke(const std::string& public_key, Effects& effects);

  // Those that compute with it now.
  std::uint32_t agents_of(const std::string& public_key) const;

  // What time alone has caused, and what follows from the messages of this turn: silent agents lose their
  // leases, idle slots get work, waiting clients their answers. Fills effects.changes.
  void settle(Now now, Effects& effects);

  // When settle must run again though no message has come.
  Instant next_deadline() const;

  JobReport report(const Job& job) const;
  JobReport whole_report(const Job& job) const;
  const std::map<JobId, Job>& jobs() const { return jobs_; }
  const LeaseTable& leases() const { return leases_; }
  const Roster& roster() const { return roster_; }
  const Shares& shares() const { return shares_; }
  const Files& files() const { return files_; }
  std::size_t clients_waiting() const { return waits_count_; }
  const EventHistory& events() const { return events_; }
  const Throughput& throughput() const { return throughput_; }  // of the whole fleet
  // Since this head began, of all jobs, also of those that it has forgotten.
  std::uint64_t integers_done() const { return integers_done_; }
  const LeaseCounts& lease_counts() const { return lease_counts_; }
  Instant began_at() const { return began_at_; }

  // Who has said nothing for longer is called silent.
  Duration silent_after() const { return 3 * std::chrono::milliseconds(beat_ms()); }

 private:
  struct Waiting {
    PeerId peer;
    RequestNumber request = 0;
    Instant until;
  };

  // ---- agents → head (queue_agents.cpp)
  void hear(const Sender& from, const Hello& hello, Now now, Effects& effects);
  void hear(const Sender& from, const Beat& beat, Now now, Effects& effects);
  void hear(const Sender& from, const Goodbye& goodbye, Now now, Effects& effects);
  void hear(const Sender& from, const Output& output, Now now, Effects& effects);
  void hear(const Sender& from, const WantFile& want, Now now, Effects& effects);
  void begin_anew(Agent& agent, Effects& effects);
  Agent* speaking(const Sender& from, const std::string& name, Incarnation incarnation, Effects& effects);
  void hear_plans(Agent& agent, const Beat& beat, Effects& effects);
  void hear_paces(Agent& agent, const std::vector<PaceView>& views);
  void hear_lease(Agent& agent, const LeaseView& view, Now now, Effects& effects);
  void hear_contradiction(const Agent& agent, const LeaseView& view, Effects& effects);
  void hear_failure(Agent& agent, const LeaseView& view, Now now, Effects& effects);
  void hear_end(Agent& agent, const LeaseView& view, Effects& effects);
  void misused(const Agent& agent, const LeaseView& view, const char* how, Effects& effects);
  void count_recomputed(Agent& agent, const LeaseView& view);
  void drop_unlisted(Agent& agent, const Beat& beat);
  std::uint32_t beat_ms() const;

  // ---- what programs print, and agents on which they fail (queue_programs.cpp)
  void keep_log(const LogPart& part, const Agent& agent, Now now);
  void keep_output(const OutputPart& part, const Agent& agent);
  bool is_collected(const Lease& lease, std::uint64_t upto) const;
  void forget_output(LeaseId id, std::uint64_t from);
  void note_success(Agent& agent, Job& job, const Leased& finished, Now now, Effects& effects);
  void note_failure(Agent& agent, Job& job, const Leased& failed, Now now, Effects& effects);
  void judge(Agent& agent, Job& job, Now now, Effects& effects);
  void set_quarantine(Agent& agent, std::optional<Instant> until);

  // ---- clients → head (queue_clients.cpp)
  HeadToClient answer(const Submit& submit, Now now, Effects& effects);
  HeadToClient answer(const AskJob& ask, Now now, Effects& effects);
  HeadToClient answer(const AskJobs& ask, Now now, Effects& effects);
  HeadToClient answer(const Steer& steer, Now now, Effects& effects);
  HeadToClient answer(const Reprioritize& ask, Now now, Effects& effects);
  HeadToClient answer(const AskAgents& ask, Now now, Effects& effects);
  HeadToClient answer(const DrainAgent& ask, Now now, Effects& effects);
  HeadToClient answer(const AskEvents& ask, Now now, Effects& effects);
  HeadToClient answer(const AskExplanation& ask, Now now, Effects& effects);
  HeadToClient answer(const PutFile& put, Now now, Effects& effects);
  HeadToClient retry(Job& job, Effects& effects);
  std::optional<HeadToClient> wait(const Wait& wait, const Sender& from, RequestNumber request, Now now);
  AgentReport report(const Agent& agent, Now now) const;
  void pause(Job& job, Now now);
  bool make_room(Now now);
  void answer_waits(Now now, Effects& effects);

  // ---- work for idle slots (queue_work.cpp)
  void give_work(Now now);
  bool give_each(Now now);
  Job* next_job(const Agent& agent, std::uint64_t slots, Now now, Range& free);
  bool may_begin(Job& job, const Agent& agent, std::uint64_t slots);
  bool others_can(const Agent& agent, const Job& job, Instant suspended_at) const;
  static bool is_suspended(AgentId agent, const Job& job, Instant at);
  std::optional<Range> free_for(const Agent& agent, const Job& job, Now now) const;
  std::uint64_t width_for(Job& job, const Agent& agent, const Range& free, Now now);
  void grant(Job& job, Agent& agent, const Range& free, Now now);
  void rank(const Job& job);
  void rank_jobs();
  const Speeds& speeds(Job& job, Now now);
  Cost cost_for(const Agent& agent, Job& job, std::uint64_t at, Now now);

  // ---- running leases that end earlier: for idle slots (queue_split.cpp) or another job (queue_share.cpp)
  void serve_idle(Now now, Effects& effects);
  bool take_from_silent(Now now, Effects& effects);
  bool split_running(Now now);
  Running as_running(const Lease& lease, Now now);
  void ask_to_end(LeaseId id, std::uint64_t end, Now now);
  class Takeover;
  void share_slots(Now now);
  void ask_to_leave(LeaseId id, Now now);

  // ---- what follows from a turn (queue.cpp)
  void notice_standing_still(Now now);
  void expire_silent(Now now, Effects& effects);
  void end_finished_jobs(Now now, Effects& effects);
  void send_orders(Effects& effects);
  Orders orders_for(const Agent& agent) const;
  void note_throughput(Now now);
  SlotCounts slot_counts() const;
  void note_splits(Effects& effects);
  void note_rows(Now now, Effects& effects);

  // ---- shared by them (queue.cpp)
  Job& touch(JobId id);
  void leave(Agent& agent);
  void note_idle(Agent& agent);
  void release(LeaseId id);
  void drop_lease(LeaseId id);
  void lose_lease(LeaseId id, const std::string& why, Effects& effects);
  void lose_leases(Agent& agent, const std::string& why, Effects& effects);
  bool notice_silence(Agent& agent, Now now);
  Duration tail_term() const;
  void end_job(Job& job, JobState state, std::optional<std::string> error, Now now, Effects& effects);

  QueueSettings settings_;
  Epoch epoch_;

  std::map<JobId, Job> jobs_;
  std::map<RequestId, JobId> by_request_;
  JobId last_job_;

  LeaseTable leases_;
  Roster roster_;
  Files files_;
  std::set<AgentId> idle_;  // those with an idle slot that take work
  Shares shares_;
  Instant next_expiry_;
  PassClock idle_pass_;                    // for idle slots beside running leases
  PassClock share_pass_;                   // for jobs that wait beside running leases
  PassClock count_pass_;                   // of what each job was served
  Instant next_share_ = Instant::never();  // while jobs wait: when one of the two may be due
  Instant settled_at_;
  Instant awake_until_;  // the next deadline, as the last turn told it
  Instant awake_since_;  // it was on time at each since then

  std::map<JobId, std::vector<Waiting>> waits_;  // clients that wait for a job's end
  std::size_t waits_count_ = 0;
  Instant next_wait_end_ = Instant::never();  // no later than the earliest `until`

  // ---- for people
  EventHistory events_;
  Throughput throughput_{limits::fleet_sample, limits::fleet_samples_kept, Throughput::WhenFull::forget};
  std::uint64_t integers_done_ = 0;
  LeaseCounts lease_counts_;
  Instant began_at_;
  std::deque<JobId> sampled_;  // those that have ended and still have their samples, the latest last

  // Of this turn.
  struct Split {
    std::size_t leases = 0;
    std::string agent;  // of one of them
    std::string detail;
  };
  std::map<JobId, Split> splits_;
  std::set<AgentId> orders_due_;
  std::set<JobId> touched_jobs_;
  std::set<JobId> advanced_jobs_;  // more of them is committed, which no row of theirs tells
  bool slots_are_kept_ = false;    // on some agent, for a step that needs more than are idle
  std::set<JobId> unranked_;       // may stand elsewhere in shares_ by now
  Changes changes_;
};

}  // namespace pq
