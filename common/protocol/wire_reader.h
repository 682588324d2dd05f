// Reads the fields of one msgpack map into a message and says which one is missing or wrong. Unknown keys are
// ignored: a newer peer may say more. For wire_decode.cpp only.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <msgpack.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/protocol/fields.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire_envelope.h"

namespace pq::wire {

inline std::string_view text_of(const msgpack::object& object) {
  return {object.via.str.ptr, object.via.str.size};
}

// A map whose keys are texts, none twice: msgpack itself promises neither.
inline bool is_clean_map(const msgpack::object& object) {
  if (object.type != msgpack::type::MAP || object.via.map.size > limits::map_keys_max) return false;
  const std::span entries(object.via.map.ptr, object.via.map.size);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].key.type != msgpack::type::STR) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (text_of(entries[j].key) == text_of(entries[i].key)) return false;
    }
  }
  return true;
}

// After the first flaw it reads nothing more; what it has filled in by then is of no use.
class Reader {
 public:
  // `map` outlives the reader.
  explicit Reader(const msgpack::object& map) : map_(map), ok_(is_clean_map(map)) {}

  template <class T>
  void operator()(const Field& field, T& value) {
    if (!ok_) return;
    if (const msgpack::object* object = find(field.key())) {
      take_field(*object, value, field);
    } else {
      ok_ = false;
      where_ = field.key();
      what_ = "is missing";
    }
  }

  template <class T>
  void operator()(const Field& field, std::optional<T>& value) {
    if (!ok_) return;
    if (const msgpack::object* object = find(field.key())) take_field(*object, value.emplace(), field);
  }

  // A field that is left out where it is as usual, so that older peers need not know it.
  template <class T>
  void operator()(const Field& field, T& value, const std::type_identity_t<T>& usual) {
    if (!ok_) return;
    value = usual;
    if (const msgpack::object* object = find(field.key())) take_field(*object, value, field);
  }

  static void derived(const Field& /*field*/, auto /*value*/) {}

  bool ok() const { return ok_; }

  // "leases[3].begin is missing". REQUIRES: not ok().
  std::string flaw() const { return (where_.empty() ? "the map" : where_) + " " + std::string(what_); }

 private:
  using Type = msgpack::type::object_type;

  const msgpack::object* find(std::string_view key) const {
    for (const msgpack::object_kv& entry : std::span(map_.via.map.ptr, map_.via.map.size)) {
      if (text_of(entry.key) == key) return &entry.val;
    }
    return nullptr;
  }

  // A failed take has left in where_ what lies below the field; nothing if the field itself is wrong.
  template <class T>
  void take_field(const msgpack::object& object, T& value, const Field& field) {
    ok_ = take(object, value, field);
    if (!ok_) where_.insert(0, field.key());
  }

  static bool take(const msgpack::object& object, std::string& text, const Field& field) {
    if (object.type != Type::STR || object.via.str.size > field.max()) return false;
    text = text_of(object);
    return true;
  }

  static bool take(const msgpack::object& object, Bytes& bytes, const Field& field) {
    if (object.type != Type::BIN || object.via.bin.size > field.max()) return false;
    bytes.data.assign(object.via.bin.ptr, object.via.bin.size);
    return true;
  }
  static bool take(const msgpack::object& object, Sha256& hash, const Field& /*field*/) {
    if (object.type != Type::STR) return false;
    const std::optional<Sha256> parsed = parse_sha256(text_of(object));
    hash = parsed.value_or(hash);
    return parsed.has_value();
  }

  static bool take(const msgpack::object& object, bool& flag, const Field& /*field*/) {
    if (object.type != Type::BOOLEAN) return false;
    flag = object.via.boolean;
    return true;
  }

  template <std::integral T>
  requires(!std::same_as<T, bool>) static bool take(const msgpack::object& object, T& n,
                                                    const Field& /*field*/) {
    if (object.type == Type::POSITIVE_INTEGER && std::in_range<T>(object.via.u64)) {
      n = static_cast<T>(object.via.u64);
      return true;
    }
    if (object.type == Type::NEGATIVE_INTEGER && std::in_range<T>(object.via.i64)) {
      n = static_cast<T>(object.via.i64);
      return true;
    }
    return false;
  }

