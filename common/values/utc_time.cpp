#include "common/values/utc_time.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace pq {
namespace {

using namespace std::chrono;

constexpr std::string_view form = "0000-00-00T00:00:00Z";

bool has_form(std::string_view text) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !is_digit : text[i] != form[i]) return false;
  }
  return true;
}

int number_at(std::string_view text, std::size_t begin, std::size_t size) {
  int number = 0;
  std::from_chars(text.data() + begin, text.data() + begin + size, number);
  return number;
}

}  // namespace

std::string utc_text(UnixMs time) {
  const sys_seconds second = floor<std::chrono::seconds>(sys_time<milliseconds>(milliseconds(time)));
  const sys_days day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<UnixMs> parse_utc(std::string_view text) {
  if (!has_form(text)) return std::nullopt;
  const year_month_day date(year(number_at(text, 0, 4)), month(static_cast<unsigned>(number_at(text, 5, 2))),
                            day(static_cast<unsigned>(number_at(text, 8, 2))));
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const sys_seconds time = sys_days(date) + hours(hour) + minutes(minute) + std::chrono::seconds(second);
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace pq
