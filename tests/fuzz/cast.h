// The agents and clients that send messages to the head in a play.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tests/fuzz/stage.h"
#include "tests/rooms.h"

namespace pq::fuzz {

inline Speaker speaker(std::uint64_t peer, Role role, const std::string& key) {
  return {PeerId{peer}, {role, "key of " + key, key}};
}

// Two agents' keys, one of them over two connections; then an operator and a viewer.
inline const std::array<Speaker, 5>& cast() {
  static const std::array<Speaker, 5> cast = {
      speaker(1, Role::agent, "fleet"), speaker(2, Role::agent, "laptop"), speaker(3, Role::agent, "laptop"),
      speaker(4, Role::operator_, "operator"), speaker(5, Role::viewer, "viewer")};
  return cast;
}
inline constexpr std::size_t agents_in_cast = 3;

// The names that a process may take; the last one holds bytes that no terminal should print.
inline const std::array<std::string, 3> agent_names = {"a", "b", "\x1b]0;\xff\n"};

// Honest agents, each with a key of its own.
inline Speaker honest_speaker(std::uint64_t number) {
  return speaker(100 + number, Role::agent, "honest " + std::to_string(number));
}

}  // namespace pq::fuzz
