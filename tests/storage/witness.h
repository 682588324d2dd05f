// Remembers what a store was asked to keep and what it acknowledged, and decides whether a later state is
// possible. That state must have everything acknowledged, the last request completely or not at all, and
// nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "daemon/core/rows.h"
#include "tests/rooms.h"

namespace pq::storage {

// The store has lost something, or has invented something. The text says what.
struct Lost {
  std::string what;
};

class Witness {
 public:
  // A head reports its actions: a request is followed by its acknowledgement, or by nothing.
  void asks_for(const Changes& changes);
  void asks_for(Epoch epoch);
  void is_acknowledged();

  // Checks what the next process finds. Throws Lost.
  void finds(const Stored& found);
  void finds(const std::set<std::uint64_t>& epochs) const;

  std::uint64_t acknowledged = 0;  // requests
  std::uint64_t survived = 0;      // of those without an answer
  std::uint64_t vanished = 0;      // and those that did not

 private:
  Stored acknowledged_rows_;
  // The request without an answer. A process may find it and the next one not, until one of them has an
  // answer.
  std::optional<Changes> unanswered_;
  bool unanswered_is_found_ = false;
  std::optional<Epoch> epoch_unanswered_;
  std::set<std::uint64_t> epochs_acknowledged_;
  std::set<std::uint64_t> epochs_ever_;
};

}  // namespace pq::storage
