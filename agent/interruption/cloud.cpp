#include "agent/interruption/cloud.h"

#include <fstream>
#include <utility>

#include "agent/interruption/azure.h"
#include "agent/interruption/ec2.h"
#include "agent/interruption/gcp.h"

namespace pq::interruption {
namespace {

constexpr std::string_view azure_chassis = "7783-7084-3265-9085-8269-3286-77";

std::string firmware_line(const char* name) {
  std::ifstream file(std::string("/sys/devices/virtual/dmi/id/") + name);
  std::string line;
  std::getline(file, line);
  return line;
}

// The part after the last slash of "projects/123/zones/europe-west1-b".
std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class AnyCloudSource final : public InterruptionSource {
 public:
  explicit AnyCloudSource(AskMetadata ask) : ask_(std::move(ask)) {}

  Outlook look(Now now) override {
    if (!found_) {
      const auto cloud = recognise(ask_);
      if (!cloud) return {.errors = {"no metadata service of EC2, Google Cloud or Azure answers"}};
      found_ = source_of(*cloud, ask_);
    }
    return found_->look(now);
  }

 private:
  AskMetadata ask_;
  std::unique_ptr<InterruptionSource> found_;
};

}  // namespace

Firmware read_firmware() {
  return {firmware_line("sys_vendor"), firmware_line("product_name"), firmware_line("board_asset_tag"),
          firmware_line("chassis_asset_tag")};
}

// Old EC2 machines (Xen) are recognized only by their vendor's or product's name.
std::optional<Cloud> cloud_of(const Firmware& firmware) {
  if (firmware.vendor == "Amazon EC2" || firmware.board_tag.starts_with("i-") ||
      firmware.product.ends_with(".amazon")) {
    return Cloud::ec2;
  }
  if (firmware.product == "Google Compute Engine" || firmware.product == "Google") return Cloud::gcp;
  if (firmware.chassis_tag == azure_chassis) return Cloud::azure;
  return std::nullopt;
}

std::optional<Cloud> recognise(const AskMetadata& ask) {
  if (Imds(ask).get_token({}).is_ok()) return Cloud::ec2;
  const MetadataReply zone = ask_gcp(ask, "zone");
  if (zone.is_ok() && zone.flavor == "Google") return Cloud::gcp;
  if (ask_azure(ask, "name").is_ok()) return Cloud::azure;
  return std::nullopt;
}

std::vector<Label> cloud_labels(Cloud cloud, const AskMetadata& ask) {
  std::vector<Label> labels;
  const auto add = [&](const char* key, const MetadataReply& reply) {
    if (reply.is_ok() && !reply.body.empty()) labels.push_back({key, last_part(reply.body)});
    return reply.status != 0;  // a service that does not answer is not asked again
  };
  switch (cloud) {
    case Cloud::ec2: {
      Imds imds(ask);
      if (add("zone", imds.get("meta-data/placement/availability-zone", {})))
        add("instance_type", imds.get("meta-data/instance-type", {}));
      break;
    }
    case Cloud::gcp:
      if (add("zone", ask_gcp(ask, "zone"))) add("instance_type", ask_gcp(ask, "machine-type"));
      break;
    case Cloud::azure:
      // The zone is empty in a region without zones.
      if (add("region", ask_azure(ask, "location")) && add("zone", ask_azure(ask, "zone")))
        add("instance_type", ask_azure(ask, "vmSize"));
      break;
  }
  return labels;
}

std::unique_ptr<InterruptionSource> source_of(Cloud cloud, AskMetadata ask) {
  switch (cloud) {
    case Cloud::ec2:
      return std::make_unique<Ec2Source>(std::move(ask));
    case Cloud::gcp:
      return std::make_unique<GcpSource>(std::move(ask));
    case Cloud::azure:
      return std::make_unique<AzureSource>(std::move(ask));
  }
  return nullptr;
}

std::unique_ptr<InterruptionSource> source_of_any_cloud(AskMetadata ask) {
  return std::make_unique<AnyCloudSource>(std::move(ask));
}

}  // namespace pq::interruption
