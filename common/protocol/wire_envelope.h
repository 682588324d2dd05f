// The keys around a message's fields. Like the keys in wire_fields.h they are part of the protocol: add some,
// never change one. For wire_*.cpp only.
#pragma once

#include <string_view>

#include "common/values/rooms.h"

namespace pq::wire {

inline constexpr std::string_view version_key = "v";
inline constexpr std::string_view type_key = "t";
inline constexpr std::string_view request_key = "q";  // left out where it is 0

}  // namespace pq::wire
