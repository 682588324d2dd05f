// Whether a file or a directory is unchanged, at the price of one system call. Stamped pieces have the epoch
// as their modification time. So any write sets another time, however soon it comes, even through a mapping.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>

#include "common/values/rooms.h"

namespace pq::programs {

struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t mode = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t checksum = 0;  // of a file's bytes, where times do not show every write

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

// The stamp of an open file or directory; a file must be open for reading. Nothing: it is unknown.
std::optional<Stamp> stamp_of(int fd);

// The stamp of `name`, seen from a directory. Does not follow a link.
std::optional<Stamp> stamp_at(int directory, const char* name);

// Sets the modification time of a stamped piece.
bool set_stamped_time(int fd);

}  // namespace pq::programs
