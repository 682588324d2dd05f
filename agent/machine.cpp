#include "agent/machine.h"

#include <httplib.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "agent/kernels/run_output.h"
#include "common/limits.h"
#include "common/text.h"

namespace pq {
namespace {

constexpr const char* imds_usual = "http://169.254.169.254";
constexpr time_t patience_s = 1;

}  // namespace

std::string ec2_instance_id() {
  std::ifstream tag("/sys/devices/virtual/dmi/id/board_asset_tag");
  std::string id;
  std::getline(tag, id);
  return id.starts_with("i-") && is_printable(id) ? id : "";
}

// The second version of the service: a token first, then whatever one asks.
std::vector<Label> ec2_labels(const std::string& endpoint) {
  httplib::Client service(endpoint);
  if (!service.is_valid()) return {};
  service.set_connection_timeout(patience_s);
  service.set_read_timeout(patience_s);
  service.set_write_timeout(patience_s);
  const auto token =
      service.Put("/latest/api/token", httplib::Headers{{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "",
                  "text/plain");
  if (!token || token->status != 200) return {};
  const httplib::Headers headers{{"X-aws-ec2-metadata-token", std::string(stripped(token->body))}};
  std::vector<Label> labels;
  const auto ask = [&](const std::string& key, const std::string& what) {
    const auto answer = service.Get("/latest/meta-data/" + what, headers);
    if (answer && answer->status == 200) labels.push_back({key, std::string(stripped(answer->body))});
  };
  ask("zone", "placement/availability-zone");
  if (!labels.empty()) ask("instance_type", "instance-type");
  return labels;
}

std::vector<Label> machine_labels(const std::optional<std::string>& imds_endpoint,
                                  const std::vector<Label>& given) {
  std::map<std::string, std::string> labels;
  utsname machine{};
  if (uname(&machine) == 0) {
    labels["arch"] = machine.machine;
    labels["host"] = machine.nodename;
    labels["os"] = std::string(machine.sysname) + " " + machine.release;
  }
  labels["cpus"] = std::to_string(std::thread::hardware_concurrency());
  if (imds_endpoint || !ec2_instance_id().empty()) {
    for (const Label& label : ec2_labels(imds_endpoint.value_or(imds_usual))) labels[label.key] = label.value;
  }
  for (const Label& label : given) labels[label.key] = label.value;
  std::vector<Label> sorted;
  sorted.reserve(labels.size());
  for (const auto& [key, value] : labels)
    sorted.push_back({key, printable(value).substr(0, limits::text_bytes_max)});
  return sorted;
}

}  // namespace pq
