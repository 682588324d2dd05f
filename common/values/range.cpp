#include "common/values/range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace pq {
namespace {

__extension__ typedef unsigned __int128 Wide;  // the only spelling that -Wpedantic lets pass

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

// Why a text is not an integer; `part` is the piece of it to quote.
struct Flaw {
  enum class Kind { empty, has_sign, ends_early, unexpected, not_whole, too_large, negative };
  Kind kind;
  std::string_view part;
};

template <class T>
using Parsed = tl::expected<T, Flaw>;

tl::unexpected<Flaw> flaw(Flaw::Kind kind, std::string_view part) {
  return tl::make_unexpected(Flaw{kind, part});
}

std::string_view advice_for(char unexpected) {
  switch (unexpected) {
    case ' ':
    case '\t':
      return "leave no spaces";
    case 'x':
    case 'X':
      return "write it in decimal";
    case ',':
    case '\'':
      return "group digits as in 10_000_000";
    case '_':
      return "a '_' stands alone between two digits";
    case '*':
      return "write a power as 2^40; there are no products";
    case '^':
      return "a power is a plain integer, one '^' and a plain integer, as in 2^40";
    default:
      return "write an integer such as 10000000, 10_000_000, 1e7, 2^40 or 2^64-1";
  }
}

// The one place that turns a flaw into a sentence.
std::string sentence(const Flaw& flaw, std::string_view text) {
  switch (flaw.kind) {
    case Flaw::Kind::empty:
      return fmt::format("{:?} is not a number; write an integer such as 10000000, 10_000_000, 1e7 or 2^40",
                         text);
    case Flaw::Kind::has_sign:
      return fmt::format("{:?} begins with a sign; write an integer from 0 to 2^64-1 without one", text);
    case Flaw::Kind::ends_early:
      return fmt::format("{:?} ends where a digit should follow; complete it", text);
    case Flaw::Kind::unexpected:
      return fmt::format("{:?} is not an integer from {:?} on; {}", text, flaw.part,
                         advice_for(flaw.part.front()));
    case Flaw::Kind::not_whole:
      return fmt::format("{:?} is not an integer; write a whole number such as 2, 1.5e7 or 10_000_000",
                         flaw.part);
    case Flaw::Kind::too_large:
      return fmt::format("{:?} is past 2^64-1, the largest integer that pq counts", flaw.part);
    case Flaw::Kind::negative:
      return fmt::format("{:?} is below 0, the smallest integer that pq counts", flaw.part);
  }
  return "";
}

std::optional<Wide> product(Wide left, Wide right) {
  Wide result = 0;
  if (__builtin_mul_overflow(left, right, &result)) return std::nullopt;
  return result;
}

std::optional<Wide> sum(Wide left, Wide right) {
  Wide result = 0;
  if (__builtin_add_overflow(left, right, &result)) return std::nullopt;
  return result;
}

std::optional<Wide> decimal(std::string_view digits) {
  std::optional<Wide> value = 0;
  for (const char digit : digits) {
    value = product(*value, 10);
    if (value) value = sum(*value, static_cast<Wide>(digit - '0'));
    if (!value) return std::nullopt;
  }
  return value;
}

// base^exponent by plain multiplication: from base 2 on, at most 128 rounds fill 128 bits.
std::optional<Wide> power(Wide base, Wide exponent) {
  if (base <= 1) return exponent == 0 ? 1 : base;
  std::optional<Wide> value = 1;
  for (Wide i = 0; i < exponent && value; ++i) value = product(*value, base);
  return value;
}

// Reads a text from left to right, and skips underscores.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_at_end() const { return at_ == text_.size(); }
  char next() const { return is_at_end() ? '\0' : text_[at_]; }

