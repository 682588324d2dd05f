// The clouds by name, and whose notices of its machine's end an agent heeds.
#pragma once

#include <optional>
#include <string_view>

#include "common/values/rooms.h"
#include "common/values/words.h"

namespace pq {

enum class Cloud { ec2, gcp, azure };

template <>
inline constexpr std::array<std::string_view, 3> enum_words<Cloud>{"ec2", "gcp", "azure"};

// What --interruption says: a cloud's name, `auto` or `none`.
struct Heed {
  bool heeds = true;
  std::optional<Cloud> cloud;  // nullopt: whichever it turns out to be
};

inline constexpr std::string_view heed_words = "auto, ec2, gcp, azure and none";
std::optional<Heed> parse_heed(std::string_view word);

}  // namespace pq
