#include "common/values/duration.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using pq::Duration;
using pq::parse_duration;
using pq::to_text;

TEST_CASE("a duration is a whole number and a unit") {
  CHECK(parse_duration("500ms").value() == 500ms);
  CHECK(parse_duration("30s").value() == 30s);
  CHECK(parse_duration("5m").value() == 5min);
  CHECK(parse_duration("1h").value() == 1h);
  CHECK(parse_duration("2d").value() == 48h);
  CHECK(parse_duration("0s").value() == 0s);
  CHECK(parse_duration("007s").value() == 7s);
  CHECK(parse_duration("106751d").value() == 106'751 * 24h);
}

TEST_CASE("what is no duration is refused with what to write instead") {
  const std::initializer_list<std::pair<std::string, std::string>> refusals = {
      {"", "\"\" is not a duration; write a whole number and ms, s, m, h or d"},
      {"s", "\"s\" is not a duration"},
      {"30", "\"30\" has no unit; write 30s for seconds"},
      {"1.5h", "\"1.5h\" is not a duration; write a whole number"},
      {"-5s", "\"-5s\" is not a duration"},
      {"+5s", "\"+5s\" is not a duration"},
      {"5 s", "\"5 s\" is not a duration"},
      {" 5s", "\" 5s\" is not a duration"},
      {"5s ", "\"5s \" is not a duration"},
      {"5min", "\"5min\" is not a duration"},
      {"5M", "\"5M\" is not a duration"},
      {"1h30m", "\"1h30m\" is not a duration"},
      {"106752d", "\"106752d\" is too long; the longest is 106751d"},
      {"9223372036855s", "too long"},
      {"99999999999999999999999ms", "too long"}};
  for (const auto& [text, why] : refusals) {
    const auto read = parse_duration(text);
    REQUIRE_FALSE(read.has_value());
    CAPTURE(read.error());
    CHECK(read.error().find(why) != std::string::npos);
  }
}

TEST_CASE("what is shorter than it may be is refused with the shortest") {
  CHECK(parse_duration("1s", std::chrono::seconds(1)).has_value());
  const auto refused = parse_duration("999ms", std::chrono::seconds(1));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error() == "\"999ms\" is too short; give at least 1s");
}

TEST_CASE("a duration is shown for reading, in two units at most") {
  CHECK(to_text(820ms) == "820ms");
  CHECK(to_text(12'400ms) == "12.4s");
  CHECK(to_text(3min + 20s) == "3m 20s");
  CHECK(to_text(5h + 12min + 40s) == "5h 13m");
  CHECK(to_text(3 * 24h + 4h) == "3d 4h");
  CHECK(to_text(Duration{0}) == "0ms");
  CHECK(to_text(-90s) == "-1m 30s");
}

TEST_CASE("what rounds up to the next unit is shown in that unit") {
  CHECK(to_text(400us) == "0ms");
  CHECK(to_text(600us) == "1ms");
  CHECK(to_text(999'499us) == "999ms");
  CHECK(to_text(999'600us) == "1s");
  CHECK(to_text(59'940ms) == "59.9s");
  CHECK(to_text(59'960ms) == "1m");
  CHECK(to_text(59min + 59s + 700ms) == "1h");
  CHECK(to_text(23h + 59min + 40s) == "1d");
}

TEST_CASE("the longest durations are shown too") {
  CHECK(to_text(Duration::max()) == "106752d");
  CHECK(to_text(Duration::min()) == "-106752d");
}

TEST_CASE("a duration in one unit is read back from what is shown") {
  for (const Duration duration :
       {Duration(500ms), Duration(30s), Duration(5min), Duration(1h), Duration(48h)}) {
    CAPTURE(to_text(duration));
    CHECK(parse_duration(to_text(duration)).value() == duration);
  }
}

}  // namespace
