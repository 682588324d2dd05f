#include "agent/programs/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "common/values/text.h"

namespace pq::programs {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";
constexpr std::size_t answer_shown_bytes_max = 64;

std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
  rest.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> to_integer(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::string shown(std::string_view text) { return printable(beginning(text, answer_shown_bytes_max)); }

}  // namespace

tl::expected<Answers::Answer, std::string> Answers::take(const Range& asked, bool wants_value) {
  const std::size_t end = text_.find('\n') + 1;
  Answer answer{text_.substr(0, end), {}};
  text_.erase(0, end);
  std::string_view rest = answer.line;
  const auto lo = to_integer(next_word(rest));
  const auto hi = to_integer(next_word(rest));
  const bool is_echo = lo && hi;
  if (is_echo && *lo == asked.begin && *hi == asked.end) {
    is_echoing_ = true;
    answer.value = stripped(rest);
    return answer;
  }
  const bool has_more = !stripped(rest).empty();
  if (is_echo && (is_echoing_ || (wants_value && has_more))) {
    return tl::unexpected(
        fmt::format("answered for {} {} when it was asked for {} {}: it must write one line for each that it "
                    "reads",
                    *lo, *hi, asked.begin, asked.end));
  }
  if (is_echoing_) {
    return tl::unexpected(
        fmt::format("answered \"{}\" without the {} {} that it was asked for, which its "
                    "earlier lines began with",
                    shown(stripped(answer.line)), asked.begin, asked.end));
  }
  answer.value = stripped(answer.line);
  return answer;
}

std::optional<std::string> Answers::surplus() const {
  const std::string_view something = stripped(text_);
  if (something.empty() && !has_line()) return std::nullopt;
  return shown(stripped(something.substr(0, something.find('\n'))));
}

}  // namespace pq::programs
