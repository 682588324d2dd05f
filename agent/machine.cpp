#include "agent/machine.h"

#include <sys/utsname.h>

#include <map>
#include <thread>

#include "agent/interruption/cloud.h"
#include "common/limits.h"
#include "common/text.h"

namespace pq {
std::string ec2_instance_id() {
  std::string id = read_firmware().board_tag;
  return id.starts_with("i-") && is_printable(id) ? id : "";
}

std::vector<Label> machine_labels(const std::vector<Label>& of_cloud, const std::vector<Label>& given) {
  std::map<std::string, std::string> labels;
  utsname machine{};
  if (uname(&machine) == 0) {
    labels["arch"] = machine.machine;
    labels["host"] = machine.nodename;
    labels["os"] = std::string(machine.sysname) + " " + machine.release;
  }
  labels["cpus"] = std::to_string(std::thread::hardware_concurrency());
  for (const Label& label : of_cloud) labels[label.key] = label.value;
  for (const Label& label : given) labels[label.key] = label.value;
  std::vector<Label> sorted;
  sorted.reserve(labels.size());
  for (const auto& [key, value] : labels)
    sorted.push_back({key, printable(value).substr(0, limits::text_bytes_max)});
  return sorted;
}

}  // namespace pq
