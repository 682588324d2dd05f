#include "client/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <span>

#include "common/duration.h"
#include "common/limits.h"
#include "common/os/random.h"
#include "common/os/wait.h"
#include "common/wire.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_contact_longest = 5s;
constexpr Duration answer_usual = 2s;     // unanswered for longer: the question or the answer was lost
constexpr Duration answer_longest = 30s;  // unanswered for longer: the head is not well
constexpr Duration between_sends = 10ms;  // of a message that the socket does not take yet
constexpr Duration between_reads_of_credentials =
    100ms;  // for a head that is starting, or has come back elsewhere
constexpr Duration sleep_longest = 1h;

Instant later(Instant from, Duration by) {
  return by < Instant::never() - from ? from + std::max(by, Duration{0}) : Instant::never();
}

// When an answer to it is late: a Wait may take its time.
Duration answer_within(const ClientToHead& question) {
  const auto* wait = std::get_if<Wait>(&question);
  return answer_usual + (wait == nullptr ? 0ms : std::chrono::milliseconds(wait->patience_ms));
}

bool same_head(const Credentials& left, const Credentials& right) {
  return left.head_endpoint == right.head_endpoint && left.head_public_key == right.head_public_key &&
         left.own.public_key == right.own.public_key;
}

}  // namespace

Connection::Connection(const SharedOptions& shared, Screen& screen)
    : screen_(screen),
      timeout_(shared.timeout),
      timeout_flag_(shared.timeout_flag),
      began_(now()),
      contact_until_(
          later(began_, std::min(first_contact_longest, timeout_.value_or(first_contact_longest)))) {
  sources_.state_dir = shared.state_dir;
  sources_.role = Role::operator_;
  sources_.head_endpoint = shared.head;
  sources_.key_file = shared.key_file;
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
      return tl::unexpected(
          Failure{ExitStatus::timed_out, "timed_out",
                  fmt::format("the head at {} has not answered within {}; pass a longer {}",
                              credentials_->head_endpoint, to_text(at - asked_at), timeout_flag_)});
    }
    const bool is_up = has_been_up_ && !is_away_;
    if (!is_up) {
      send_at = at;  // at once when it is back: what was asked before is lost
    } else if (at >= send_at) {
      send_at = later(at, dealer_->send(bytes) ? answer_within(question) : between_sends);
    }
    const Instant look_at = later(at, between_reads_of_credentials);
    sleep_until(std::min(has_been_up_ ? give_up_at : contact_until_, is_up ? send_at : look_at), at);
  }
}

// Brings the picture of the link up to date; what cannot be waited out is a failure.
std::optional<Failure> Connection::trouble(Instant at) {
  Link link = dealer_ ? dealer_->link() : Link::connecting;
  if (link != Link::up && link != Link::key_refused) {
    look_for_head(at);
    link = dealer_ ? dealer_->link() : Link::connecting;
  }
  if (link == Link::up) {
    if (is_away_) screen_.say(fmt::format("the head at {} is back", credentials_->head_endpoint));
    has_been_up_ = true;
    is_away_ = false;
    return std::nullopt;
  }
  if (link == Link::key_refused)
    return Failure{ExitStatus::head_unreachable, "key_refused", no_contact_text(link)};
  if (has_been_up_) {
    if (!is_away_) {
      screen_.say(
          fmt::format("the head at {} is away; asking again until it is back", credentials_->head_endpoint));
    }
    is_away_ = true;
    return std::nullopt;
  }
  // A key file that was named and is not there will not come.
  const bool is_hopeless = !credentials_ && sources_.key_file && !std::filesystem::exists(*sources_.key_file);
  if (at < contact_until_ && !is_hopeless) return std::nullopt;
  return Failure{ExitStatus::head_unreachable, link == Link::wrong_head ? "wrong_head" : "head_unreachable",
                 no_contact_text(link)};
}

// Makes the socket as soon as there are credentials, and a new one when they have changed; also where nobody
// listened, because a socket backs off, as a fleet of agents must, and somebody waits for this one.
void Connection::look_for_head(Instant at) {
  if (looked_at_ && at - *looked_at_ < between_reads_of_credentials) return;
  looked_at_ = at;
  auto found = find_credentials(sources_);
  if (!found) {
    credentials_missing_ = found.error();
    return;
  }
  if (dealer_ && same_head(*credentials_, *found) && dealer_->link() != Link::nobody_listens) return;
  credentials_ = std::move(*found);
  spdlog::debug("connecting to {}", credentials_->head_endpoint);
  dealer_.emplace(*credentials_, limits::client_message_bytes_max);
}

std::optional<tl::expected<HeadToClient, Failure>> Connection::take_answer() {
  while (dealer_) {
    const auto bytes = dealer_->receive();
    if (!bytes) break;
    auto letter = decode_to_client(*bytes);
    if (!letter) return tl::unexpected(strange_answer(letter.error().detail));
    // A head that could not read a question at all does not know its number either.
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
    while (dealer_ && dealer_->receive()) {
      // A late answer to an earlier question: nobody waits for it, and unread it would keep this awake.
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
  if (dealer_) {
    dealer_->wait(time, fds);
  } else {
    wait_readable(time, fds);
  }
}

Duration Connection::time_left() const {
  return timeout_ ? std::max(*timeout_ - (now() - began_), Duration{0}) : Duration::max();
}

Duration Connection::usual_patience() const { return timeout_ ? time_left() : answer_longest; }

std::string Connection::no_contact_text(Link link) const {
  if (!credentials_) return credentials_missing_;
  const std::string& head = credentials_->head_endpoint;
  if (link == Link::key_refused) {
    return fmt::format("the head at {} does not know this key; ask for one made by pq-key new", head);
  }
  if (link == Link::wrong_head) {
    return fmt::format(
        "{} is not the head that this key file belongs to; pass the --key or --state-dir of that head", head);
  }
  return fmt::format("no head answers at {}; start pqd there or pass --head", head);
}

Failure strange_answer(const std::string& what) {
  return {ExitStatus::head_unreachable, "unsupported_version",
          fmt::format("the head's answer was not understood ({}); install the same pq on both sides", what)};
}

}  // namespace pq
