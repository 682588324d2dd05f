#include "daemon/core/scheduling/rank.h"

#include "common/values/instant.h"
#include "daemon/core/limits.h"

namespace pq::core {
namespace {

bool is_of_one_submitter(const Rank& a, const Rank& b) { return a.submitter == b.submitter; }

// What is compared between these two: their own, or what their submitters have.
const Portion& portion(const Rank& of, const Rank& other) {
  return is_of_one_submitter(of, other) ? of.own : of.all;
}

}  // namespace

bool operator<(const Portion& a, const Portion& b) {
  if (a.slots != b.slots) return a.slots < b.slots;
  return a.served_s < b.served_s;
}

bool operator<(const Rank& a, const Rank& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  const Portion& mine = portion(a, b);
  const Portion& other = portion(b, a);
  if (mine < other) return true;
  if (other < mine) return false;
  return is_of_one_submitter(a, b) ? a.job < b.job : a.submitter < b.submitter;
}

bool is_odd_slot(const Rank& taker, const Rank& giver) {
  const std::size_t mine = portion(taker, giver).slots;
  const std::size_t given = portion(giver, taker).slots;
  return taker.priority == giver.priority && given > mine && given < mine + taker.cpus + giver.cpus;
}

bool waits_for_turn(const Rank& taker, const Rank& giver) {
  return is_odd_slot(taker, giver) && portion(taker, giver).slots == 0;
}

bool may_take(const Rank& taker, const Rank& giver) {
  if (taker.priority != giver.priority) return taker.priority > giver.priority;
  const Portion& mine = portion(taker, giver);
  const Portion& given = portion(giver, taker);
  if (!is_odd_slot(taker, giver)) return given.slots > mine.slots;
  // One without any slot takes one at the end of the giver's turn, if the giver was served more. Between a
  // few slots and one more there is less hurry.
  const double ahead_s = given.served_s - mine.served_s;
  return ahead_s > (mine.slots == 0 ? 0 : seconds(limits::share_quantum));
}

}  // namespace pq::core
