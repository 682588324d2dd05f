// A head among peers that may send anything. After each turn, every promise of DESIGN.md that can be seen
// from outside is checked, on the queue and on its stored rows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "daemon/daemon.h"
#include "tests/fuzz/memory.h"
#include "tests/rooms.h"

namespace pq::fuzz {

// The sender, and its connection.
struct Speaker {
  PeerId peer;
  Principal who;
};

// May a value be a lie? If nobody lies who may commit, every part that is counted has its true value.
enum class Honesty { commits_are_true, anything_is_said };

class Stage {
 public:
  explicit Stage(Honesty honesty);

  // Heard in the next turn.
  void says(const Speaker& speaker, const AgentToHead& message) { says_bytes(speaker, encode_any(message)); }
  void says(const Speaker& speaker, const Letter<ClientToHead>& letter) {
    says_bytes(speaker, encode_any(letter));
  }
  void says_bytes(const Speaker& speaker, std::string bytes);

  // ---- time
  void turns();
  void passes(Duration duration);        // the head wakes whenever it must
  void stands_still(Duration duration);  // it turns but once, at the end

  // ---- disaster
  void restarts();  // what it has not heard yet is lost
  void next_commit(CommitEnd end) { store_.next_commit(end); }
  void backs_up() { backup_ = store_.model(); }
  void restores_backup();

  Honesty honesty() const { return honesty_; }
  const Queue& queue() const { return daemon_->queue(); }
  const Stored& stored() const { return store_.stored(); }
  Epoch epoch() const { return {last_epoch_}; }
  Now now() const { return clock_.now(); }

 private:
  static std::string encode_any(const AgentToHead& message);
  static std::string encode_any(const Letter<ClientToHead>& letter);
  void check_turn();
  void check_leases_are_new();
  void check_job(const Job& job) const;

  Honesty honesty_;
  MemoryStore store_;
  MemoryTransport transport_;
  TestClock clock_;
  std::optional<Daemon> daemon_;
  std::uint64_t last_epoch_ = 0;
  std::optional<Model> backup_;

  std::map<JobId, Int128> done_;  // when it was last looked
  std::set<LeaseId> leases_ever_;
  std::set<LeaseId> leases_live_;
};

}  // namespace pq::fuzz
