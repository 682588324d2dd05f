// Messages to bytes and back: one msgpack map a message. Decoding is total: whatever the bytes are, the
// answer is a message within every bound of limits.h or a Refusal that says what is wrong.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "common/protocol/messages.h"

namespace pq {

using FromAgent = AgentToHead;
using FromClient = Letter<ClientToHead>;

// Everything that may arrive at the head.
using ToHead = std::variant<FromAgent, FromClient>;

// What the messages to the head are called on the wire, in the order of their variants.
std::array<std::string_view, std::variant_size_v<AgentToHead>> words_of_agents();
std::array<std::string_view, std::variant_size_v<ClientToHead>> words_of_clients();

std::string encode(const AgentToHead& message);
std::string encode(const HeadToAgent& message);
std::string encode(const Letter<ClientToHead>& letter);
std::string encode(const Letter<HeadToClient>& letter);

// A program by itself, as the head stores it.
std::string encode(const Program& program);
std::optional<Program> decode_program(std::string_view bytes) noexcept;

// An answer to bytes that were not understood, for whoever sent them.
std::string encode_refusal(const Refusal& refusal, RequestNumber request);

tl::expected<ToHead, Refusal> decode_to_head(std::string_view bytes) noexcept;
tl::expected<HeadToAgent, Refusal> decode_to_agent(std::string_view bytes) noexcept;
tl::expected<Letter<HeadToClient>, Refusal> decode_to_client(std::string_view bytes) noexcept;

}  // namespace pq
