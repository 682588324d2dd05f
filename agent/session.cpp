#include "agent/session.h"

#include <algorithm>
#include <chrono>
#include <variant>

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration end_reserve = 10s;  // kept of the time before a machine's end, for the last words

}  // namespace

Session::Session(const SessionSettings& settings, Instant now)
    : introduction_(settings.introduction),
      work_(introduction_.slots, settings.has_express, now),
      beats_(now),
      patience_(settings.head_timeout, settings.idle_exit, now) {}

// ---------------------------------------------------------------- from the head

void Session::hear(const HeadToAgent& message, Instant now) {
  patience_.hear(beats_.away_after(), now);
  std::visit([&](const auto& m) { hear_one(m, now); }, message);
}

void Session::hear_one(const Welcome& welcome, Instant now) {
  if (welcome.incarnation != introduction_.incarnation || is_introduced_) return;
  is_introduced_ = true;
  beats_.call(now);
}

void Session::hear_one(const Refusal& refusal, Instant now) {
  switch (refusal.word) {
    case ErrorWord::introduce_yourself:
      is_introduced_ = false;
      beats_.call(now);
      break;
    case ErrorWord::replaced:
      leaving_.end(Ending::replaced, sentence(refusal));
      break;
    default:
      leaving_.end(Ending::refused, sentence(refusal));
      break;
  }
}

void Session::hear_one(const Orders& orders, Instant now) {
  // The later of two Orders of one head holds everything; a repeated or overtaken one says nothing new.
  if (orders.epoch == epoch_ && orders.number <= orders_seen_) return;
  epoch_ = orders.epoch;
  orders_seen_ = orders.number;
  holds_output_ = orders.hold_output;
  beats_.set_interval(std::chrono::milliseconds(orders.beat_ms), now);
  if (work_.leases() > 0) patience_.hold(now);
  work_.obey(orders, !holds_off());
  if (orders.drain && !leaving_.is_draining()) drain(now);
}

bool Session::holds_off() const {
  return leaving_.is_draining() || (notice_ && notice_->kind == NoticeKind::rebalance);
}

// ---------------------------------------------------------------- endings

void Session::drain(Instant now, Ending why, Instant steps_until) {
  leaving_.drain(why, steps_until);
  work_.give_back_rest();
  beats_.call(now);
}

void Session::drain_at_once(Instant now) {
  drain(now, leaving_.why().value_or(Ending::drained));
  leaving_.hurry(now);
  work_.give_back_steps();
}

void Session::heed(const std::optional<Notice>& notice, std::optional<Instant> ends, Instant now) {
  if (notice == notice_ || leaving_.ending()) return;
  notice_ = notice;
  beats_.call(now);
  const bool must_end = notice && notice->kind == NoticeKind::interruption;
  if (!must_end) return leaving_.withdraw_interruption();
  const Duration left = std::max<Duration>(ends.value_or(now) - now, 0s);
  drain(now, Ending::interrupted, now + left - std::min<Duration>(end_reserve, left / 4));
}

void Session::begin_anew(const std::string& name, Incarnation incarnation, Instant now) {
  introduction_.name = name;
  introduction_.incarnation = incarnation;
  is_introduced_ = false;
  epoch_ = {};
  orders_seen_ = 0;
  work_.drop_leases();
  beats_.begin_anew(now);
  leaving_.go_on();
}

// Never while the head does not know the agent: it has not finished its work then.
Instant Session::idle_ends() const {
  if (leaving_.is_draining() || !is_introduced_) return Instant::never();
  return patience_.idle_ends(beats_.away_after());
}

void Session::settle(Instant now) {
  const Duration slept = work_.settle(now);
  if (slept > beats_.stopped_after()) patience_.wake(slept, now);
  if (work_.leases() > 0) patience_.hold(now);
  if (now >= patience_.head_is_lost_at()) leaving_.end(Ending::head_lost, "");
  if (now >= idle_ends()) drain(now, Ending::idle);
  if (leaving_.is_draining()) settle_drain(now);
}

void Session::settle_drain(Instant now) {
  if (!work_.is_computing()) {
    leaving_.await_last_answer(work_.leases() > 0, now);
  } else if (now >= leaving_.steps_until()) {
    drain_at_once(now);
  }
}

// ---------------------------------------------------------------- to the head

std::optional<AgentToHead> Session::next_message(Instant now) {
  if (leaving_.ending()) return std::nullopt;
  if (leaving_.goodbye_is_due()) {
    leaving_.end(
        *leaving_.why(),
        work_.leases() == 0 ? "" : "the head did not answer; it frees what was held after the lease term");
    if (!is_introduced_) return std::nullopt;
    return Goodbye{introduction_.name, introduction_.incarnation};
  }
  if (!work_.take_news() && now < beats_.next()) return std::nullopt;
  if (is_introduced_) return make_beat(now);
  beats_.send_hello(now);
  return introduction_;
}

Beat Session::make_beat(Instant now) {
  Beat beat;
  beat.name = introduction_.name;
  beat.incarnation = introduction_.incarnation;
  beat.seq = beats_.send_beat(introduction_.incarnation, now);
  beat.epoch = epoch_;
  beat.orders_seen = orders_seen_;
  beat.draining = holds_off();
  beat.notice = notice_;
  beat.notice_errors = notice_errors_;
  work_.report(beat);
  return beat;
}

Instant Session::next_deadline() const {
  if (work_.has_news()) return {};
  return std::min({beats_.next(), patience_.head_is_lost_at(), idle_ends(), leaving_.next_deadline(),
                   work_.next_deadline()});
}

}  // namespace pq::agent
