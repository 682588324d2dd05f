// The conversation with the head: one question at a time, repeated until it is answered, even across a
// restart of the head. That is safe for every message of a client: a repeated one never does anything twice.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <variant>

#include "client/failure.h"
#include "client/head_socket.h"
#include "client/options.h"
#include "client/screen.h"
#include "client/time_budget.h"
#include "common/os/clock.h"
#include "common/os/signals.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::client {

class Connection {
 public:
  // --timeout counts from here. Connects with the first question. Handles SIGINT and SIGTERM from now on.
  Connection(const SharedOptions& shared, Screen& screen);

  // The failure is one of these. The head was never reached (head_unreachable); no answer came within
  // `patience` or --timeout (timed_out); a signal to stop has arrived (interrupted).
  tl::expected<HeadToClient, Failure> ask(const ClientToHead& question, Duration patience);

  // The answer of the one type that fits the question; a refusal is a failure.
  template <class Answer>
  tl::expected<Answer, Failure> ask_for(const ClientToHead& question, Duration patience);

  // The same within the usual patience.
  template <class Answer>
  tl::expected<Answer, Failure> ask_for(const ClientToHead& question) {
    return ask_for<Answer>(question, usual_patience());
  }

  // Sleeps. False: a signal to stop has arrived meanwhile.
  bool rest(Duration time);

  // The same, but ends early if the terminal has another size.
  enum class Waking { time_is_over, resized, stopped };
  Waking rest(Duration time, ResizeSignal& resize);

  // What is left of --timeout; practically unlimited without it.
  Duration time_left() const { return time_.left(now()); }

  // The name of the flag that limits that time.
  const std::string& timeout_flag() const { return time_.flag(); }

  // The patience for a question that needs no work: what is left of --timeout, else 30 s.
  Duration usual_patience() const { return time_.usual_patience(now()); }

  Instant now() const { return clock_.now().instant; }

  // The credentials in use. Only after an answer.
  const Credentials& credentials() const { return *socket_.credentials(); }

 private:
  std::optional<Failure> trouble(Instant now);
  std::optional<tl::expected<HeadToClient, Failure>> take_answer();
  void sleep_until(Instant then, Instant now, const ResizeSignal* resize = nullptr);
  Waking rest(Duration time, ResizeSignal* resize);
  std::string no_contact_text(Link link) const;
  std::string silence_text(Duration silent) const;
  std::string no_answer_text(Duration waited);
  std::string no_greeting_text(Instant now);

  StopSignals stop_;  // first: blocks the signals before ZeroMQ starts its threads
  SystemClock clock_;
  Screen& screen_;
  TimeBudget time_;
  HeadSocket socket_;
  bool has_been_up_ = false;
  bool is_away_ = false;  // and the user knows it
  RequestNumber asked_ = 0;
};

// An answer that this program does not understand; `what` says why.
Failure strange_answer(const std::string& what);

template <class Answer>
tl::expected<Answer, Failure> Connection::ask_for(const ClientToHead& question, Duration patience) {
  auto answer = ask(question, patience);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (const auto* refusal = std::get_if<Refusal>(&*answer)) return tl::unexpected(failure_of(*refusal));
  if (auto* wanted = std::get_if<Answer>(&*answer)) return std::move(*wanted);
  return tl::unexpected(strange_answer("it does not belong to the question"));
}

}  // namespace pq::client
