// The head: one thread that owns everything and turns in one visible order. The order is the durability
// argument: nobody hears of a change that could still be lost.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/messages.h"
#include "common/os/clock.h"
#include "daemon/agent_files.h"
#include "daemon/backups.h"
#include "daemon/core/effects.h"
#include "daemon/core/queue.h"
#include "daemon/http/snapshots.h"
#include "daemon/measures.h"
#include "daemon/store.h"
#include "daemon/transport.h"

namespace pq {

// The queue as stored, with the epoch of this run noted durably. Before the transport lets anybody in.
Queue restore_queue(QueueSettings settings, Epoch epoch, Store& store, Now now);

class Daemon {
 public:
  // `agents` and `http`, where they are handed out, are what clients are told; nullptr: none are.
  Daemon(Queue queue, Store& store, Transport& transport, const Clock& clock,
         const AgentFiles* agents = nullptr, std::optional<std::string> http = std::nullopt);

  // Receives a batch, decides, commits one transaction, sends, hands out some parts of files and copies a few
  // pages of a backup. Throws
  // EnvironmentError when the commit fails: the process must end, for nobody knows what is in the file.
  // Begins at `latest` if nothing happens before.
  void turn(Instant latest = Instant::never());

  // When it must turn again though no message has come.
  Instant next_deadline() const;

  // What HTTP shows, with these jobs looked at closely: the queue as it is now, and that is as the last turn
  // committed it.
  Snapshot snapshot(const std::set<JobId>& details = {});

  const Queue& queue() const { return queue_; }

 private:
  void hear(const Incoming& incoming, Now now);
  void answer(const Incoming& incoming, const Letter<ClientToHead>& letter, Now now);
  std::optional<AgentPrograms> agent_programs() const;
  KeysReport report(const std::vector<Principal>& principals) const;
  void note_revoked(const std::vector<Principal>& revoked, const Principal& asker);
  void answer_from_store();
  std::optional<JobDetail> detail(JobId job, Now now);
  HeadToClient look_up(const Verify& ask);
  HeadToClient look_up(const AskLogs& ask);
  HeadToClient look_up(const AskOutput& ask);
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

  struct LookUp {
    PeerId peer;
    RequestNumber request = 0;
    std::variant<Verify, AskLogs, AskOutput> ask;
  };
  std::vector<LookUp> look_ups_;  // asked for in this turn

  struct FileWanted {
    PeerId peer;
    Sha256 hash;
    std::uint64_t offset = 0;
  };
  KeptEvents events_;                    // as of the last snapshot
  std::deque<FileWanted> files_wanted_;  // by agents; some are handed out each turn
};

// What a role may say: an agent cannot submit, a viewer cannot cancel, a client cannot commit.
bool may_say(Role role, const AgentToHead& message);
bool may_say(Role role, const ClientToHead& message);

}  // namespace pq
