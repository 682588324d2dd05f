#include "common/os/usage.h"

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "common/instant.h"

namespace pq {
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

std::optional<std::uint64_t> descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  std::uint64_t count = 0;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) count += 1;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // but for the one that counts them
}

std::optional<std::uint64_t> descriptors_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur;
}

}  // namespace

ProcessUsage usage_of_this_process() {
  ProcessUsage usage{.cpu_s = cpu_s(),
                     .resident_bytes = std::nullopt,
                     .threads = std::nullopt,
                     .descriptors = descriptors(),
                     .descriptors_max = descriptors_max()};
  read_status(usage);
  return usage;
}

}  // namespace pq
