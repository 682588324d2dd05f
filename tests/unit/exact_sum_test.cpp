// Sums of decimals and integers against GMP's integers, which know nothing of doubles.
#include "common/values/exact_sum.h"

#include <doctest/doctest.h>
#include <gmpxx.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "common/values/value.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"

namespace pq::tests {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
constexpr double smallest = std::numeric_limits<double>::denorm_min();

// ---------------------------------------------------------------- the reference, in units of 2^-1074

mpz_class shifted(const mpz_class& n, long bits) {
  mpz_class result;
  if (bits >= 0) {
    mpz_mul_2exp(result.get_mpz_t(), n.get_mpz_t(), static_cast<mp_bitcnt_t>(bits));
  } else {
    mpz_tdiv_q_2exp(result.get_mpz_t(), n.get_mpz_t(), static_cast<mp_bitcnt_t>(-bits));
  }
  return result;
}

mpz_class reference(double x) {
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);
  return shifted(mpz_class(std::ldexp(mantissa, 53)), exponent - 53 + 1074);
}

mpz_class reference(Int128 n) { return shifted(mpz_class(to_text(n)), 1074); }

std::string hex(const mpz_class& n) { return n.get_str(16); }

// By the words above ExactSum.
mpz_class reference(const ExactSum& sum) {
  const std::string_view bytes = sum.bytes();
  const auto head = static_cast<unsigned char>(bytes.front());
  mpz_class digits;
  mpz_import(digits.get_mpz_t(), bytes.size() - 1, -1, 1, 0, 0, bytes.data() + 1);
  const mpz_class magnitude = shifted(digits, 64 * (head % 64));
  return head >= 128 ? mpz_class(-magnitude) : magnitude;
}

mpz_class reference(const Value& value) {
  return std::visit([](const auto& number) { return reference(number); }, value);
}

// No double is nearer, and of two that are as near it is the even one. Beyond the largest one comes 2^1024.
bool is_nearest(double x, const mpz_class& exact) {
  const mpz_class distance = abs(exact - reference(x));
  const bool is_even = std::bit_cast<std::uint64_t>(x) % 2 == 0;
  for (const double towards : {-INFINITY, INFINITY}) {
    const double next = std::nextafter(x, towards);
    mpz_class beyond = shifted(mpz_class(1), 1024 + 1074);
    if (next < 0) beyond = -beyond;
    const mpz_class other = abs(exact - (std::isinf(next) ? beyond : reference(next)));
    if (other < distance || (other == distance && !is_even)) return false;
  }
  return true;
}

bool is_a_double(const mpz_class& exact) {
  if (exact == 0) return true;
  const auto width = mpz_sizeinbase(exact.get_mpz_t(), 2);
  const auto zeros = mpz_scan1(exact.get_mpz_t(), 0);
  return width - zeros <= 53 && width <= 1024 + 1074;
}

bool fits_128_bits(const mpz_class& exact) {
  return reference(int128_min) <= exact && exact <= reference(int128_max);
}

// ---------------------------------------------------------------- what is summed up

double double_of_exponents(Dice& dice, int lowest, int highest) {
  const int exponent =
      lowest + static_cast<int>(dice.below(static_cast<std::uint64_t>(highest - lowest + 1)));
  const double x = std::ldexp(1 + dice.fraction(), exponent);
  return dice.one_in(2) ? x : -x;
}

Int128 integer(Dice& dice) {
  const UInt128 bits = UInt128{dice.bits()} << 64U | dice.bits();
  return static_cast<Int128>(bits) >> dice.below(127);
}

