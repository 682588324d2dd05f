#include "agent/programs/stamp.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "common/os/descriptor.h"

namespace pq::programs {
namespace {

Stamp from(const struct stat& found) {
  const auto nanoseconds = [](const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; };
  return {.device = found.st_dev,
          .inode = found.st_ino,
          .mode = found.st_mode,
          .links = found.st_nlink,
          .bytes = static_cast<std::uint64_t>(found.st_size),
          .modified_ns = nanoseconds(found.st_mtim),
          .changed_ns = nanoseconds(found.st_ctim)};
}

// The last device that this thread has seen whose files record the time of every write. File systems in
// memory do not record writes through a mapping.
thread_local std::optional<std::uint64_t> device_with_times;

bool keeps_times(const Stamp& stamp, int fd) {
  if (device_with_times == stamp.device) return true;
  struct statfs system {};
  if (fstatfs(fd, &system) != 0 || system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) return false;
  device_with_times = stamp.device;
  return true;
}

// Over bytes that come in parts; all parts but the last are a multiple of 32 long. About as fast as memory is
// read. It detects accidents, not attacks.
class Checksum {
 public:
  void add(std::string_view part) {
    for (; part.size() >= sizeof lanes_; part.remove_prefix(sizeof lanes_)) {
      std::array<std::uint64_t, 4> words;
      std::memcpy(words.data(), part.data(), sizeof words);
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane) mix(lanes_.at(lane), words.at(lane));
    }
    for (const char byte : part) mix(rest_, static_cast<unsigned char>(byte));
  }
  std::uint64_t sum() const {
    std::uint64_t sum = rest_;
    for (const std::uint64_t lane : lanes_) mix(sum, lane);
    return sum;
  }

 private:
  static void mix(std::uint64_t& sum, std::uint64_t word) {
    sum = std::rotl((sum ^ word) * 0x9e3779b97f4a7c15, 29);
  }

  std::array<std::uint64_t, 4> lanes_{1, 2, 3, 4};
  std::uint64_t rest_ = 5;
};

// Nothing: the file cannot be read.
std::optional<std::uint64_t> checksum_of(int fd) {
  thread_local std::vector<char> buffer(1 << 18);
  Checksum checksum;
  for (off_t at = 0;;) {
    const ssize_t count = pread(fd, buffer.data(), buffer.size(), at);
    if (count < 0) return std::nullopt;
    if (count == 0) return checksum.sum();
    checksum.add({buffer.data(), static_cast<std::size_t>(count)});
    at += count;
  }
}

}  // namespace

std::optional<Stamp> stamp_of(int fd) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return std::nullopt;
  Stamp stamp = from(found);
  if (!S_ISREG(found.st_mode) || keeps_times(stamp, fd)) return stamp;
  const auto checksum = checksum_of(fd);
  if (!checksum) return std::nullopt;
  stamp.checksum = *checksum;
  return stamp;
}

std::optional<Stamp> stamp_at(int directory, const char* name) {
  struct stat found {};
  if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (!S_ISREG(found.st_mode) || device_with_times == found.st_dev) return from(found);
  const Descriptor opened(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!opened.is_open()) return std::nullopt;
  return stamp_of(opened.fd());
}

bool set_stamped_time(int fd) {
  constexpr std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{0, 0}};
  return futimens(fd, times.data()) == 0;
}

}  // namespace pq::programs
