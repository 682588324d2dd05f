// A file of nothing beside the database. Where others fill the disk it is removed, and what it took is enough
// for the queue to start, to steer jobs and to forget them. It is made again once there is room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "daemon/core/space.h"

namespace pq::store {

enum class BallastStep { none, remove, make };

// What to do with it on a disk with so much free. `is_there`: with its full size.
BallastStep next_step(bool is_there, const Space& disk, std::optional<std::uint64_t> reserve_asked);

class Ballast {
 public:
  Ballast(std::filesystem::path file, std::optional<std::uint64_t> reserve_asked)
      : file_(std::move(file)), reserve_asked_(reserve_asked) {}

  // Before the database is opened, so that the head starts on a full disk too: gives it up if that is due.
  void make_way() const;

  // Makes it or gives it up, whatever is due. A failure leaves things as they are, and is none of the
  // queue's.
  void look() const;

 private:
  // What the disk has; nothing: there is no directory yet.
  std::optional<Space> disk() const;
  BallastStep next_step_on(const Space& disk) const;

  std::filesystem::path file_;
  std::optional<std::uint64_t> reserve_asked_;
};

}  // namespace pq::store
