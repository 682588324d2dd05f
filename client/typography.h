// Text for people's eyes: what fits in how many columns. Of UTF-8, East Asian characters and pictures are two
// columns wide, and marks that join the character before them none, as terminals draw them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pq {

// Of the first character of a text that is not empty; a byte that begins none is one by itself.
std::size_t character_bytes(std::string_view text);

std::size_t columns_of(std::string_view text);

// The whole text, or its beginning and "…" in at most `columns_max` columns (at least 1).
std::string shortened(const std::string& text, std::size_t columns_max);

// Digits of a decimal number in groups of three: "-1 234 567"; a number with a point or an exponent as it is.
std::string grouped_digits(const std::string& decimal);

// Three digits and a unit: "0", "950", "1.25 k", "120 M", "18.4 E".
std::string compact(double number);

// Powers of 1024: "512 bytes", "2 GiB", "1.5 MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace pq
