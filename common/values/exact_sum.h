// Sums of decimals without rounding, alone or mixed with integers. A double is a whole number of 2^-1074, the
// smallest double. So a sum of doubles is one wide integer in that unit. Adding integers is associative and
// commutative: the sum is the same bit by bit, however the range was cut and whoever computed its parts.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/values/int128.h"
#include "common/values/rooms.h"

namespace pq {

// A sum as it is kept, sent and stored: the bytes between its lowest and its highest bit. Equal sums have
// equal bytes. It is never zero.
//
// Byte 0 is e + 64·d + 128·n: d is 1 if decimals are in it, n if it is negative. Of the bytes after it, byte
// i counts 256^i · 2^(64·e - 1074).
class ExactSum {
 public:
  static constexpr std::size_t limbs_max = 34;  // of 64 bits
  static constexpr std::size_t bytes_max = 1 + 8 * limbs_max;

  std::string_view bytes() const { return bytes_; }
  friend bool operator==(const ExactSum&, const ExactSum&) = default;

 private:
  friend class Accumulator;
  explicit ExactSum(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

// The same, laid out for computing.
class Accumulator {
 public:
  explicit Accumulator(Int128 integer);
  explicit Accumulator(double decimal);  // REQUIRES: finite
  explicit Accumulator(const ExactSum& sum);

  // Accepts any bytes that mean a sum as above, even if fewer bytes would do. nullopt: they mean none.
  static std::optional<Accumulator> read(std::string_view bytes);

  // False: the sum needs more than 34 limbs, and the object is no longer usable. Honest values never need
  // more: 2^64 of the largest double are below 2^1088, and there is room for 2^1102.
  [[nodiscard]] bool add(const Accumulator& other);

  std::strong_ordering compare(const Accumulator& other) const;

  bool has_decimals() const { return has_decimals_; }
  std::optional<Int128> as_integer() const;  // nullopt: it has a fraction, or more than 128 bits
  std::optional<double> as_double() const;   // nullopt: no double is just this
  double nearest() const;                    // ties to even; infinite beyond the largest double
  ExactSum pack() const;                     // REQUIRES: not zero

 private:
  Accumulator() = default;
  void put(std::size_t bit, std::uint64_t bits);
  bool unpack(std::string_view bytes);
  std::uint64_t bits_at(std::size_t bit) const;
  bool is_zero() const;
  std::size_t lowest_bit() const;   // REQUIRES: not zero
  std::size_t highest_bit() const;  // the same
  std::strong_ordering compare_magnitudes(const Accumulator& other) const;
  [[nodiscard]] bool add_magnitude(const Accumulator& other);
  void subtract_magnitude(const Accumulator& lesser);

  std::array<std::uint64_t, ExactSum::limbs_max> limbs_{};  // the magnitude, lowest first
  bool is_negative_ = false;                                // never of zero
  bool has_decimals_ = false;
};

}  // namespace pq
