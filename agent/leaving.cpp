#include "agent/leaving.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration drain_patience = 10s;   // for the head's last answer, once every step is done
constexpr Duration hurried_patience = 2s;  // the same when it was asked to hurry

}  // namespace

void Leaving::drain(Ending why, Instant steps_until) {
  if (!why_ || why_ == Ending::interrupted) why_ = why;  // that one alone can be undone
  steps_until_ = std::min(steps_until_, steps_until);
}

void Leaving::hurry(Instant now) { ends_ = now + hurried_patience; }

void Leaving::withdraw_interruption() {
  if (why_ != Ending::interrupted || goodbye_is_due_) return;
  why_.reset();
  ends_.reset();
  steps_until_ = Instant::never();
}

void Leaving::await_last_answer(bool holds_leases, Instant now) {
  if (!ends_) ends_ = now + drain_patience;
  if ((!holds_leases && !owes_output_) || now >= *ends_) goodbye_is_due_ = true;
}

Instant Leaving::next_deadline() const {
  if (ends_) return *ends_;
  return why_ ? steps_until_ : Instant::never();
}

void Leaving::end(Ending why, std::string detail) {
  if (ending_) return;
  ending_ = why;
  detail_ = std::move(detail);
}

void Leaving::go_on() {
  ending_.reset();
  detail_.clear();
}

}  // namespace pq::agent