std::vector<Value> addends(Dice& dice) {
  const std::uint64_t kind = dice.below(7);
  std::vector<Value> values;
  for (std::uint64_t n = 1 + dice.below(40); n > 0; --n) {
    if (kind == 0) values.emplace_back(double_of_exponents(dice, -3, 3));
    if (kind == 1) values.emplace_back(double_of_exponents(dice, -1074, 1023));
    if (kind == 2) values.emplace_back(double_of_exponents(dice, -1074, -1020));
    if (kind == 3) values.emplace_back(double_of_exponents(dice, 1000, 1023));
    if (kind == 4) values.emplace_back(integer(dice));
    if (kind == 5) values.emplace_back(dice.one_in(2) ? 0.0 : -0.0);
    if (kind == 6 && dice.one_in(2)) {
      values.emplace_back(integer(dice));
    } else if (kind == 6) {
      values.emplace_back(double_of_exponents(dice, -60, 130));
    }
    // Most of it is taken off again.
    if (const auto* x = std::get_if<double>(&values.back()); x != nullptr && dice.one_in(2))
      values.emplace_back(-*x);
  }
  return values;
}

// Joins them as spans of a job join: neighbours or not, until one is left.
Value total(std::vector<Value> values, Fold how, Dice& dice) {
  while (values.size() > 1) {
    std::swap(values[dice.below(values.size())], values.back());
    const Value last = values.back();
    values.pop_back();
    Value& other = values[dice.below(values.size())];
    const auto both = fold(how, other, last);
    REQUIRE(both.has_value());
    other = *both;
  }
  return values.front();
}

void check_shown(const Value& sum, const mpz_class& exact, bool has_decimals) {
  const auto shown = rounded(sum);
  if (!has_decimals) {
    CHECK(shown.has_value() == fits_128_bits(exact));
    CHECK((!shown || std::holds_alternative<Int128>(*shown)));
  } else if (shown) {
    REQUIRE(std::holds_alternative<double>(*shown));
    CHECK(is_nearest(std::get<double>(*shown), exact));
  } else {
    CHECK_FALSE(is_nearest(exact < 0 ? -largest : largest, exact));
  }
}

TEST_CASE("any sum of decimals and integers is exact, in whatever order it is folded") {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    const std::vector<Value> values = addends(dice);
    mpz_class exact;
    for (const Value& value : values) exact += reference(value);
    const bool has_decimals = std::any_of(values.begin(), values.end(), [](const Value& value) {
      return std::holds_alternative<double>(value);
    });
    const Value sum = total(values, Fold::sum, dice);
    REQUIRE(hex(reference(sum)) == hex(exact));
    CHECK(std::holds_alternative<Int128>(sum) == (!has_decimals && fits_128_bits(exact)));
    CHECK(std::holds_alternative<double>(sum) == (has_decimals && is_a_double(exact)));
    check_shown(sum, exact, has_decimals);
    for (int again = 0; again < 3; ++again) CHECK(same(total(values, Fold::sum, dice), sum));
  }
}

// 1e16 and -1e16 swallow what is between them where they are added as doubles.
TEST_CASE("twenty cuts of a sum that cancels give one total") {
  std::vector<Value> values;
  for (int i = 0; i < 10'000; ++i) {
    const double cycle[] = {1e16, 1.0, -1e16, 1.0};
    values.emplace_back(cycle[i % 4]);
  }
  std::set<std::string> totals;
  Dice dice(4711);
  for (int cut = 0; cut < 20; ++cut) totals.insert(to_text(total(values, Fold::sum, dice)));
  CHECK(totals == std::set<std::string>{"5000.0"});
}

// ---------------------------------------------------------------- algebra

std::vector<Value> odd_ones() {
  std::vector<Value> values = {
      Int128{0}, Int128{1}, Int128{-3}, int128_max,     int128_min, 0.0,    -0.0, 1.0,   -3.0,
      0.1,       smallest,  -smallest,  largest,        -largest,   0x1p53, 1e16, -1e16, 0x1p-1022,
      0x1p127,   -0x1p127,  1e300,      Int128{1} << 53};
  values.emplace_back((Int128{1} << 53) + 1);
  for (const auto& [left, right] : {std::pair<Value, Value>{largest, smallest},
                                    {int128_min, Int128{-1}},
                                    {largest, largest},
                                    {int128_max, int128_max},
                                    {0.1, Int128{1}}})
    values.push_back(*fold(Fold::sum, left, right));
  return values;
}