  bool take(char c) {
    if (is_at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // One term: an integer, a power, or a decimal number without a fraction.
  Parsed<Wide> term() {
    const std::size_t from = at_;
    const auto whole = digits();
    if (!whole) return tl::make_unexpected(whole.error());
    if (!take('^')) return scaled(from, *whole);
    const auto exponent = digits();
    if (!exponent) return tl::make_unexpected(exponent.error());
    const auto base = decimal(*whole);
    // An exponent beyond 128 bits counts as the largest one that fits: only bases 0 and 1 stay small with
    // either.
    const auto value = base ? power(*base, decimal(*exponent).value_or(~Wide{0})) : std::nullopt;
    if (!value) return flaw(Flaw::Kind::too_large, since(from));
    return *value;
  }

  // What is wrong with a text that does not continue as it should.
  Flaw here() const {
    if (is_at_end()) return {Flaw::Kind::ends_early, text_};
    return {Flaw::Kind::unexpected, text_.substr(at_)};
  }

 private:
  static bool is_digit(char c) { return '0' <= c && c <= '9'; }
  std::string_view since(std::size_t from) const { return text_.substr(from, at_ - from); }

  Parsed<std::string> digits() {
    std::string found;
    while (is_digit(next())) {
      found += text_[at_++];
      if (next() == '_' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) ++at_;
    }
    if (found.empty()) return tl::make_unexpected(here());
    return found;
  }

  // The exponent after an 'e'. It saturates far beyond any length that a text can have.
  Parsed<std::int64_t> decimal_exponent() {
    constexpr std::int64_t enough = 1'000'000'000'000'000;
    const bool is_negative = take('-');
    if (!is_negative) take('+');
    const auto found = digits();
    if (!found) return tl::make_unexpected(found.error());
    const Wide size = std::min<Wide>(decimal(*found).value_or(enough), enough);
    return is_negative ? -static_cast<std::int64_t>(size) : static_cast<std::int64_t>(size);
  }

  // The rest of a decimal number that began at `from` with the digits `mantissa`: fraction and exponent.
  Parsed<Wide> scaled(std::size_t from, std::string mantissa) {
    std::int64_t scale = 0;
    if (take('.')) {
      const auto fraction = digits();
      if (!fraction) return tl::make_unexpected(fraction.error());
      mantissa += *fraction;
      scale -= static_cast<std::int64_t>(fraction->size());
    }
    if (take('e') || take('E')) {
      const auto shift = decimal_exponent();
      if (!shift) return tl::make_unexpected(shift.error());
      scale += *shift;
    }
    const std::size_t kept = mantissa.find_last_not_of('0') + 1;  // 0 if there are zeros only
    if (kept == 0) return Wide{0};
    scale += static_cast<std::int64_t>(mantissa.size() - kept);
    if (scale < 0) return flaw(Flaw::Kind::not_whole, since(from));
    const auto value = decimal(std::string_view(mantissa).substr(0, kept));
    const auto factor = power(10, static_cast<Wide>(scale));
    const auto result = value && factor ? product(*value, *factor) : std::nullopt;
    if (!result) return flaw(Flaw::Kind::too_large, since(from));
    return *result;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Added and subtracted terms are summed apart, so that 1-2+3 needs no negative number on the way.
Parsed<std::uint64_t> read_integer(std::string_view text) {
  if (text.empty()) return flaw(Flaw::Kind::empty, text);
  if (text.front() == '+' || text.front() == '-') return flaw(Flaw::Kind::has_sign, text);
  Reader reader(text);
  Wide added = 0;
  Wide taken = 0;
  bool adds = true;
  for (;;) {
    const auto term = reader.term();
    if (!term) return tl::make_unexpected(term.error());
    Wide& side = adds ? added : taken;
    const auto total = sum(side, *term);
    if (!total) return flaw(Flaw::Kind::too_large, text);
    side = *total;
    if (reader.is_at_end()) break;
    adds = reader.take('+');
    if (!adds && !reader.take('-')) return tl::make_unexpected(reader.here());
  }
  if (added < taken) return flaw(Flaw::Kind::negative, text);
  if (added - taken > largest) return flaw(Flaw::Kind::too_large, text);
  return static_cast<std::uint64_t>(added - taken);
}

}  // namespace

tl::expected<std::uint64_t, std::string> parse_integer(std::string_view text) {
  return read_integer(text).map_error([text](const Flaw& found) { return sentence(found, text); });
}

tl::expected<Range, std::string> parse_range(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return tl::make_unexpected(fmt::format("{:?}{}", text, why));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return refuse(" has no ':'; write BEGIN:END such as 1e7:6e7, or BEGIN:+WIDTH such as 1e7:+5e7");
  }
  const std::string_view first = text.substr(0, colon);
  std::string_view second = text.substr(colon + 1);
  const bool is_width = second.starts_with('+');
  if (is_width) second.remove_prefix(1);

  const auto begin = parse_integer(first);
  if (!begin) return refuse(": " + begin.error());
  const auto other = parse_integer(second);
  if (!other) return refuse(": " + other.error());
  if (is_width && *other > largest - *begin) {
    const std::string advice = *begin < largest ? fmt::format("write {}:2^64-1", first) : "begin before it";
    return refuse(" ends past 2^64-1, the largest integer that pq counts; " + advice);
  }
  const Range range{.begin = *begin, .end = is_width ? *begin + *other : *other};
  if (range.begin == range.end) {
    return refuse(
        fmt::format(" is empty, as a range ends before its END; write {0}:+1 for {0} alone", first));
  }
  if (range.is_empty()) return refuse(fmt::format(" is reversed; write {}:{}", second, first));
  return range;
}

std::string to_text(const Range& range) { return fmt::format("{}:{}", range.begin, range.end); }

std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ' ');
  return text;
}

}  // namespace pq
