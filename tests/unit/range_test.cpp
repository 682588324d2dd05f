#include "common/values/range.h"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

#include "tests/unit/extremes.h"

namespace {

using pq::parse_integer;
using pq::parse_range;
using pq::Range;
using pq::tests::u64_max;

using Readings = std::initializer_list<std::pair<std::string, std::uint64_t>>;
using Refusals = std::initializer_list<std::pair<std::string, std::string>>;

void check_read(const Readings& readings) {
  for (const auto& reading : readings) {
    const auto& [text, expected] = reading;
    CAPTURE(reading.first);
    const auto n = parse_integer(text);
    REQUIRE_MESSAGE(n.has_value(), (n ? "" : n.error()));
    CHECK(*n == expected);
  }
}

// The error must quote `text` and contain `why`.
template <class Parse>
void check_refused(Parse parse, const Refusals& refusals) {
  for (const auto& refusal : refusals) {
    const auto& [text, why] = refusal;
    CAPTURE(refusal.first);
    const auto answer = parse(text);
    REQUIRE_FALSE(answer.has_value());
    CAPTURE(answer.error());
    CHECK(answer.error().find(why) != std::string::npos);
    CHECK(answer.error().find('"') != std::string::npos);
    CHECK(answer.error().find('\n') == std::string::npos);
  }
}

void check_integers_refused(const Refusals& refusals) { check_refused(parse_integer, refusals); }
void check_ranges_refused(const Refusals& refusals) { check_refused(parse_range, refusals); }

TEST_CASE("an integer is written with digits, in groups, with an exponent, or as a power") {
  check_read({{"0", 0},
              {"7", 7},
              {"007", 7},
              {"10000000", 10'000'000},
              {"10_000_000", 10'000'000},
              {"1e7", 10'000'000},
              {"1E7", 10'000'000},
              {"1e+07", 10'000'000},
              {"1.5e7", 15'000'000},
              {"1.50e1", 15},
              {"2_000e3", 2'000'000},
              {"1_0.2_5e1_0", 102'500'000'000},
              {"250e-1", 25},
              {"3.000", 3},
              {"0.000e0", 0},
              {"0e999999999999999999999", 0},
              {"2^40", std::uint64_t{1} << 40},
              {"1_0^1_9", 10'000'000'000'000'000'000U},
              {"0^0", 1},
              {"0^5", 0},
              {"1^999999999999999999999999999999999999999999", 1}});
}

TEST_CASE("sums and differences are exact, also where the way to them leaves the 64 bits") {
  check_read({{"1+2", 3},
              {"1e3-1", 999},
              {"1-2+3", 2},
              {"1e7+2^4-16", 10'000'000},
              {"2^64-1", u64_max},
              {"2^65-2^65+5", 5},
              {"2^127+2^126-2^126-2^127+1", 1},
              {"18446744073709551615", u64_max},
              {"1.8446744073709551615e19", u64_max}});
}

TEST_CASE("a number past 2^64-1 is refused, and at once however absurd it is") {
  const auto start = std::chrono::steady_clock::now();
  const std::string past = "is past 2^64-1, the largest integer that pq counts";
  check_integers_refused({{"2^64", "\"2^64\" " + past},
                          {"18446744073709551616", past},
                          {"2^64-1+1", "\"2^64-1+1\" " + past},
                          {"1e20", past},
                          {"1e400", past},
                          {"1e99999999999999999999999999", past},
                          {"5+1e400", "\"1e400\" " + past},
                          {"9^999999999", past},
                          {"2^99999999999999999999999999999999999999999999", past},
                          {"2^127+2^127", past},
                          {std::string(10'000, '9'), past},
                          {"2^128", past}});
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("what is not exactly an integer is refused as such") {
  const std::string reason = "is not an integer; write a whole number";
  check_integers_refused({{"1.5", "\"1.5\" " + reason},
                          {"25e-1", "\"25e-1\" " + reason},
                          {"1.55e1", reason},
                          {"1e-999999999999999999999", reason},
                          {"0.5+0.5", "\"0.5\" " + reason},
                          {"123456789012345678901234567890123456789012345e-1", reason}});
}

TEST_CASE("a number has no sign, and nothing below zero is counted") {
  check_integers_refused({{"-5", "\"-5\" begins with a sign"},
                          {"+5", "\"+5\" begins with a sign"},
                          {"1-2", "\"1-2\" is below 0"},
                          {"2--1", "is not an integer from \"-1\" on"}});
}

TEST_CASE("a text that is no number is refused with the place and what to write instead") {
  check_integers_refused({{"", "\"\" is not a number"},
                          {"abc", "\"abc\" is not an integer from \"abc\" on; write an integer such as 1"},
                          {"12abc", "from \"abc\" on"},
                          {"10k", "from \"k\" on"},
                          {"0x10", "from \"x10\" on; write it in decimal"},
                          {"1,000", "group digits as in 10_000_000"},
                          {"1'000", "group digits as in 10_000_000"},
                          {" 5", "leave no spaces"},
                          {"5 ", "leave no spaces"},
                          {"1 + 2", "leave no spaces"},
                          {"2**40", "write a power as 2^40"},
                          {"1__0", "a '_' stands alone between two digits"},
                          {"_1", "a '_' stands alone between two digits"},
                          {"1_", "a '_' stands alone between two digits"},
                          {"1_e5", "a '_' stands alone between two digits"},
                          {"2^3^2", "one '^'"},
                          {"1e3^2", "one '^'"},
                          {"2^1e3", "from \"e3\" on"},
                          {".5e1", "from \".5e1\" on"},
                          {"1.e5", "from \"e5\" on"},
                          {"1e", "\"1e\" ends where a digit should follow"},
                          {"2^", "ends where a digit should follow"},
                          {"1+", "ends where a digit should follow"},
                          {"5.", "ends where a digit should follow"},
                          {"1e7e3", "from \"e3\" on"},
                          {"nan", "from \"nan\" on"},
                          {"5\n", "from \"\\n\" on"},
                          {std::string("5\0", 2), "is not an integer from"}});
}

TEST_CASE("a range is written by its ends or by its begin and width") {
  CHECK(parse_range("1e7:6e7").value() == Range{10'000'000, 60'000'000});
  CHECK(parse_range("0:1").value() == Range{0, 1});
  CHECK(parse_range("1e12:+1e11").value() == Range{1'000'000'000'000, 1'100'000'000'000});
  CHECK(parse_range("2^40-5:+2^3+2").value() ==
        Range{(std::uint64_t{1} << 40) - 5, (std::uint64_t{1} << 40) + 5});
  CHECK(parse_range("0:2^64-1").value() == Range{0, u64_max});
  CHECK(parse_range("0:+2^64-1").value() == Range{0, u64_max});
  CHECK(parse_range("2^64-2:+1").value() == Range{u64_max - 1, u64_max});
}

TEST_CASE("a range that holds nothing, runs backwards or is cut short is refused with the one to write") {
  check_ranges_refused(
      {{"1e7", "\"1e7\" has no ':'; write BEGIN:END such as 1e7:6e7"},
       {"", "has no ':'"},
       {"5:5", "\"5:5\" is empty, as a range ends before its END; write 5:+1 for 5 alone"},
       {"5:+0", "write 5:+1"},
       {"6e7:1e7", "\"6e7:1e7\" is reversed; write 1e7:6e7"},
       {"1:+2^64-1", "ends past 2^64-1, the largest integer that pq counts; write 1:2^64-1"},
       {"2^64-1:+1", "ends past 2^64-1, the largest integer that pq counts; begin before it"},
       {":5", "\":5\": \"\" is not a number"},
       {"5:", "\"5:\": \"\" is not a number"},
       {"5:+", "\"\" is not a number"},
       {"1.5:7", "\"1.5:7\": \"1.5\" is not an integer"},
       {"1:2:3", "from \":3\" on"},
       {"5:-1", "\"-1\" begins with a sign"},
       {"5:++1", "\"+1\" begins with a sign"},
       {"1: 5", "leave no spaces"},
       {"0:2^64", "is past 2^64-1"}});
}

TEST_CASE("what a range's text says is read back as the same range") {
  const Range range{10'000'000, u64_max};
  CHECK(to_text(range) == "10000000:18446744073709551615");
  CHECK(parse_range(to_text(range)).value() == range);
}

TEST_CASE("long integers are grouped by three digits") {
  CHECK(pq::grouped(0) == "0");
  CHECK(pq::grouped(999) == "999");
  CHECK(pq::grouped(1000) == "1 000");
  CHECK(pq::grouped(50'000'000) == "50 000 000");
  CHECK(pq::grouped(u64_max) == "18 446 744 073 709 551 615");
}

}  // namespace
