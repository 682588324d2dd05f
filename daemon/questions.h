// What clients have asked and nobody has answered yet. Peers take turns, each in the order in which it asks.
// So whoever asks much waits for himself and not for others. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/gate/transport.h"

namespace pq::daemon {

struct Question {
  PeerId peer;
  Principal sender;
  Letter<ClientToHead> letter;
  std::size_t bytes = 0;  // as it came
  Instant since;
};

template <class... Messages>
bool is_one_of(const ClientToHead& message) {
  return (std::holds_alternative<Messages>(message) || ...);
}

// Only tells, and may be answered after the commit. All others change something, or wait for a change.
bool only_asks(const ClientToHead& message);

class Questions {
 public:
  // False: limits::questions_per_peer_max of this peer wait already, or questions_bytes_per_peer_max.
  bool add(Question question);

  bool are_none() const { return line_.empty(); }

  // Takes one after the other that `may`, until it is `enough`. A peer whose first question may not be taken
  // is passed over. Returns how many were taken.
  template <class May, class Enough, class Answer>
  std::size_t serve(const May& may, const Enough& enough, const Answer& answer);

  // The first question of each peer.
  std::vector<const Question*> first() const;

  // Returns how many there were.
  std::size_t forget(PeerId peer);

 private:
  struct Waiting {
    std::deque<Question> questions;
    std::size_t bytes = 0;
  };

  Question take_first(PeerId peer);

  std::map<PeerId, Waiting> waiting_;
  std::deque<PeerId> line_;  // those with questions
};

template <class May, class Enough, class Answer>
std::size_t Questions::serve(const May& may, const Enough& enough, const Answer& answer) {
  std::size_t count = 0;
  std::deque<PeerId> passed_over;
  while (!line_.empty() && !enough()) {
    const PeerId peer = line_.front();
    line_.pop_front();
    if (!may(std::as_const(waiting_.at(peer).questions.front()))) {
      passed_over.push_back(peer);
      continue;
    }
    const Question question = take_first(peer);
    if (waiting_.contains(peer)) line_.push_back(peer);
    answer(question);
    ++count;
  }
  line_.insert(line_.begin(), passed_over.begin(), passed_over.end());
  return count;
}

}  // namespace pq::daemon
