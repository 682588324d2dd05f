#include "common/values/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view what_to_write =
    "write a whole number and ms, s, m, h or d, such as 500ms, 30s, 5m or 1h";

struct Unit {
  std::string_view name;
  Duration length;
};

constexpr std::array units = {Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"m", 1min}, Unit{"h", 1h}, Unit{"d", 24h}};

// How many of `unit`, rounded to nearest. (std::chrono::round overflows near Duration::max().)
std::int64_t rounded(Duration duration, Duration unit) {
  const bool is_up = duration % unit >= unit - unit / 2;
  return duration / unit + (is_up ? 1 : 0);
}

// "3m 20s" for 200 of the small unit; "3m" if nothing is left over.
std::string in_two_units(std::int64_t smalls, std::int64_t smalls_in_big, std::string_view big,
                         std::string_view small) {
  const std::int64_t left_over = smalls % smalls_in_big;
  if (left_over == 0) return fmt::format("{}{}", smalls / smalls_in_big, big);
  return fmt::format("{}{} {}{}", smalls / smalls_in_big, big, left_over, small);
}

}  // namespace

tl::expected<Duration, std::string> parse_duration(std::string_view text, Duration shortest) {
  const auto refuse = [text](std::string_view why, std::string_view instead) {
    return tl::make_unexpected(fmt::format("{:?} {}; {}", text, why, instead));
  };
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return refuse("is not a duration", what_to_write);
  const std::string_view name = text.substr(digits);
  if (name.empty()) {
    return refuse("has no unit", fmt::format("write {0}s for seconds, or {0}ms, {0}m, {0}h, {0}d", text));
  }
  const auto* const unit =
      std::find_if(units.begin(), units.end(), [name](const Unit& u) { return u.name == name; });
  if (unit == units.end()) return refuse("is not a duration", what_to_write);

  std::int64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + digits, count);
  if (read.ec != std::errc{} || count > Duration::max() / unit->length) {
    return refuse("is too long", fmt::format("the longest is {}d", Duration::max() / 24h));
  }
  if (count * unit->length < shortest) {
    return refuse("is too short", fmt::format("give at least {}", to_text(shortest)));
  }
  return count * unit->length;
}

// Each size is rounded to what it shows before it is compared, so 59.97 s reads "1m" and never "60s".
// NOLINTNEXTLINE(misc-no-recursion): once, for what is not negative
std::string to_text(Duration duration) {
  if (duration < Duration{0}) return "-" + to_text(-std::max(duration, -Duration::max()));
  const std::int64_t ms = rounded(duration, 1ms);
  if (ms < 1000) return fmt::format("{}ms", ms);
  const std::int64_t tenths = rounded(duration, 100ms);
  if (tenths < 600 && tenths % 10 == 0) return fmt::format("{}s", tenths / 10);
  if (tenths < 600) return fmt::format("{}.{}s", tenths / 10, tenths % 10);
  const std::int64_t s = rounded(duration, 1s);
  if (s < 3600) return in_two_units(s, 60, "m", "s");
  const std::int64_t m = rounded(duration, 1min);
  if (m < 1440) return in_two_units(m, 60, "h", "m");
  return in_two_units(rounded(duration, 1h), 24, "d", "h");
}

}  // namespace pq
