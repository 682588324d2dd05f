// Speed over time, as samples for a chart. Each sample covers the time since the one before it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/values/instant.h"

namespace pq::core {

struct Sample {
  UnixMs unix_ms = 0;  // at its end
  double done_per_s = 0;
  std::uint32_t slots_busy = 0;  // at its end
  std::uint32_t slots = 0;       // at its end: that take work
  friend bool operator==(const Sample&, const Sample&) = default;
};

struct SlotCounts {
  std::uint32_t busy = 0;
  std::uint32_t all = 0;
};

class Throughput {
 public:
  // What happens when there are `samples_max` (an even number): either two become one and sampling halves its
  // rate, or the oldest goes.
  enum class WhenFull { halve, forget };

  Throughput(Duration every, std::size_t samples_max, WhenFull when_full)
      : every_(every), samples_max_(samples_max), when_full_(when_full) {}

  // `done` integers are done by now, in total. The first call begins the first sample.
  void note(Now now, std::uint64_t done, SlotCounts slots);
  bool is_due(Instant now) const { return !began_ || now - began_->instant >= every_; }

  void clear() { samples_ = {}; }

  const std::vector<Sample>& samples() const { return samples_; }

  // The standard error of the mean of the last samples, a minute's worth or a few. 0: there are too few of
  // them.
  double spread() const;

 private:
  void halve();

  Duration every_;
  std::size_t samples_max_;
  WhenFull when_full_;
  std::optional<Now> began_;  // the sample that is being taken
  std::uint64_t done_then_ = 0;
  std::vector<Sample> samples_;
};

}  // namespace pq::core
