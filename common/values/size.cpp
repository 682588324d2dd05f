#include "common/values/size.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>

#include "common/values/range.h"

namespace pq {
namespace {

constexpr std::string_view letters = "KMGT";

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Of "", "K", "KiB" or "KB", and likewise for the other letters.
std::optional<std::uint64_t> factor_of(std::string_view unit) {
  std::string capital(unit);
  std::transform(capital.begin(), capital.end(), capital.begin(), upper);
  if (capital.empty() || capital == "B") return 1;
  const std::size_t power = letters.find(capital.front());
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = std::string_view(capital).substr(1);
  if (!rest.empty() && rest != "IB" && rest != "B") return std::nullopt;
  const std::uint64_t base = rest == "B" ? 1000 : 1024;
  std::uint64_t factor = base;
  for (std::size_t i = 0; i < power; ++i) factor *= base;
  return factor;
}

}  // namespace

tl::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const std::size_t last = text.find_last_not_of("KMGTkmgtIiBb");
  const std::size_t digits = last == std::string_view::npos ? 0 : last + 1;
  const auto count = parse_integer(text.substr(0, digits));
  const auto factor = factor_of(text.substr(digits));
  if (!count || !factor) {
    return tl::unexpected(
        fmt::format("{:?} is not a size; write a whole number, or one with a unit such as 512K or 2G ({})",
                    text, size_units));
  }
  if (*count > std::numeric_limits<std::uint64_t>::max() / *factor)
    return tl::unexpected(fmt::format("{:?} is too large; the largest is 16777215T", text));
  return *count * *factor;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < units.size()) {
    number /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {}", number, units[unit]);
}

}  // namespace pq
