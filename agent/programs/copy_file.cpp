#include "agent/programs/copy_file.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace pq::programs {
namespace {

constexpr std::size_t part_bytes = 1 << 18;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

bool clone_bytes(const Descriptor& from, const Descriptor& to) {
  return ioctl(to.fd(), FICLONE, from.fd()) == 0;
}

int copy_bytes(const Descriptor& from, const Descriptor& to,
               const std::function<void(std::string_view)>& see) {
  thread_local std::vector<char> buffer(part_bytes);
  while (true) {
    const ssize_t count = read(from.fd(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    const std::string_view part(buffer.data(), static_cast<std::size_t>(count));
    if (see) see(part);
    if (!write_all(to.fd(), part)) return errno;
  }
}

}  // namespace pq::programs
