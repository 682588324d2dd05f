#include "daemon/view/process_usage.h"

#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <string>

#include "common/os/descriptors.h"
#include "common/values/instant.h"

namespace pq::view {
namespace {

Duration as_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

std::optional<double> cpu_s() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  return seconds(as_duration(usage.ru_utime) + as_duration(usage.ru_stime));
}

// The lines of /proc/self/status are "VmRSS:     1234 kB".
void read_status(ProcessUsage& usage) {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    std::uint64_t number = 0;
    if (key == "VmRSS:" && status >> number) usage.resident_bytes = number * 1024;
    if (key == "Threads:" && status >> number) usage.threads = number;
    std::getline(status, key);
  }
}

}  // namespace

ProcessUsage usage_of_this_process() {
  ProcessUsage usage;
  usage.cpu_s = cpu_s();
  if (const auto descriptors = descriptors_in_use()) {
    usage.descriptors = descriptors->open;
    usage.descriptors_max = descriptors->max;
  }
  read_status(usage);
  return usage;
}

}  // namespace pq::view
