// How much room the queue's disk has. Some of it is kept free, so that jobs can always be steered, cancelled
// and forgotten: below that reserve nothing is taken in that fills the disk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "common/values/errors.h"
#include "daemon/core/limits.h"

namespace pq::core {

struct Space {
  std::uint64_t disk_bytes = 0;
  std::uint64_t free_bytes = 0;  // on the disk, and in the database for what comes
  std::uint64_t used_bytes = 0;  // of the database
};

// What is kept free of a disk. `asked`: what pqd was told to keep.
constexpr std::uint64_t reserve_of(std::uint64_t disk_bytes, std::optional<std::uint64_t> asked) {
  const std::uint64_t usual = std::min(disk_bytes / limits::reserve_disk_parts, limits::reserve_usual_most);
  return std::min(asked.value_or(usual), disk_bytes / limits::reserve_disk_parts_least);
}

// Of this reserve a file is made that goes first: where others fill the disk, its space is the queue's.
constexpr std::uint64_t ballast_of(std::uint64_t reserve) {
  if (reserve == 0) return 0;
  return std::clamp(reserve / limits::ballast_reserve_parts, limits::ballast_least, limits::ballast_most);
}

class SpaceWatch {
 public:
  explicit SpaceWatch(std::optional<std::uint64_t> asked) : asked_(asked) {}

  // Returns whether the disk has become short of space, or is no longer, since the last look.
  bool look(const Space& space) {
    space_ = space;
    const std::uint64_t kept = reserve();
    const bool was_short = is_short_;
    // A little more ends it, so that a disk at the edge does not change its mind with each message.
    is_short_ = space.free_bytes < (was_short ? kept + kept / limits::reserve_disk_parts : kept);
    return is_short_ != was_short;
  }

  bool is_short() const { return is_short_; }
  const Space& space() const { return space_; }
  std::uint64_t reserve() const { return reserve_of(space_.disk_bytes, asked_); }

  // "9 MiB of 20 GiB free, and 1 GiB to be kept free for steering"
  std::string words() const;
  // What is answered to whoever wants to store something that fills the disk. REQUIRES: is_short().
  Refusal refusal() const;

 private:
  std::optional<std::uint64_t> asked_;
  Space space_;
  bool is_short_ = false;
};

}  // namespace pq::core
