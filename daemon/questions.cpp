#include "daemon/questions.h"

#include <algorithm>

#include "daemon/limits.h"

namespace pq::daemon {

bool only_asks(const ClientToHead& message) {
  return is_one_of<AskJob, AskJobs, AskJobIds, AskEach, AskAgents, Verify, AskLogs, AskOutput, AskEvents,
                   AskExplanation, AskProvenance, AskKeys, AskAgentPrograms>(message);
}

bool Questions::add(Question question) {
  const PeerId peer = question.peer;
  Waiting& waiting = waiting_[peer];
  const bool is_new = waiting.questions.empty();
  if (waiting.questions.size() >= limits::questions_per_peer_max ||
      (!is_new && waiting.bytes + question.bytes > limits::questions_bytes_per_peer_max))
    return false;
  if (is_new) line_.push_back(peer);
  waiting.bytes += question.bytes;
  waiting.questions.push_back(std::move(question));
  return true;
}

Question Questions::take_first(PeerId peer) {
  const auto found = waiting_.find(peer);
  Waiting& waiting = found->second;
  Question question = std::move(waiting.questions.front());
  waiting.questions.pop_front();
  waiting.bytes -= question.bytes;
  if (waiting.questions.empty()) waiting_.erase(found);
  return question;
}

std::vector<const Question*> Questions::first() const {
  std::vector<const Question*> questions;
  for (const PeerId peer : line_) questions.push_back(&waiting_.at(peer).questions.front());
  return questions;
}

std::size_t Questions::forget(PeerId peer) {
  const auto found = waiting_.find(peer);
  if (found == waiting_.end()) return 0;
  const std::size_t count = found->second.questions.size();
  waiting_.erase(found);
  std::erase(line_, peer);
  return count;
}

}  // namespace pq::daemon
