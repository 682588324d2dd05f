// The conversation with the head: one question at a time, asked again until it is answered, also across a
// restart of the head. That is safe for every message of a client: repeating one never does anything twice.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <variant>

#include "client/failure.h"
#include "client/options.h"
#include "client/screen.h"
#include "common/instant.h"
#include "common/messages.h"
#include "common/net/keys.h"
#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/os/signals.h"

namespace pq {

class Connection {
 public:
  // --timeout counts from here. Connects with the first question. Takes over SIGINT and SIGTERM.
  Connection(const SharedOptions& shared, Screen& screen);

  // The failure is one of: the head was never reached (head_unreachable), no answer within `patience` or
  // --timeout (timed_out), a signal to stop has come (interrupted).
  tl::expected<HeadToClient, Failure> ask(const ClientToHead& question, Duration patience);

  // The answer of the one kind that fits the question; a refusal is a failure.
  template <class Answer>
  tl::expected<Answer, Failure> ask_for(const ClientToHead& question, Duration patience);

  // The same within the usual patience.
  template <class Answer>
  tl::expected<Answer, Failure> ask_for(const ClientToHead& question) {
    return ask_for<Answer>(question, usual_patience());
  }

  // False: a signal to stop has come meanwhile.
  bool rest(Duration time);

  // The same, until the terminal has another size.
  enum class Waking { time_is_over, resized, stopped };
  Waking rest(Duration time, ResizeSignal& resize);

  // What is left of --timeout; as good as for ever without one.
  Duration time_left() const;

  // What limits that time on the command line.
  const std::string& timeout_flag() const { return timeout_flag_; }

  // What a question that needs no work may take: what is left of --timeout, else 30 s.
  Duration usual_patience() const;

  Instant now() const { return clock_.now().instant; }

  // The ones in use. Only after an answer.
  const Credentials& credentials() const { return *credentials_; }

 private:
  void look_for_head(Instant now);
  std::optional<Failure> trouble(Instant now);
  std::optional<tl::expected<HeadToClient, Failure>> take_answer();
  void sleep_until(Instant then, Instant now, const ResizeSignal* resize = nullptr);
  Waking rest(Duration time, ResizeSignal* resize);
  std::string no_contact_text(Link link) const;

  StopSignals stop_;  // first: blocks the signals before ZeroMQ starts its threads
  SystemClock clock_;
  Screen& screen_;
  CredentialSources sources_;
  std::optional<Duration> timeout_;
  std::string timeout_flag_;
  Instant began_;
  Instant contact_until_;  // for the first time

  std::optional<Credentials> credentials_;
  std::string credentials_missing_;  // why there are none yet
  std::optional<Dealer> dealer_;
  std::optional<Instant> looked_at_;  // for the credentials
  bool has_been_up_ = false;
  bool is_away_ = false;  // and the user knows it
  RequestNumber asked_ = 0;
};

// An answer that this program cannot make sense of; `what` says why.
Failure strange_answer(const std::string& what);

template <class Answer>
tl::expected<Answer, Failure> Connection::ask_for(const ClientToHead& question, Duration patience) {
  auto answer = ask(question, patience);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (const auto* refusal = std::get_if<Refusal>(&*answer)) return tl::unexpected(failure_of(*refusal));
  if (auto* wanted = std::get_if<Answer>(&*answer)) return std::move(*wanted);
  return tl::unexpected(strange_answer("it does not belong to the question"));
}

}  // namespace pq
