#include "common/values/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/values/check.h"

namespace pq {
namespace {

constexpr std::size_t limb_bits = 64;
constexpr std::size_t one = 1074;      // the bit that counts 1
constexpr std::size_t precision = 53;  // bits of a double
constexpr std::size_t highest_of_a_double = one + 1023;

// Room for the largest double, added 2^64 times: its highest bit, and the carries.
static_assert(highest_of_a_double + 64 + 1 < limb_bits * ExactSum::limbs_max);

constexpr unsigned char exponent_mask = 63;
constexpr unsigned char decimals_flag = 64;
constexpr unsigned char negative_flag = 128;

}  // namespace

// ---------------------------------------------------------------- from values

Accumulator::Accumulator(Int128 integer) : is_negative_(integer < 0) {
  const auto magnitude = is_negative_ ? -static_cast<UInt128>(integer) : static_cast<UInt128>(integer);
  put(one, static_cast<std::uint64_t>(magnitude));
  put(one + limb_bits, static_cast<std::uint64_t>(magnitude >> limb_bits));
}

// The stored exponent of a double gives the place of its lowest bit; exponents 0 and 1 give the same place.
Accumulator::Accumulator(double decimal) : has_decimals_(true) {
  check(std::isfinite(decimal), "what is added is finite");
  const auto bits = std::bit_cast<std::uint64_t>(std::fabs(decimal));
  const std::uint64_t exponent = bits >> (precision - 1);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << (precision - 1)) - 1);
  const std::uint64_t hidden = exponent == 0 ? 0 : std::uint64_t{1} << (precision - 1);
  put(exponent == 0 ? 0 : exponent - 1, hidden | fraction);
  is_negative_ = decimal < 0;
}

Accumulator::Accumulator(const ExactSum& sum) { check(unpack(sum.bytes()), "a sum has the bytes of one"); }

std::optional<Accumulator> Accumulator::read(std::string_view bytes) {
  Accumulator sum;
  if (!sum.unpack(bytes)) return std::nullopt;
  return sum;
}

// REQUIRES: these limbs are zero, and exist.
void Accumulator::put(std::size_t bit, std::uint64_t bits) {
  const std::size_t limb = bit / limb_bits;
  const std::size_t shift = bit % limb_bits;
  limbs_.at(limb) |= bits << shift;
  if (shift > 0) limbs_.at(limb + 1) |= bits >> (limb_bits - shift);
}

bool Accumulator::unpack(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > ExactSum::bytes_max) return false;
  const auto head = static_cast<unsigned char>(bytes.front());
  const std::size_t first = 8 * std::size_t{static_cast<unsigned char>(head & exponent_mask)};
  const std::string_view digits = bytes.substr(1);
  if (first + digits.size() > 8 * limbs_.size()) return false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t at = first + i;
    limbs_.at(at / 8) |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * (at % 8));
  }
  has_decimals_ = (head & decimals_flag) != 0;
  is_negative_ = (head & negative_flag) != 0 && !is_zero();
  return has_decimals_ || is_zero() || lowest_bit() >= one;  // integers have no fraction
}

// ---------------------------------------------------------------- bits

std::uint64_t Accumulator::bits_at(std::size_t bit) const {
  const std::size_t limb = bit / limb_bits;
  const std::size_t shift = bit % limb_bits;
  const std::uint64_t low = limbs_.at(limb) >> shift;
  return shift == 0 || limb + 1 == limbs_.size() ? low : low | limbs_.at(limb + 1) << (limb_bits - shift);
}

bool Accumulator::is_zero() const {
  return std::all_of(limbs_.begin(), limbs_.end(), [](std::uint64_t limb) { return limb == 0; });
}

std::size_t Accumulator::lowest_bit() const {
  std::size_t limb = 0;
  while (limbs_.at(limb) == 0) ++limb;
  return limb * limb_bits + static_cast<std::size_t>(std::countr_zero(limbs_.at(limb)));
}

std::size_t Accumulator::highest_bit() const {
  std::size_t limb = limbs_.size() - 1;
  while (limbs_.at(limb) == 0) --limb;
  return limb * limb_bits + static_cast<std::size_t>(std::bit_width(limbs_.at(limb))) - 1;
}

