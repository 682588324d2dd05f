#include "agent/machine.h"

#include <sys/utsname.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "agent/interruption/cloud.h"
#include "common/values/limits.h"
#include "common/values/text.h"

namespace pq::agent {
std::string ec2_instance_id() {
  std::string id = read_firmware().board_tag;
  return id.starts_with("i-") && is_printable(id) ? id : "";
}

std::string host_name() {
  utsname machine{};
  return uname(&machine) == 0 ? machine.nodename : "";
}

std::string drawn_name(const std::string& host, std::uint64_t bits) {
  constexpr std::string_view characters = "0123456789abcdefghjkmnpqrstvwxyz";  // none like another
  constexpr unsigned bits_each = 5;
  constexpr std::size_t count = (64 + bits_each - 1) / bits_each;
  std::string name;
  for (const char letter : host) {
    if (is_file_name(name + letter)) name += letter;
  }
  name.resize(std::min(name.size(), limits::name_bytes_max - count - 1));
  if (name.empty()) name = "agent";
  name += '-';
  for (std::size_t i = 0; i < count; ++i, bits >>= bits_each) name += characters[bits % characters.size()];
  return name;
}

std::vector<Label> machine_labels(std::uint32_t cpus, const std::vector<Label>& of_cloud,
                                  const std::vector<Label>& given) {
  std::map<std::string, std::string> labels;
  utsname machine{};
  if (uname(&machine) == 0) {
    labels["arch"] = machine.machine;
    labels["host"] = machine.nodename;
    labels["os"] = std::string(machine.sysname) + " " + machine.release;
  }
  labels["cpus"] = std::to_string(cpus);
  for (const Label& label : of_cloud) labels[label.key] = label.value;
  for (const Label& label : given) labels[label.key] = label.value;
  std::vector<Label> sorted;
  sorted.reserve(labels.size());
  for (const auto& [key, value] : labels)
    sorted.push_back({key, std::string(beginning(printable(value), limits::text_bytes_max))});
  return sorted;
}

}  // namespace pq::agent
