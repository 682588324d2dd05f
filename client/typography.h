// Text for display: how many columns it takes on a terminal, by libutf8proc's tables. East Asian characters
// and pictures are two columns wide, and combining marks have no width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq::client {

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// The first one of a text that is not empty. A byte that begins no UTF-8 character counts alone.
Character first_character(std::string_view text);

std::size_t columns_of(std::string_view text);

// The whole text, or its beginning and "…" in at most `columns_max` columns (at least 1).
std::string shortened(const std::string& text, std::size_t columns_max);

// Digits of a decimal number in groups of three: "-1 234 567"; a number with a point or an exponent as it is.
std::string grouped_digits(const std::string& decimal);

// Three digits and a unit: "0", "950", "1.25 k", "120 M", "18.4 E".
std::string compact(double number);

}  // namespace pq::client
