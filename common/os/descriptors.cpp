#include "common/os/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

namespace pq::os {
namespace {

// Linux 6.2 and later tell their number as the size of the directory.
std::optional<std::uint64_t> count_open() {
  constexpr const char* place = "/proc/self/fd";
  struct stat found {};
  if (::stat(place, &found) == 0 && found.st_size > 0) return static_cast<std::uint64_t>(found.st_size);
  std::error_code error;
  std::filesystem::directory_iterator entry(place, error);
  std::uint64_t count = 0;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) count += 1;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // without the descriptor that counts them
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // if this is refused, the head serves fewer connections
}

std::optional<DescriptorUse> descriptors_in_use() {
  rlimit limit{};
  const auto open = count_open();
  if (!open || ::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0) return std::nullopt;
  return DescriptorUse{*open, limit.rlim_cur};
}

bool can_open(std::size_t count) {
  std::vector<int> opened;
  opened.reserve(count);
  while (opened.size() < count) {
    const int fd = ::open("/", O_PATH | O_CLOEXEC);
    if (fd < 0) break;
    opened.push_back(fd);
  }
  for (const int fd : opened) ::close(fd);
  return opened.size() == count;
}

}  // namespace pq::os
