// Random bits that are the same on every machine, unlike those of the library's distributions.
#pragma once

#include <cstdint>

#include "common/values/instant.h"
#include "tests/rooms.h"

namespace pq::tests {

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() { return mix(state_ += 0x9E3779B97F4A7C15); }
  std::uint64_t below(std::uint64_t n) { return bits() % n; }  // REQUIRES: n > 0
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  // 0 … 1
  double fraction() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  // least … most
  Duration between(Duration least, Duration most) {
    return least +
           Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace pq::tests
