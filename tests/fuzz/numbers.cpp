// What people type: integers, ranges, durations, values, addresses. Each text is a value within its bounds
// that is read back from its own text, or it is refused in one line.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <system_error>
#include <variant>

#include "common/values/check.h"
#include "common/values/duration.h"
#include "common/values/range.h"
#include "common/values/text.h"
#include "common/values/value.h"
#include "daemon/http/address.h"
#include "tests/fuzz/entry.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

void check_refusal(const std::string& why) {
  check(!why.empty() && is_printable(why), "a refusal is a line that people can read");
}

// Plain digits mean what the standard library says they mean.
void try_integer(std::string_view text) {
  const auto read = parse_integer(text);
  if (!read) {
    check_refusal(read.error());
  } else {
    check(parse_integer(std::to_string(*read)) == *read, "an integer is read back from its digits");
  }
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return;
  std::uint64_t plain = 0;
  const bool fits = std::from_chars(text.data(), text.data() + text.size(), plain).ec == std::errc();
  check(read.has_value() == fits && (!fits || *read == plain), "digits are a decimal number");
}

void try_range(std::string_view text) {
  const auto read = parse_range(text);
  if (!read) return check_refusal(read.error());
  check(read->begin < read->end, "a range is neither empty nor reversed");
  check(parse_range(to_text(*read)) == *read, "a range is read back from its text");
  const std::string by_width = std::to_string(read->begin) + ":+" + std::to_string(read->width());
  check(parse_range(by_width) == *read, "a range is read back from its begin and width");
}

void try_duration(std::string_view text) {
  const auto read = parse_duration(text);
  if (!read) return check_refusal(read.error());
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*read);
  check(*read >= Duration{0} && ms == *read, "a duration is a whole number of milliseconds");
  check(parse_duration(std::to_string(ms.count()) + "ms") == *read,
        "a duration is read back in milliseconds");
  check(!to_text(*read).empty(), "a duration has a text");
}

void try_value(std::string_view text) {
  const auto read = parse_value(text);
  if (!read) return;
  const auto* const number = std::get_if<double>(&*read);
  check(number == nullptr || std::isfinite(*number), "a value is finite");
  const auto again = parse_value(to_text(*read));
  check(again && same(*again, *read), "a value is read back from its text");
  for (const Fold how : {Fold::sum, Fold::min, Fold::max}) {
    const auto both = fold(how, *read, *again);
    check(how == Fold::sum || (both && same(*both, *read)), "the lesser and the greater of one value is it");
    check(both.has_value(), "what was read can be folded");
    check(!rounded(*both) || parse_value(to_text(*both)), "a fold is a value, or does not fit");
  }
}

void try_address(std::string_view text) {
  const auto read = parse_http_address(text);
  if (!read) return;
  const auto again = parse_http_address(to_text(*read));
  check(again && again->host == read->host && again->port == read->port,
        "an address is read back from its text");
}

}  // namespace

void try_bytes(std::string_view bytes) {
  try_integer(bytes);
  try_range(bytes);
  try_duration(bytes);
  try_value(bytes);
  try_address(bytes);
}

}  // namespace pq::fuzz
