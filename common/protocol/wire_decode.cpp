// Bytes to messages. Nothing that is thrown leaves this file: bytes that are wrong are a Refusal, and so is
// memory that runs out while they are read.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <msgpack.hpp>
#include <optional>
#include <utility>

#include "common/protocol/fields.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "common/protocol/wire_envelope.h"
#include "common/protocol/wire_reader.h"
#include "common/values/limits.h"

namespace pq {
namespace {

struct Bounds {
  std::size_t bytes;
  std::size_t items;  // of one array
};

constexpr Bounds of_the_head{limits::message_bytes_max, limits::leases_per_agent_max};
constexpr Bounds of_agents{limits::agent_message_bytes_max, limits::leases_per_agent_max};
constexpr Bounds of_clients{limits::client_message_bytes_max, limits::agents_reported_max};

// The envelope, and the map that the fields are in.
struct Opened {
  msgpack::object_handle handle;
  std::string type;
  RequestNumber request = 0;
};

tl::unexpected<Refusal> malformed(std::string detail) {
  return tl::unexpected(Refusal{ErrorWord::malformed, std::move(detail)});
}

// Throws what msgpack throws.
msgpack::object_handle unpack(std::string_view bytes, const Bounds& bounds) {
  // Room is made for as many elements as a header claims, before they are there; each takes a byte at least.
  const std::size_t items_max = std::min(bounds.items, bytes.size());
  const msgpack::unpack_limit limit(items_max, std::min(limits::map_keys_max, bytes.size()), bytes.size(),
                                    bytes.size(), 0, limits::depth_max);
  // Strings stay where they are in `bytes`: nothing is copied before it was looked at.
  const auto reference = [](msgpack::type::object_type, std::size_t, void*) { return true; };
  std::size_t offset = 0;
  auto handle = msgpack::unpack(bytes.data(), bytes.size(), offset, reference, nullptr, limit);
  if (offset != bytes.size()) throw msgpack::unpack_error("bytes after the end");
  return handle;
}

tl::expected<Opened, Refusal> open(std::string_view bytes, const Bounds& bounds) {
  if (bytes.size() > bounds.bytes) return malformed(fmt::format("more than {} bytes", bounds.bytes));
  Opened opened;
  try {
    opened.handle = unpack(bytes, bounds);
  } catch (const msgpack::unpack_error& error) {
    return malformed(fmt::format("not one msgpack object within the limits: {}", error.what()));
  }
  wire::Reader reader(opened.handle.get());
  std::uint64_t version = 0;
  std::optional<RequestNumber> request;
  reader(Field(wire::version_key), version);
  if (reader.ok() && (version > protocol_version || version < protocol_version_oldest)) {
    return tl::unexpected(Refusal{ErrorWord::unsupported_version,
                                  fmt::format("this side speaks protocol {}, the message is of protocol {}",
                                              protocol_version, version)});
  }
  reader(Field(wire::type_key).at_most(limits::name_bytes_max), opened.type);
  reader(Field(wire::request_key), request);
  if (!reader.ok()) return malformed("the envelope: " + reader.flaw());
  opened.request = request.value_or(0);
  return opened;
}

// Reads the alternative of Variant whose type the envelope names.
template <class Variant, std::size_t index = 0>
tl::expected<Variant, Refusal> read_as(const Opened& opened) {
  if constexpr (index == std::variant_size_v<Variant>) {
    return malformed(fmt::format("no message of type {:?}", opened.type));
  } else {
    using Message = std::variant_alternative_t<index, Variant>;
    static_assert(!message_type<Message>.empty(), "a message needs its type in fields.h");
    if (opened.type != message_type<Message>) return read_as<Variant, index + 1>(opened);
    Message message;
    wire::Reader reader(opened.handle.get());
    fields(reader, message);
    if (!reader.ok()) return malformed(opened.type + ": " + reader.flaw());
    return Variant(std::move(message));
  }
}

template <class Variant, std::size_t... indexes>
bool names_one_of(std::string_view type, std::index_sequence<indexes...> /*all*/) {
  return ((message_type<std::variant_alternative_t<indexes, Variant>> == type) || ...);
}

template <class Variant>
bool names_one_of(std::string_view type) {
  return names_one_of<Variant>(type, std::make_index_sequence<std::variant_size_v<Variant>>());
}

template <class Variant>
tl::expected<Letter<Variant>, Refusal> read_letter(const Opened& opened) {
  return read_as<Variant>(opened).map([&](Variant body) {
    return Letter<Variant>{opened.request, std::move(body)};
  });
}

// Everything above may run out of memory, also amid telling what is wrong. The answer to that takes none.
template <class Read>
auto read_message(std::string_view bytes, const Bounds& bounds, Read read) noexcept
    -> decltype(read(std::declval<const Opened&>())) {
  try {
    const auto opened = open(bytes, bounds);
    if (!opened) return tl::unexpected(opened.error());
    return read(*opened);
  } catch (const std::exception&) {
    return tl::unexpected(Refusal{ErrorWord::too_much, "out of memory"});
  }
}

}  // namespace

tl::expected<ToHead, Refusal> decode_to_head(std::string_view bytes) noexcept {
  return read_message(bytes, of_the_head, [](const Opened& opened) -> tl::expected<ToHead, Refusal> {
    if (names_one_of<AgentToHead>(opened.type)) return read_as<AgentToHead>(opened);
    return read_letter<ClientToHead>(opened);
  });
}

std::optional<Program> decode_program(std::string_view bytes) noexcept {
  try {
    const msgpack::object_handle handle = unpack(bytes, of_the_head);
    Program program;
    wire::Reader reader(handle.get());
    if (reader.ok()) fields(reader, program);
    return reader.ok() ? std::optional(std::move(program)) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

tl::expected<HeadToAgent, Refusal> decode_to_agent(std::string_view bytes) noexcept {
  return read_message(bytes, of_agents, read_as<HeadToAgent>);
}

tl::expected<Letter<HeadToClient>, Refusal> decode_to_client(std::string_view bytes) noexcept {
  return read_message(bytes, of_clients, read_letter<HeadToClient>);
}

}  // namespace pq
