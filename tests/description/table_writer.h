// The fields of a message as PROTOCOL.md lists them: a table, or in a line.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/protocol/fields.h"
#include "common/values/limits.h"
#include "tests/rooms.h"

namespace pq::tests {

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

class TableWriter {
 public:
  struct Row {
    std::string key;
    std::string type;
    std::string text;
  };

  template <class T>
  void operator()(const Field& field, const T& value) {
    add(field, type_name(value, field));
  }
  template <class T>
  void operator()(const Field& field, const T& value, const std::type_identity_t<T>& usual) {
    add(field, fmt::format("{} = {}", type_name(value, field), usual_name(usual)));
  }
  static void derived(const Field& /*field*/, auto /*value*/) {}

  template <class T>
  static std::vector<Row> rows_of(const T& sample) {
    TableWriter writer;
    fields(writer, sample);
    return std::move(writer.rows_);
  }

 private:
  void add(const Field& field, std::string type) {
    rows_.push_back({std::string(field.key()), std::move(type), std::string(field.text())});
  }

  template <class E>
  static std::string words() {
    constexpr std::size_t few = 6;
    if (enum_words<E>.size() > few) return "word";
    std::string text = "word:";
    for (const std::string_view word : enum_words<E>) text += fmt::format(" `{}`", word);
    return text;
  }

  template <class T>
  static std::string type_name(const T& /*sample*/, const Field& field) {
    if constexpr (std::same_as<T, bool>) {
      return "flag";
    } else if constexpr (std::integral<T>) {
      return fmt::format("{}{}", std::unsigned_integral<T> ? 'u' : 'i', 8 * sizeof(T));
    } else if constexpr (std::floating_point<T>) {
      return "float";
    } else if constexpr (Worded<T>) {
      return words<T>();
    } else if constexpr (std::same_as<T, std::string>) {
      return field.max() == limits::text_bytes_max ? "text" : fmt::format("text ≤ {}", field.max());
    } else if constexpr (std::same_as<T, Bytes>) {
      return fmt::format("bytes ≤ {}", field.max());
    } else if constexpr (std::same_as<T, Sha256>) {
      return "hash";
    } else if constexpr (std::same_as<T, Range>) {
      return "range";
    } else if constexpr (std::same_as<T, Value>) {
      return "value";
    } else if constexpr (std::same_as<T, LeaseId>) {
      return "lease";
    } else if constexpr (std::same_as<T, RequestId>) {
      return "array of 2 u64";
    } else if constexpr (is_id<T>) {
      return "u64";
    } else {
      static_assert(!part_name<T>.empty(), "PROTOCOL.md needs a name for it in fields.h");
      return std::string(part_name<T>);
    }
  }
  template <class T>
  static std::string type_name(const std::optional<T>& /*sample*/, const Field& field) {
    const std::string type = type_name(T{}, field);
    const std::size_t end = type.find_first_of(" :");  // "text? ≤ 64"
    const bool is_one_word = end == std::string::npos || !part_name<T>.empty() || std::same_as<T, RequestId>;
    return is_one_word ? type + "?" : type.substr(0, end) + "?" + type.substr(end);
  }
  template <class T>
  static std::string type_name(const std::vector<T>& /*sample*/, const Field& field) {
    return fmt::format("list ≤ {} of {}", field.max(), type_name(T{}, field.each()));
  }

  template <class T>
  static std::string usual_name(const T& usual) {
    if constexpr (std::same_as<T, bool>) {
      return usual ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<T>) {
      return fmt::format("{}", usual);
    } else if constexpr (std::same_as<T, std::string>) {
      return fmt::format("\"{}\"", usual);
    } else {
      return "[]";
    }
  }

  std::vector<Row> rows_;
};

}  // namespace pq::tests
