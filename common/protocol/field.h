// How one field of a message or a report is described. Every description is a function `fields(visitor,
// message)` that shows the visitor each field once. The same lines then write and read the wire, write JSON,
// and print the tables of PROTOCOL.md and the JSON schemas.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "common/values/limits.h"

namespace pq {

// `message` as a visitor that writes (const) or one that reads it sees it.
template <class M, class Message>
concept Is = std::same_as<std::remove_const_t<M>, Message>;

// How JSON shows a field.
enum class Shown {
  plainly,
  as_decimal,  // in digits, for it may pass 2^53
  flat,        // its own fields stand in its place
  never
};

class Field {
 public:
  // `text` says what it is: a sentence, for people who write a peer or read JSON. Both are literals.
  constexpr explicit Field(std::string_view key, std::string_view text = {})
      : key_(key), json_key_(key), text_(text) {}

  // Bytes of a text, or items of a list.
  constexpr Field at_most(std::size_t max) const {
    Field field = *this;
    field.max_ = max;
    return field;
  }
  // Bytes of each text in a list.
  constexpr Field each_at_most(std::size_t max) const {
    Field field = *this;
    field.each_max_ = max;
    return field;
  }
  // The least that JSON shows: of a number, or of the items of a list.
  constexpr Field at_least(std::size_t min) const {
    Field field = *this;
    field.min_ = min;
    return field;
  }
  // Of one text of a list.
  constexpr Field each() const { return at_most(each_max_); }
  constexpr Field shown(Shown how) const {
    Field field = *this;
    field.shown_ = how;
    return field;
  }
  // Where JSON calls it otherwise than the wire does.
  constexpr Field in_json(std::string_view key) const {
    Field field = *this;
    field.json_key_ = key;
    return field;
  }

  constexpr std::string_view key() const { return key_; }
  constexpr std::string_view json_key() const { return json_key_; }
  constexpr std::string_view text() const { return text_; }
  constexpr std::size_t max() const { return max_; }
  constexpr std::size_t each_max() const { return each_max_; }
  constexpr std::size_t min() const { return min_; }
  constexpr Shown how() const { return shown_; }

 private:
  std::string_view key_;
  std::string_view json_key_;
  std::string_view text_;
  std::size_t max_ = limits::text_bytes_max;
  std::size_t each_max_ = limits::text_bytes_max;
  std::size_t min_ = 0;
  Shown shown_ = Shown::plainly;
};

// What a message is called on the wire; "" of what is no message.
template <class Message>
inline constexpr std::string_view message_type{};

// What PROTOCOL.md calls a struct within messages.
template <class Part>
inline constexpr std::string_view part_name{};

// The JSON schema of a report by itself: "pq.job/1", and a sentence on what it is.
struct SchemaName {
  std::string_view name;
  std::string_view title;
};
template <class Report>
inline constexpr SchemaName schema_of{};

}  // namespace pq