// ---------------------------------------------------------------- sums

bool Accumulator::add(const Accumulator& other) {
  has_decimals_ = has_decimals_ || other.has_decimals_;
  if (is_negative_ == other.is_negative_) return add_magnitude(other);
  if (compare_magnitudes(other) >= 0) {
    subtract_magnitude(other);
    is_negative_ = is_negative_ && !is_zero();
    return true;
  }
  Accumulator difference = other;
  difference.subtract_magnitude(*this);
  limbs_ = difference.limbs_;
  is_negative_ = other.is_negative_;
  return true;
}

bool Accumulator::add_magnitude(const Accumulator& other) {
  bool carry = false;
  for (std::size_t i = 0; i < limbs_.size(); ++i) {
    const bool over = __builtin_add_overflow(limbs_[i], other.limbs_[i], &limbs_[i]);
    carry = __builtin_add_overflow(limbs_[i], std::uint64_t{carry}, &limbs_[i]) || over;
  }
  return !carry;
}

void Accumulator::subtract_magnitude(const Accumulator& lesser) {
  bool borrow = false;
  for (std::size_t i = 0; i < limbs_.size(); ++i) {
    const bool under = __builtin_sub_overflow(limbs_[i], lesser.limbs_[i], &limbs_[i]);
    borrow = __builtin_sub_overflow(limbs_[i], std::uint64_t{borrow}, &limbs_[i]) || under;
  }
}

std::strong_ordering Accumulator::compare_magnitudes(const Accumulator& other) const {
  return std::lexicographical_compare_three_way(limbs_.rbegin(), limbs_.rend(), other.limbs_.rbegin(),
                                                other.limbs_.rend());
}

std::strong_ordering Accumulator::compare(const Accumulator& other) const {
  if (is_negative_ != other.is_negative_)
    return is_negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return is_negative_ ? other.compare_magnitudes(*this) : compare_magnitudes(other);
}

// ---------------------------------------------------------------- to values

std::optional<Int128> Accumulator::as_integer() const {
  if (is_zero()) return 0;
  if (lowest_bit() < one || highest_bit() >= one + 2 * limb_bits) return std::nullopt;
  const UInt128 magnitude = UInt128{bits_at(one + limb_bits)} << limb_bits | bits_at(one);
  const UInt128 half = UInt128{1} << (2 * limb_bits - 1);
  if (magnitude > half || (magnitude == half && !is_negative_)) return std::nullopt;
  return static_cast<Int128>(is_negative_ ? -magnitude : magnitude);
}

std::optional<double> Accumulator::as_double() const {
  if (is_zero()) return 0.0;
  const std::size_t highest = highest_bit();
  if (highest > highest_of_a_double || highest - lowest_bit() >= precision) return std::nullopt;
  return nearest();
}

double Accumulator::nearest() const {
  if (is_zero()) return 0.0;
  const std::size_t highest = highest_bit();
  const std::size_t last = highest < precision ? 0 : highest - (precision - 1);  // the last bit that is kept
  const std::size_t count = highest - last + 1;
  std::uint64_t kept = bits_at(last) & (~std::uint64_t{0} >> (limb_bits - count));
  if (last > 0 && (bits_at(last - 1) & 1U) != 0) {
    const bool is_tie = lowest_bit() == last - 1;
    kept += is_tie ? kept & 1U : 1U;
  }
  const double magnitude =
      std::ldexp(static_cast<double>(kept), static_cast<int>(last) - static_cast<int>(one));
  return is_negative_ ? -magnitude : magnitude;
}

ExactSum Accumulator::pack() const {
  const std::size_t first = lowest_bit() / limb_bits;
  const std::size_t end = highest_bit() / 8 + 1;  // the first byte above it
  std::string bytes;
  bytes.reserve(1 + end - 8 * first);
  bytes.push_back(
      static_cast<char>(first | (has_decimals_ ? decimals_flag : 0U) | (is_negative_ ? negative_flag : 0U)));
  for (std::size_t at = 8 * first; at < end; ++at)
    bytes.push_back(static_cast<char>(limbs_.at(at / 8) >> (8 * (at % 8)) & 255U));
  return ExactSum(std::move(bytes));
}

}  // namespace pq
