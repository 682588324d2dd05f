#include "agent/head_link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "common/os/random.h"
#include "common/os/wait.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire.h"

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration backoff_first = 250ms;
constexpr Duration backoff_longest = 15s;
constexpr Duration silence_told = 5s;  // a head that takes a whole fleet back needs some seconds
constexpr int silent_beats_max = 5;    // a connection that brings nothing for so many beats is replaced

std::string complaint_of(Link link) {
  if (link == Link::nobody_listens) return "no head answers yet; trying again";
  if (link == Link::wrong_head)
    return "the handshake failed: another head, or another program, listens there; trying again";
  if (link == Link::key_refused)
    return "the head does not know this agent's key: ask for a token made by pq-key new agent; trying again";
  if (link == Link::come_again) {
    return "the head lets nobody new in for now: its clock has jumped and it cannot tell whether this "
           "agent's key has expired, or it has hardly any descriptors left; trying again";
  }
  return "";
}

}  // namespace

bool HeadLink::keep(Instant heard_at, Duration beat_interval, Instant now) {
  if (!dealer_) {
    if (now >= next_connect_) connect(now);
    return false;
  }
  const Link link = dealer_->link();
  // Messages sent while no head was connected are gone, and the next one would be due only in a second.
  const bool is_reached = std::exchange(last_link_, link) != Link::up && link == Link::up;
  complain(complaint_of(link));
  if (const auto since = dealer_->ungreeted_since(); since && now - *since >= silence_told) {
    complain("connected to the head, but it does not greet: it is stopped or busy; waiting for it");
  }
  const bool is_mute = now - std::max(heard_at, connected_at_) > silent_beats_max * beat_interval + 5s;
  if (link == Link::key_refused || is_mute) {
    dealer_.reset();
    last_link_ = Link::connecting;
    next_connect_ = now + backoff();
  }
  return is_reached;
}

void HeadLink::connect(Instant now) {
  const auto credentials = find_credentials(sources_);
  if (!credentials) {
    complain(credentials.error());
    next_connect_ = now + backoff();
    return;
  }
  dealer_.emplace(*credentials, limits::agent_message_bytes_max);
  connected_at_ = now;
}

void HeadLink::complain(const std::string& complaint) {
  if (complaint.empty() || complaint == complaint_) return;
  complaint_ = complaint;
  spdlog::warn("{}", complaint_);
}

bool HeadLink::settle_complaint() {
  failures_ = 0;
  return !std::exchange(complaint_, {}).empty();
}

// Doubles up to its bound. Half of it is random, so that a fleet does not reconnect all at once.
Duration HeadLink::backoff() {
  const Duration base = std::min<Duration>(backoff_first * (1 << std::min(failures_, 10)), backoff_longest);
  ++failures_;
  return base / 2 +
         Duration(static_cast<std::int64_t>(random_bits() % static_cast<std::uint64_t>(base.count() / 2)));
}

void HeadLink::send(const AgentToHead& message) {
  if (dealer_) dealer_->send(encode(message));
}

std::optional<std::string> HeadLink::receive() { return dealer_ ? dealer_->receive() : std::nullopt; }

void HeadLink::wait(Duration patience, std::span<const int> wakers) {
  if (dealer_) {
    dealer_->wait(patience, wakers);
  } else {
    wait_readable(patience, wakers);
  }
}

}  // namespace pq::agent
