#include "client/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <span>

#include "common/os/random.h"
#include "common/protocol/wire.h"
#include "common/values/duration.h"

namespace pq::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_sends = 10ms;  // of a message that the socket does not take yet
constexpr Duration sleep_longest = 1h;

CredentialSources sources_of(const SharedOptions& shared) {
  CredentialSources sources;
  sources.state_dir = shared.state_dir;
  sources.role = Role::operator_;
  sources.head_endpoint = shared.head;
  sources.key_file = shared.key_file;
  return sources;
}

const char* word_of(Link link) {
  if (link == Link::wrong_head) return "wrong_head";
  return link == Link::come_again ? "come_again" : "head_unreachable";
}

}  // namespace

Connection::Connection(const SharedOptions& shared, Screen& screen)
    : screen_(screen), time_(shared.timeout, shared.timeout_flag, now()), socket_(sources_of(shared)) {
  seed_c_library();
}

tl::expected<HeadToClient, Failure> Connection::ask(const ClientToHead& question, Duration patience) {
  const std::string bytes = encode(Letter<ClientToHead>{.request = ++asked_, .body = question});
  const Instant asked_at = now();
  const Instant give_up_at = later(asked_at, std::min(patience, time_left()));
  Instant send_at = asked_at;
  while (true) {
    if (stop_.take()) {
      return tl::unexpected(
          Failure{ExitStatus::interrupted, "interrupted", "interrupted before the head answered"});
    }
    if (auto answer = take_answer()) return std::move(*answer);
    const Instant at = now();
    if (auto failure = trouble(at)) return tl::unexpected(std::move(*failure));
    if (has_been_up_ && at >= give_up_at) {
      return tl::unexpected(Failure{ExitStatus::timed_out, "timed_out", no_answer_text(at - asked_at)});
    }
    const bool is_up = has_been_up_ && !is_away_;
    if (!is_up) {
      send_at = at;  // at once when the head is back, because the earlier question is lost
      socket_.expect_no_answer();
    } else if (socket_.hang_up_if_mute(at)) {
      continue;
    } else if (at >= send_at) {
      send_at = later(at, socket_.send(question, bytes, at) ? answer_within(question) : between_sends);
    }
    const Instant look_at =
        is_up ? std::min(send_at, socket_.mute_at()) : later(at, HeadSocket::between_looks);
    sleep_until(std::min(has_been_up_ ? give_up_at : time_.next_contact_end(at), look_at), at);
  }
}

// Updates the state of the connection. A problem that waiting cannot solve is a failure.
std::optional<Failure> Connection::trouble(Instant at) {
  Link link = socket_.link();
  if (link != Link::up && link != Link::key_refused) {
    socket_.look_for_head(at);
    link = socket_.link();
  }
  if (link == Link::up) {
    if (is_away_) screen_.say(fmt::format("the head at {} is back", credentials().head_endpoint));
    has_been_up_ = true;
    is_away_ = false;
    return std::nullopt;
  }
  if (link == Link::key_refused)
    return Failure{ExitStatus::head_unreachable, "key_refused", no_contact_text(link)};
  if (has_been_up_) {
    if (!is_away_) {
      screen_.say(
          fmt::format("the head at {} does not answer; retrying until it does", credentials().head_endpoint));
    }
    is_away_ = true;
    return std::nullopt;
  }
  const bool is_greeting = socket_.is_greeting(link, at);
  if (at < time_.contact_until(is_greeting || link == Link::come_again) && !socket_.is_hopeless())
    return std::nullopt;
  return Failure{ExitStatus::head_unreachable, word_of(link),
                 is_greeting ? no_greeting_text(at) : no_contact_text(link)};
}

std::optional<tl::expected<HeadToClient, Failure>> Connection::take_answer() {
  while (const auto bytes = socket_.receive()) {
    auto letter = decode_to_client(*bytes);
    if (!letter) return tl::unexpected(strange_answer(letter.error().detail));
    // A head that cannot decode a question does not know its number.
    const bool is_nameless_refusal = letter->request == 0 && std::holds_alternative<Refusal>(letter->body);
    if (letter->request == asked_ || is_nameless_refusal) return std::move(letter->body);
    spdlog::debug("a late answer to question {} is ignored", letter->request);
  }
  return std::nullopt;
}

bool Connection::rest(Duration time) { return rest(time, nullptr) != Waking::stopped; }

Connection::Waking Connection::rest(Duration time, ResizeSignal& resize) { return rest(time, &resize); }

Connection::Waking Connection::rest(Duration time, ResizeSignal* resize) {
  for (const Instant until = later(now(), time); now() < until;) {
    while (socket_.receive()) {
      // A late answer to an earlier question. Nobody waits for it, and unread it would keep this loop awake.
    }
    sleep_until(until, now(), resize);
    if (stop_.take()) return Waking::stopped;
    if (resize != nullptr && resize->take()) return Waking::resized;
  }
  return Waking::time_is_over;
}

void Connection::sleep_until(Instant then, Instant at, const ResizeSignal* resize) {
  const Duration time = std::min(std::max(then - at, Duration{0}), sleep_longest);
  const std::array all = {stop_.fd(), resize == nullptr ? -1 : resize->fd()};
  const std::span fds(all.data(), resize == nullptr ? 1 : 2);
  socket_.wait(time, fds);
}

std::string Connection::no_contact_text(Link link) const {
  if (!socket_.credentials()) return socket_.credentials_missing();
  const std::string& head = credentials().head_endpoint;
  if (link == Link::key_refused) {
    return fmt::format("the head at {} does not know this key; ask for one made by pq-key new", head);
  }
  if (link == Link::wrong_head) {
    return fmt::format(
        "{} is not the head that this key file belongs to; pass the --key or --state-dir of that head", head);
  }
  if (link == Link::come_again) {
    return fmt::format(
        "the head at {} lets nobody new in for now: its clock has jumped and it cannot tell whether this key "
        "has expired, or it has hardly any descriptors left; try again in a minute, or read its log",
        head);
  }
  return fmt::format("no head answers at {}; start pqd there or pass --head", head);
}

// It is there, so starting another one is no remedy.
std::string Connection::silence_text(Duration silent) const {
  return fmt::format(
      "connected to {}, but it has been silent for {}: the head there is stopped or busy; look at it, or "
      "pass a longer {}",
      credentials().head_endpoint, to_text(silent), time_.flag());
}

std::string Connection::no_answer_text(Duration waited) {
  if (socket_.link() == Link::up || socket_.ungreeted_since()) return silence_text(waited);
  return fmt::format("the head at {} has not answered within {}; pass a longer {}",
                     credentials().head_endpoint, to_text(waited), time_.flag());
}

std::string Connection::no_greeting_text(Instant at) {
  if (const auto since = socket_.ungreeted_since()) return silence_text(at - *since);
  return fmt::format(
      "{} has not answered within {}: its machine is away, or a firewall drops what is sent there; try "
      "again, or pass --head",
      credentials().head_endpoint, to_text(time_.spent(at)));
}

Failure strange_answer(const std::string& what) {
  return {ExitStatus::head_unreachable, "unsupported_version",
          fmt::format("the head's answer was not understood ({}); install the same pq on both sides", what)};
}

}  // namespace pq::client