TEST_CASE("sum, min and max are associative and commutative, of whatever values") {
  const std::vector<Value> values = odd_ones();
  for (const Fold how : {Fold::sum, Fold::min, Fold::max}) {
    for (const Value& a : values) {
      for (const Value& b : values) {
        const Value both = *fold(how, a, b);
        CHECK(same(both, *fold(how, b, a)));
        for (const Value& c : values) {
          if (same(*fold(how, both, c), *fold(how, a, *fold(how, b, c)))) continue;
          FAIL_CHECK(to_text(how) << " of " << to_text(a) << ", " << to_text(b) << ", " << to_text(c));
        }
      }
    }
  }
}

TEST_CASE("min and max choose by the numbers themselves") {
  const std::vector<Value> values = odd_ones();
  for (const Value& a : values) {
    for (const Value& b : values) {
      CHECK(hex(reference(*fold(Fold::min, a, b))) == hex(std::min(reference(a), reference(b))));
      CHECK(hex(reference(*fold(Fold::max, a, b))) == hex(std::max(reference(a), reference(b))));
    }
  }
}

// ---------------------------------------------------------------- the ends

TEST_CASE("a sum may pass the largest double and come back") {
  const Value twice = *fold(Fold::sum, largest, largest);
  CHECK_FALSE(rounded(twice).has_value());
  CHECK(flaw_of_sum(twice) == "beyond the largest decimal number, 1.7976931348623157e+308");
  CHECK(to_text(twice) == "a sum beyond the largest decimal number, 1.7976931348623157e+308");
  CHECK(same(*fold(Fold::sum, twice, -largest), largest));
  // Half a unit in its last place is a tie, which no double is left for; anything less is rounded down.
  CHECK_FALSE(rounded(*fold(Fold::sum, largest, 0x1p970)).has_value());
  const Value below = *fold(Fold::sum, *fold(Fold::sum, largest, 0x1p970), -smallest);
  CHECK(same(*rounded(below), largest));
}

TEST_CASE("integers may pass 128 bits and come back, and are no decimals for that") {
  const Value wide = *fold(Fold::sum, int128_max, Int128{1});
  CHECK_FALSE(rounded(wide).has_value());
  CHECK(flaw_of_sum(wide) == "beyond a signed 128-bit integer");
  CHECK(same(*fold(Fold::sum, wide, Int128{-1}), int128_max));
  CHECK(same(*fold(Fold::sum, wide, 0.0), 0x1p127));
}

TEST_CASE("there is room for more additions than a range has integers, and an end that is told") {
  Value sum = largest;
  for (int doubled = 0; doubled < 64; ++doubled) sum = *fold(Fold::sum, sum, sum);
  CHECK(hex(reference(sum)) == hex(shifted(reference(largest), 64)));
  int more = 0;
  for (auto next = fold(Fold::sum, sum, sum); next; next = fold(Fold::sum, sum, sum), ++more) sum = *next;
  CHECK(more == 14);
  CHECK(std::get<ExactSum>(sum).bytes().size() <= ExactSum::bytes_max);
  const Value negative = *fold(Fold::sum, Value(-largest), smallest);
  CHECK(std::get<ExactSum>(negative).bytes().size() == 1 + (1024 + 1074 + 7) / 8);
}

