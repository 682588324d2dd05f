// A fleet over a calm network, for questions of time rather than of truth: how long jobs take on machines of
// these speeds, and what it costs if one slows down or vanishes. It runs in virtual time, so results are the
// same on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tests/rooms.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/client.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/head.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/network.h"
#include "tests/simulation/timeline.h"

namespace pq::simulation {

// One machine; times in seconds after the fleet's start. Speed 1: a step takes what its kernel is expected to
// cost.
struct Life {
  double comes = 0;
  double goes = std::numeric_limits<double>::infinity();
  double speed = 1;
  double slows_at = std::numeric_limits<double>::infinity();  // from then on at a tenth
  std::uint32_t slots = 1;
  bool has_tables = true;  // steps have a fixed cost
};

inline constexpr double slowed = 0.1;

// Seconds of work, at speed 1, that these machines can do until `t`.
double capacity(const std::vector<Life>& lives, double t);

// A range that takes one slot of speed 1 this long, without any fixed cost. It begins at 1e15, or at `begin`.
Range range_worth(double work_s, std::uint64_t begin = 1'000'000'000'000'000);

class Fleet {
 public:
  // `is_large`: more than what can be audited after each turn.
  explicit Fleet(std::uint64_t seed, bool is_large = false);

  Machine& add(const Life& life);
  // `name`: of the submitter.
  Client& submit(double at, Range range, std::int32_t priority = 0, const std::string& name = "operator");
  Client& submit(double at, JobSpec spec, const std::string& name = "operator");
  void at(double when, std::function<void()> what);

  // Runs until every client has its answer; returns when that was.
  double run();
  void passes_until(double when);
  double now() const { return seconds(timeline_.now() - began_); }

  const Queue& queue() const { return head_.queue(); }
  const Stored& stored() const { return disk_.stored(); }
  Tally tally() const;

 private:
  Dice dice_;
  Timeline timeline_;
  Network network_;
  Disk disk_;
  Auditor auditor_;
  Head head_;
  Programs programs_;
  Instant began_ = timeline_.now() + std::chrono::seconds(2);  // the first machines have joined by then
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace pq::simulation
