#include "common/os/wait.h"

#include <poll.h>

#include <chrono>
#include <ctime>
#include <vector>

namespace pq::os {

void wait_readable(Duration patience, std::span<const int> fds) {
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({fd, POLLIN, 0});
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const timespec limit{whole.count(), (patience - whole).count()};
  ppoll(polled.data(), polled.size(), &limit, nullptr);
}

}  // namespace pq::os
