#include "common/values/value.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "tests/unit/extremes.h"

namespace {

using pq::Fold;
using pq::fold;
using pq::Int128;
using pq::parse_value;
using pq::same;
using pq::to_text;
using pq::Value;
using pq::tests::int128_max;
using pq::tests::int128_min;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

Value integer(Int128 n) { return n; }
Value number(double x) { return x; }

// doctest cannot print 128 bits: values are compared by their text, which tells 5 from 5.0.
std::string text_of(const std::optional<Value>& value) { return value ? to_text(*value) : "nothing"; }

TEST_CASE("integers join by sum, min and max, and stay integers") {
  CHECK(text_of(fold(Fold::sum, integer(2), integer(3))) == "5");
  CHECK(text_of(fold(Fold::sum, integer(int128_max - 1), integer(1))) == to_text(int128_max));
  CHECK(text_of(fold(Fold::min, integer(-7), integer(3))) == "-7");
  CHECK(text_of(fold(Fold::max, integer(-7), integer(3))) == "3");
}

TEST_CASE("a sum past 128 bits never wraps, and is told as what does not fit") {
  CHECK(text_of(fold(Fold::sum, integer(int128_max), integer(1))) == "a sum beyond a signed 128-bit integer");
  CHECK(text_of(fold(Fold::sum, integer(int128_min), integer(-1))) ==
        "a sum beyond a signed 128-bit integer");
  CHECK(text_of(fold(Fold::sum, integer(int128_min), integer(int128_max))) == "-1");
}

TEST_CASE("the sum of an integer and a decimal is a decimal") {
  CHECK(text_of(fold(Fold::sum, integer(2), number(0.5))) == "2.5");
  CHECK(text_of(fold(Fold::sum, number(0.5), integer(2))) == "2.5");
  CHECK(text_of(fold(Fold::sum, integer(2), number(0.0))) == "2.0");
}

TEST_CASE("a decimal among integers makes no sum inexact") {
  const Int128 odd = (Int128{1} << 53) + 1;
  Value sum = number(0.0);
  for (int i = 0; i < 50; ++i) sum = *fold(Fold::sum, sum, integer(odd));
  CHECK(text_of(fold(Fold::sum, sum, integer(-50 * odd))) == "0.0");
  CHECK(same(*pq::rounded(sum), number(static_cast<double>(50 * odd))));
}

TEST_CASE("min and max compare exactly, and answer one of the two as it is") {
  const Int128 wide = Int128{1} << 53;
  CHECK(text_of(fold(Fold::min, integer(2), number(2.5))) == "2");
  CHECK(text_of(fold(Fold::max, number(2.5), integer(3))) == "3");
  CHECK(text_of(fold(Fold::max, number(-1.5), number(-2.5))) == "-1.5");
  CHECK(text_of(fold(Fold::max, integer(wide + 1), number(0x1p53))) == "9007199254740993");
  CHECK(text_of(fold(Fold::min, integer(wide + 1), number(0x1p53))) == "9007199254740992.0");
  CHECK(text_of(fold(Fold::max, integer(int128_max), number(0x1p127))) == "1.7014118346046923e+38");
  CHECK(text_of(fold(Fold::min, integer(int128_min), number(-1e300))) == "-1e+300");
}

TEST_CASE("of what is equal, min and max answer the integer, and of zeros the lesser or the greater") {
  for (const Fold how : {Fold::min, Fold::max}) {
    CHECK(text_of(fold(how, integer(3), number(3))) == "3");
    CHECK(text_of(fold(how, number(3), integer(3))) == "3");
    CHECK(text_of(fold(how, number(-0.0), integer(0))) == "0");
  }
  CHECK(text_of(fold(Fold::min, number(0.0), number(-0.0))) == "-0.0");
  CHECK(text_of(fold(Fold::min, number(-0.0), number(0.0))) == "-0.0");
  CHECK(text_of(fold(Fold::max, number(0.0), number(-0.0))) == "0.0");
  CHECK(text_of(fold(Fold::max, number(-0.0), number(0.0))) == "0.0");
}

TEST_CASE("an undefined or infinite value does not hide behind min or max") {
  for (const Fold how : {Fold::sum, Fold::min, Fold::max}) {
    for (const double broken : {infinity, -infinity, undefined}) {
      CAPTURE(to_text(how));
      CAPTURE(broken);
      CHECK(text_of(fold(how, number(broken), number(1))) == "nothing");
      CHECK(text_of(fold(how, integer(1), number(broken))) == "nothing");
    }
  }
}

TEST_CASE("without a fold the left value stays as it is") {
  CHECK(text_of(fold(Fold::none, integer(1), integer(2))) == "1");
  CHECK(text_of(fold(Fold::none, integer(int128_max), integer(int128_max))) == to_text(int128_max));
  CHECK(text_of(fold(Fold::none, integer(1), number(2.5))) == "1");
}

TEST_CASE("the 128 bits of an integer are written out and read back") {
  CHECK(to_text(int128_max) == "170141183460469231731687303715884105727");
  CHECK(to_text(int128_min) == "-170141183460469231731687303715884105728");
  for (const Int128 n : std::to_array<Int128>({0, 1, -1, 10, int128_max, int128_min})) {
    CAPTURE(to_text(n));
    const auto read = parse_value(to_text(n));
    REQUIRE(read.has_value());
    CHECK(same(*read, integer(n)));
  }
}

TEST_CASE("a double is written in its shortest form and never looks like an integer") {
  CHECK(to_text(number(5)) == "5.0");
  CHECK(to_text(number(-5)) == "-5.0");
  CHECK(to_text(number(-0.0)) == "-0.0");
  CHECK(to_text(number(0.1)) == "0.1");
  CHECK(to_text(number(1e22)) == "1e+22");
  CHECK(to_text(number(123456789)) == "123456789.0");
  for (const double x : {0.1 + 0.2, -0.0, 5.0, 1e300, 5e-324, std::nextafter(1.0, 2.0), 1.0 / 3}) {
    CAPTURE(to_text(number(x)));
    const auto read = parse_value(to_text(number(x)));
    REQUIRE(read.has_value());
    CHECK(same(*read, number(x)));
  }
}

TEST_CASE("a value is one integer or one finite decimal number") {
  CHECK(text_of(parse_value("664579")) == "664579");
  CHECK(text_of(parse_value("+5")) == "5");
  CHECK(text_of(parse_value("-5")) == "-5");
  CHECK(text_of(parse_value("007")) == "7");
  CHECK(text_of(parse_value("3.25")) == "3.25");
  CHECK(text_of(parse_value("+.5")) == "0.5");
  CHECK(text_of(parse_value("5.")) == "5.0");
  CHECK(text_of(parse_value("-1e3")) == "-1000.0");
  CHECK(text_of(parse_value("1E-3")) == "0.001");
  CHECK(text_of(parse_value("1e-400")) == "0.0");
  CHECK(text_of(parse_value("4e-324")) == "5e-324");
}

TEST_CASE("whatever else a program prints is no value") {
  for (const char* const text :
       {"",    "-",    "+",    "+-5",      "-+5",   "--5",    ".",     "e5",   "1e",   "abc",
        "5 ",  " 5",   "5\n",  "1 2",      "1,5",   "1_000",  "0x10",  "nan",  "NaN",  "-nan",
        "inf", "-inf", "+inf", "infinity", "1e400", "-1e400", "0x1p3", "5.0f", "1e5.5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_value(text).has_value());
  }
  CHECK_FALSE(parse_value(std::string_view("5\0", 2)).has_value());
}

TEST_CASE("an integer past 128 bits is no value, and does not turn into a double") {
  CHECK_FALSE(parse_value("170141183460469231731687303715884105728").has_value());
  CHECK_FALSE(parse_value("-170141183460469231731687303715884105729").has_value());
  CHECK_FALSE(parse_value(std::string(1000, '9')).has_value());
}

TEST_CASE("values are the same if they are of one kind and have the same bits") {
  CHECK(same(integer(5), integer(5)));
  CHECK_FALSE(same(integer(5), integer(6)));
  CHECK_FALSE(same(integer(5), number(5)));
  CHECK(same(number(undefined), number(undefined)));
  CHECK_FALSE(same(number(0.0), number(-0.0)));
}

TEST_CASE("every fold has a word that is read back") {
  for (const Fold how : {Fold::sum, Fold::min, Fold::max, Fold::none})
    CHECK(pq::parse<Fold>(to_text(how)) == how);
  CHECK(to_text(Fold::none) == "none");
  CHECK_FALSE(pq::parse<Fold>("mean").has_value());
  CHECK_FALSE(pq::parse<Fold>("").has_value());
}

}  // namespace
