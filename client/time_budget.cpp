#include "client/time_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pq::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_contact_longest = 5s;
constexpr Duration greeting_longest = 20s;  // where nothing speaks against a head that is only busy
constexpr Duration answer_longest = 30s;    // unanswered for longer: the head is not well

}  // namespace

Instant later(Instant from, Duration by) {
  return by < Instant::never() - from ? from + std::max(by, Duration{0}) : Instant::never();
}

TimeBudget::TimeBudget(std::optional<Duration> timeout, std::string flag, Instant began)
    : timeout_(timeout),
      flag_(std::move(flag)),
      began_(began),
      contact_until_(later(began, std::min(first_contact_longest, timeout.value_or(first_contact_longest)))),
      greeting_until_(later(began, std::min(greeting_longest, timeout.value_or(greeting_longest)))) {}

Duration TimeBudget::left(Instant now) const {
  return timeout_ ? std::max(*timeout_ - spent(now), Duration{0}) : Duration::max();
}

Duration TimeBudget::usual_patience(Instant now) const { return timeout_ ? left(now) : answer_longest; }

}  // namespace pq::client
