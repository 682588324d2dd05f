// The clouds by name, and whose notices of its machine's end an agent heeds.
#pragma once

#include <optional>
#include <string_view>

namespace pq {

enum class Cloud { ec2, gcp, azure };

std::string_view to_text(Cloud cloud);
std::optional<Cloud> parse_cloud(std::string_view word);

// What --interruption says: a cloud's name, `auto` or `none`.
struct Heed {
  bool heeds = true;
  std::optional<Cloud> cloud;  // nullopt: whichever it turns out to be
};

inline constexpr std::string_view heed_words = "auto, ec2, gcp, azure and none";
std::optional<Heed> parse_heed(std::string_view word);

}  // namespace pq