  // Many a msgpack library writes 3.0 as the integer 3.
  static bool take(const msgpack::object& object, double& x, const Field& /*field*/) {
    if (object.type == Type::POSITIVE_INTEGER) {
      x = static_cast<double>(object.via.u64);
    } else if (object.type == Type::NEGATIVE_INTEGER) {
      x = static_cast<double>(object.via.i64);
    } else if (object.type == Type::FLOAT64 || object.type == Type::FLOAT32) {
      x = object.via.f64;
    } else {
      return false;
    }
    return std::isfinite(x);
  }

  template <class Tag>
  static bool take(const msgpack::object& object, Id<Tag>& id, const Field& field) {
    return take(object, id.value, field);
  }
  static bool take(const msgpack::object& object, LeaseId& id, const Field& /*field*/) {
    return take_pair(object, id.epoch.value, id.counter);
  }
  static bool take(const msgpack::object& object, RequestId& id, const Field& /*field*/) {
    return take_pair(object, id.high, id.low);
  }
  static bool take(const msgpack::object& object, Range& range, const Field& /*field*/) {
    return take_pair(object, range.begin, range.end) && !range.is_empty();
  }

  template <class E>
  requires std::is_enum_v<E>
  static bool take(const msgpack::object& object, E& value, const Field& /*field*/) {
    if (object.type != Type::STR) return false;
    const std::optional<E> parsed = parse<E>(text_of(object));
    value = parsed.value_or(value);
    return parsed.has_value();
  }

  static bool take(const msgpack::object& object, Value& value, const Field& field) {
    if (object.type == Type::POSITIVE_INTEGER) {
      value = Int128{object.via.u64};
    } else if (object.type == Type::NEGATIVE_INTEGER) {
      value = Int128{object.via.i64};
    } else if (object.type == Type::STR) {
      return take_wide_integer(text_of(object), value);
    } else if (object.type == Type::BIN) {
      const std::optional<Value> sum = read_sum({object.via.bin.ptr, object.via.bin.size});
      value = sum.value_or(value);
      return sum.has_value();
    } else {
      return take(object, value.emplace<double>(), field);
    }
    return true;
  }

  static bool take_wide_integer(std::string_view text, Value& value) {
    constexpr std::size_t digits_max = 40;  // of the smallest one, with its sign
    const std::optional<Value> parsed = text.size() <= digits_max ? parse_value(text) : std::nullopt;
    if (!parsed || !std::holds_alternative<Int128>(*parsed)) return false;
    value = *parsed;
    return true;
  }

  // The elements are there already, if only as a byte each: memory is never taken on a header's word alone.
  template <class T>
  bool take(const msgpack::object& object, std::vector<T>& items, const Field& field) {
    if (object.type != Type::ARRAY || object.via.array.size > field.max()) return false;
    items.resize(object.via.array.size);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (take(object.via.array.ptr[i], items[i], field.each())) continue;
      where_.insert(0, "[" + std::to_string(i) + "]");
      return false;
    }
    return true;
  }

  template <class Struct>
  requires std::is_class_v<Struct>
  bool take(const msgpack::object& object, Struct& message, const Field& /*field*/) {
    Reader reader(object);
    if (reader.ok()) fields(reader, message);
    if (reader.ok()) return true;
    if (!reader.where_.empty()) where_ = "." + reader.where_;
    what_ = reader.what_;
    return false;
  }

  static bool take_pair(const msgpack::object& object, std::uint64_t& first, std::uint64_t& second) {
    if (object.type != Type::ARRAY || object.via.array.size != 2) return false;
    constexpr Field any("");
    return take(object.via.array.ptr[0], first, any) && take(object.via.array.ptr[1], second, any);
  }

  const msgpack::object& map_;
  bool ok_;
  std::string where_;
  std::string_view what_ = "is not what it should be";
};

}  // namespace pq::wire
