#include "common/cloud.h"

namespace pq {

std::string_view to_text(Cloud cloud) {
  switch (cloud) {
    case Cloud::ec2:
      return "ec2";
    case Cloud::gcp:
      return "gcp";
    case Cloud::azure:
      return "azure";
  }
  return "";
}

std::optional<Cloud> parse_cloud(std::string_view word) {
  for (const Cloud cloud : {Cloud::ec2, Cloud::gcp, Cloud::azure}) {
    if (to_text(cloud) == word) return cloud;
  }
  return std::nullopt;
}

std::optional<Heed> parse_heed(std::string_view word) {
  if (word == "auto") return Heed{true, std::nullopt};
  if (word == "none") return Heed{false, std::nullopt};
  const auto cloud = parse_cloud(word);
  if (!cloud) return std::nullopt;
  return Heed{true, cloud};
}

}  // namespace pq
