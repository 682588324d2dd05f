// The words of an enum. One table an enum, in the order of its enumerators, from which its texts, its parser
// and the list of its enumerators follow: a new enumerator is missing nowhere.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include "common/values/rooms.h"

namespace pq {

// Specialise it beside an enum that counts from 0 without a gap. What is stored or sent by its word keeps
// that word.
template <class E>
inline constexpr std::array<std::string_view, 0> enum_words{};

namespace detail {

// A compiler spells what is no enumerator as a cast: "V = (E)7".
template <class E, E V>
consteval bool is_enumerator() {
  const std::string_view spelt = __PRETTY_FUNCTION__;
  return spelt[spelt.rfind("V = ") + 4] != '(';
}

template <class E>
consteval bool has_a_word_each() {
  constexpr std::size_t count = enum_words<E>.size();
  return is_enumerator<E, static_cast<E>(count - 1)>() && !is_enumerator<E, static_cast<E>(count)>();
}

}  // namespace detail

template <class E>
concept Worded = std::is_enum_v<E> &&(!enum_words<E>.empty());

// "" for a number that is no enumerator.
template <Worded E>
constexpr std::string_view to_text(E value) {
  static_assert(detail::has_a_word_each<E>(), "enum_words<E> has one word for each enumerator");
  const auto place = static_cast<std::size_t>(value);
  return place < enum_words<E>.size() ? enum_words<E>[place] : std::string_view();
}

template <Worded E>
constexpr std::optional<E> parse(std::string_view word) {
  static_assert(detail::has_a_word_each<E>(), "enum_words<E> has one word for each enumerator");
  for (std::size_t place = 0; place < enum_words<E>.size(); ++place) {
    if (enum_words<E>[place] == word) return static_cast<E>(place);
  }
  return std::nullopt;
}

// All enumerators, in their order.
template <Worded E>
constexpr auto all() {
  static_assert(detail::has_a_word_each<E>(), "enum_words<E> has one word for each enumerator");
  std::array<E, enum_words<E>.size()> enumerators{};
  for (std::size_t place = 0; place < enumerators.size(); ++place) enumerators[place] = static_cast<E>(place);
  return enumerators;
}

}  // namespace pq
