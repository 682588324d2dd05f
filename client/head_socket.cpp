#include "client/head_socket.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>
#include <variant>

#include "client/time_budget.h"
#include "common/os/wait.h"
#include "common/protocol/limits.h"

namespace pq::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration refusal_usual = 200ms;  // a closed port usually refuses sooner
constexpr Duration answer_usual = 2s;      // unanswered for longer: the question or the answer was lost
constexpr Duration mute_longest = 13s;     // if an answer is later than this, the connection leads nowhere

bool same_head(const Credentials& left, const Credentials& right) {
  return left.head_endpoint == right.head_endpoint && left.head_public_key == right.head_public_key &&
         left.own.public_key == right.own.public_key;
}

}  // namespace

Duration answer_within(const ClientToHead& question) {
  const auto* wait = std::get_if<Wait>(&question);
  return answer_usual + (wait == nullptr ? 0ms : std::chrono::milliseconds(wait->patience_ms));
}

// An old socket backs off, as a fleet of agents must, but a person waits for this one.
void HeadSocket::look_for_head(Instant now) {
  if (looked_at_ && now - *looked_at_ < between_looks) return;
  looked_at_ = now;
  auto found = find_credentials(sources_);
  if (!found) {
    credentials_missing_ = found.error();
    return;
  }
  if (dealer_ && same_head(*credentials_, *found) && dealer_->link() != Link::nobody_listens) return;
  credentials_ = std::move(*found);
  connect(now);
}

void HeadSocket::connect(Instant now) {
  spdlog::debug("connecting to {}", credentials_->head_endpoint);
  dealer_.emplace(*credentials_, limits::client_message_bytes_max);
  connected_at_ = now;
  expect_no_answer();
}

// The kernel detects a connection whose other end is gone. It does not detect one that ends between here and
// the head, for example in a tunnel.
bool HeadSocket::hang_up_if_mute(Instant now) {
  if (now < mute_at()) return false;
  connect(now);
  return true;
}

Instant HeadSocket::mute_at() const { return later(answer_due_, mute_longest); }

Link HeadSocket::link() { return dealer_ ? dealer_->link() : Link::connecting; }

std::optional<Instant> HeadSocket::ungreeted_since() {
  return dealer_ ? dealer_->ungreeted_since() : std::nullopt;
}

bool HeadSocket::is_greeting(Link link, Instant now) const {
  return dealer_ && link == Link::connecting && now - connected_at_ > refusal_usual;
}

// The earliest due time of all questions since the head was last heard stays, even if a question is given up
// and another one asked. A backup may take its time, and the head says nothing before its end.
bool HeadSocket::send(const ClientToHead& question, const std::string& bytes, Instant now) {
  if (!dealer_->send(bytes)) return false;
  if (!std::holds_alternative<BackUp>(question))
    answer_due_ = std::min(answer_due_, later(now, answer_within(question)));
  return true;
}

std::optional<std::string> HeadSocket::receive() {
  auto bytes = dealer_ ? dealer_->receive() : std::nullopt;
  if (bytes) expect_no_answer();
  return bytes;
}

void HeadSocket::wait(Duration time, std::span<const int> fds) {
  if (dealer_) {
    dealer_->wait(time, fds);
  } else {
    wait_readable(time, fds);
  }
}

bool HeadSocket::is_hopeless() const {
  return !credentials_ && sources_.key_file && !std::filesystem::exists(*sources_.key_file);
}

}  // namespace pq::client