TEST_CASE("a sum is rounded once, to the nearest, and ties to even") {
  const auto sum_of = [](std::initializer_list<double> parts) {
    Value sum = 0.0;
    for (const double part : parts) sum = *fold(Fold::sum, sum, part);
    return to_text(*rounded(sum));
  };
  CHECK(sum_of({1, 0x1p-53}) == "1.0");
  CHECK(sum_of({1, 0x1p-53, smallest}) == to_text(Value(1 + 0x1p-52)));
  CHECK(sum_of({1, 0x1p-52, 0x1p-53}) == to_text(Value(1 + 0x1p-51)));
  CHECK(sum_of({-1, -0x1p-53}) == "-1.0");
  CHECK(sum_of({0x1p53, 1, -smallest}) == to_text(Value(0x1p53)));
  CHECK(sum_of({0x1p53, 1, smallest}) == to_text(Value(0x1p53 + 2)));
  CHECK(sum_of({0.1, 0.2, 0.3, -0.6}) == to_text(Value(0x1p-55)));
}

TEST_CASE("zeros add up as IEEE 754 has it, also after all is taken off again") {
  const auto sum_of = [](const Value& left, const Value& right) {
    return to_text(*fold(Fold::sum, left, right));
  };
  CHECK(sum_of(-0.0, -0.0) == "-0.0");
  CHECK(sum_of(-0.0, 0.0) == "0.0");
  CHECK(sum_of(-0.0, Int128{0}) == "0.0");
  CHECK(sum_of(0.1, -0.1) == "0.0");
  CHECK(sum_of(largest, -largest) == "0.0");
  CHECK(sum_of(*fold(Fold::sum, 1e16, 0.1), *fold(Fold::sum, -1e16, -0.1)) == "0.0");
  Accumulator nothing(-0.1);
  REQUIRE(nothing.add(Accumulator(0.1)));
  CHECK(nothing.compare(Accumulator(0.0)) == 0);
}

// ---------------------------------------------------------------- bytes

std::string bytes_of(const Value& sum) { return std::string(std::get<ExactSum>(sum).bytes()); }

TEST_CASE("the bytes of a sum are those that PROTOCOL.md shows") {
  CHECK(bytes_of(*fold(Fold::sum, 1e16, 1.0)) ==
        std::string("\x50\0\0\0\0\0\0\x04\0\x04\xBF\xC9\x1B\x8E", 14));
}

TEST_CASE("a sum is read back from its bytes, and from any others that mean it") {
  for (const Value& value : odd_ones()) {
    if (!std::holds_alternative<ExactSum>(value)) continue;
    const std::string bytes = bytes_of(value);
    CHECK(same(*read_sum(bytes), value));
    if (bytes.size() + 3 <= ExactSum::bytes_max) CHECK(same(*read_sum(bytes + std::string(3, '\0')), value));
  }
  using namespace std::string_literals;
  CHECK(same(*read_sum("\x40"s), 0.0));
  CHECK(same(*read_sum("\xC0\0"s), 0.0));
  CHECK(same(*read_sum("\x00"s), Int128{0}));
  CHECK(same(*read_sum("\x40\x01"s), smallest));
  CHECK(same(*read_sum("\x10\0\0\0\0\0\0\x14"s), Int128{5}));
  CHECK(same(*read_sum("\xD0\0\0\0\0\0\0\x14"s), -5.0));
}

TEST_CASE("bytes that mean no sum are none") {
  using namespace std::string_literals;
  CHECK_FALSE(read_sum(""));
  CHECK_FALSE(read_sum("\x00\x01"s));                       // integers with a fraction
  CHECK_FALSE(read_sum("\x10\0\0\0\0\0\0\x02"s));           // the same: a half
  CHECK_FALSE(read_sum("\x62\x01"s));                       // beyond the last limb
  CHECK_FALSE(read_sum("\x61"s + std::string(9, '\x01')));  // the same, in its ninth byte
  CHECK(read_sum("\x61"s + std::string(8, '\x01')));
  CHECK(read_sum("\x40"s + std::string(272, '\xFF')));
  CHECK_FALSE(read_sum("\x40"s + std::string(273, '\0')));
}

}  // namespace
}  // namespace pq::tests
