#include "agent/slot_board.h"

#include <algorithm>

#include "agent/step.h"
#include "common/values/check.h"

namespace pq::agent {

SlotBoard::SlotBoard(std::uint32_t slots, bool has_express)
    : slots_(slots), is_busy_(slots + (has_express ? express_places : 0), false) {}

std::size_t SlotBoard::slots_busy() const {
  return static_cast<std::size_t>(std::count(is_busy_.begin(), is_busy_.begin() + slots_, true));
}

std::optional<std::uint32_t> SlotBoard::begin(LeaseId lease, std::uint32_t count, Instant now) {
  const std::size_t wanted = std::max(count, 1U);
  std::vector<std::uint32_t> idle;
  for (std::uint32_t slot = 0; slot < slots_ && idle.size() < wanted; ++slot) {
    if (!is_busy_[slot]) idle.push_back(slot);
  }
  if (idle.size() < wanted) return std::nullopt;
  return occupy(lease, std::move(idle), now);
}

// One lease after the other, each to its end, in the order of their grants.
std::optional<std::uint32_t> SlotBoard::begin_express(LeaseId lease, Kernel kernel, Instant now) {
  const std::uint32_t place = express_place(slots_, kernel);
  if (is_busy_.at(place)) return std::nullopt;
  return occupy(lease, {place}, now);
}

std::optional<std::uint32_t> SlotBoard::occupy(LeaseId lease, std::vector<std::uint32_t> slots, Instant now) {
  check(!slot_of(lease), "a lease has one step at a time");
  const std::uint32_t first = slots.front();
  for (const std::uint32_t slot : slots) is_busy_.at(slot) = true;
  running_[first] = {lease, std::move(slots), now};
  return first;
}

void SlotBoard::free(std::uint32_t slot) {
  const auto running = running_.find(slot);
  check(running != running_.end(), "a result is of a step that runs");
  for (const std::uint32_t held : running->second.slots) is_busy_.at(held) = false;
  running_.erase(running);
  std::erase(abandoned_, slot);
}

std::optional<std::uint32_t> SlotBoard::slot_of(LeaseId lease) const {
  for (const auto& [slot, running] : running_) {
    if (running.lease == lease && !running.is_given_up) return slot;
  }
  return std::nullopt;
}

std::optional<LeaseId> SlotBoard::lease_on(std::uint32_t slot) const {
  const auto running = running_.find(slot);
  if (running == running_.end() || running->second.is_given_up) return std::nullopt;
  return running->second.lease;
}

std::vector<LeaseId> SlotBoard::running_for(Duration time, Instant now) const {
  std::vector<LeaseId> leases;
  for (const auto& [slot, running] : running_) {
    if (!running.is_given_up && now - running.began >= time) leases.push_back(running.lease);
  }
  return leases;
}

void SlotBoard::give_up(LeaseId lease) {
  const auto slot = slot_of(lease);
  if (!slot) return;
  running_.at(*slot).is_given_up = true;
  abandoned_.push_back(*slot);
}

void SlotBoard::curtail(LeaseId lease) {
  const auto slot = slot_of(lease);
  check(slot.has_value(), "a step that is curtailed runs");
  curtailed_.push_back(*slot);
}

}  // namespace pq::agent
