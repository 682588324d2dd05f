// The head: one thread that owns everything and repeats one visible order of steps. That order is the
// durability argument: no message reports a change that could still be lost.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/os/clock.h"
#include "common/protocol/messages.h"
#include "daemon/core/effects.h"
#include "daemon/core/queue.h"
#include "daemon/floods.h"
#include "daemon/gate/transport.h"
#include "daemon/http/agent_files.h"
#include "daemon/questions.h"
#include "daemon/store/backups.h"
#include "daemon/store/store.h"
#include "daemon/view/measures.h"
#include "daemon/view/snapshots.h"

namespace pq::daemon {

// Loads the stored queue, and stores the epoch of this run. Call before the transport accepts anybody.
Queue restore_queue(QueueSettings settings, Epoch epoch, Store& store, Now now);

class Daemon {
 public:
  // `agents` and `http` are the agent programs, and the address that serves them, as clients see them.
  // nullptr: there are none.
  Daemon(Queue queue, Store& store, Transport& transport, const Clock& clock,
         const AgentFiles* agents = nullptr, std::optional<std::string> http = std::nullopt);

  // One turn. It receives a batch, decides, commits one transaction, sends, sends some parts of files, and
  // copies a few pages of a backup or gives some to the disk. It begins at `latest` if nothing happens
  // before. Throws EnvironmentError if the commit fails: the process must end, because nobody knows what is
  // in the file.
  void turn(Instant latest = Instant::never());

  // When the next turn is due even if no message comes.
  Instant next_deadline() const;

  // What HTTP shows, with the details of these jobs: the queue as the last turn committed it.
  Snapshot snapshot(const std::set<JobId>& details = {});

  const Queue& queue() const { return queue_; }

 private:
  void hear(const Incoming& incoming, Now now);
  void ask(const Incoming& incoming, const Letter<ClientToHead>& letter, Now now);
  void act_for_clients(Now now);
  void tell_clients();
  void give_up_those_who_do_not_read();
  void answer(const Question& question, Now now);
  std::optional<AgentPrograms> agent_programs() const;
  KeysReport report(const std::vector<ListedKey>& keys) const;
  void note_key_news();
  std::optional<JobDetail> detail(JobId job, Now now);
  HeadToClient look_up(const Verify& ask);
  HeadToClient look_up(const AskLogs& ask);
  HeadToClient look_up(const AskOutput& ask);
  HeadToClient look_up(const AskProvenance& ask);
  ProvenancePage provenance_page(const AskProvenance& ask, std::size_t count_max);
  void show_provenance(Now now);
  void look_at_space();
  void hand_out_files();
  void refuse(const Incoming& incoming, const Refusal& refusal, RequestNumber request);
  void turn_away(const Incoming& incoming, const ToHead& message);
  void commit();
  void send();
  void tell(Now now);

  Store& store_;
  Transport& transport_;
  const Clock& clock_;
  const AgentFiles* agents_;
  std::optional<std::string> http_;
  Queue queue_;
  Backups backups_;
  Effects effects_;  // of this turn
  Measures measures_;

  struct RecomputeAsked {
    PeerId peer;
    RequestNumber request = 0;
    Recompute ask;
  };
  struct FileWanted {
    PeerId peer;
    Sha256 hash;
    std::uint64_t offset = 0;
  };
  // What is answered after the commit, and not all of it in one turn.
  struct Postponed {
    Questions questions;                    // of clients
    Instant tells_from;                     // after a rest
    Instant goes_on_at;                     // with these
    std::deque<RecomputeAsked> recomputes;  // one is done a turn
    std::deque<FileWanted> files_wanted;    // by agents; some are handed out each turn
    bool pages_to_give_back = false;        // to the disk, some each turn
  };
  Postponed postponed_;
  KeptEvents events_;  // as of the last snapshot
  Floods floods_;
};

// What a role may do: an agent cannot submit, a viewer cannot cancel, a client cannot commit.
bool may_say(Role role, const AgentToHead& message);
bool may_say(Role role, const ClientToHead& message);

}  // namespace pq::daemon
