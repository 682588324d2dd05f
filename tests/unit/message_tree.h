// A message as a tree that tests change. Only msgpack takes it apart and puts it together, so nothing here
// uses pq's own reader or writer.
#pragma once

#include <bit>
#include <cstdint>
#include <msgpack.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/rooms.h"

namespace pq::tests {

using Type = msgpack::type::object_type;
using Entries = std::vector<msgpack::object_kv>;

// A value within a message; `path` is its keys and "[]" for an element, as in "leases[].begin".
struct Place {
  std::string path;
  msgpack::object* object;

  std::string_view key() const {
    const std::string_view text = path;
    return text.substr(text.rfind('.') + 1);
  }
  bool is_within(std::string_view list) const {
    return path.starts_with(list) || path.find("." + std::string(list)) != std::string::npos;
  }
};

// A message as a tree that can be changed.
class MessageTree {
 public:
  explicit MessageTree(const std::string& bytes)
      : bytes_(bytes), handle_(msgpack::unpack(bytes_.data(), bytes_.size())), root_(handle_.get()) {
    walk("", root_);
  }
  MessageTree(const MessageTree&) = delete;
  MessageTree& operator=(const MessageTree&) = delete;

  const std::vector<Place>& places() const { return places_; }

  std::string with(const Place& place, const msgpack::object& other) const {
    const msgpack::object before = std::exchange(*place.object, other);
    msgpack::sbuffer buffer;
    pack(buffer, root_);
    *place.object = before;
    return {buffer.data(), buffer.size()};
  }

  std::string with_entries(const Place& map, Entries entries) const {
    msgpack::object other;
    other.type = Type::MAP;
    other.via.map = {static_cast<std::uint32_t>(entries.size()), entries.data()};
    return with(map, other);
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the messages that tests make
  void walk(const std::string& path, msgpack::object& object) {
    places_.push_back({path, &object});
    if (object.type == Type::MAP) {
      for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
        msgpack::object_kv& entry = object.via.map.ptr[i];
        walk(path + (path.empty() ? "" : ".") + entry.key.as<std::string>(), entry.val);
      }
    }
    if (object.type == Type::ARRAY) {
      for (std::uint32_t i = 0; i < object.via.array.size; ++i) walk(path + "[]", object.via.array.ptr[i]);
    }
  }

  // As msgpack::pack does, except that 3.0 stays a float: as a value it differs from 3.
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the messages that tests make
  static void pack(msgpack::sbuffer& buffer, const msgpack::object& object) {
    msgpack::packer<msgpack::sbuffer> packer(buffer);
    if (object.type == Type::MAP) {
      packer.pack_map(object.via.map.size);
      for (const auto& [key, value] : std::span(object.via.map.ptr, object.via.map.size)) {
        packer.pack(key);
        pack(buffer, value);
      }
    } else if (object.type == Type::ARRAY) {
      packer.pack_array(object.via.array.size);
      for (const auto& item : std::span(object.via.array.ptr, object.via.array.size)) pack(buffer, item);
    } else if (object.type == Type::FLOAT64) {
      const auto bits = std::bit_cast<std::uint64_t>(object.via.f64);
      buffer.write("\xcb", 1);
      for (int shift = 56; shift >= 0; shift -= 8) {
        const char byte = static_cast<char>(bits >> shift & 255U);
        buffer.write(&byte, 1);
      }
    } else {
      packer.pack(object);
    }
  }

  std::string bytes_;
  msgpack::object_handle handle_;
  msgpack::object root_;
  std::vector<Place> places_;
};

inline Entries entries_of(const Place& map) {
  return {map.object->via.map.ptr, map.object->via.map.ptr + map.object->via.map.size};
}

// The text outlives the object.
inline msgpack::object text(std::string_view words) {
  msgpack::object object;
  object.type = Type::STR;
  object.via.str = {static_cast<std::uint32_t>(words.size()), words.data()};
  return object;
}

inline msgpack::object array_of(std::vector<msgpack::object>& items) {
  msgpack::object array;
  array.type = Type::ARRAY;
  array.via.array = {static_cast<std::uint32_t>(items.size()), items.data()};
  return array;
}

}  // namespace pq::tests
