#include "common/values/cloud.h"

namespace pq {

std::optional<Heed> parse_heed(std::string_view word) {
  if (word == "auto") return Heed{true, std::nullopt};
  if (word == "none") return Heed{false, std::nullopt};
  const auto cloud = parse<Cloud>(word);
  if (!cloud) return std::nullopt;
  return Heed{true, cloud};
}

}  // namespace pq
