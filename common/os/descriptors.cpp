#include "common/os/descriptors.h"

#include <sys/resource.h>

namespace pq {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // may be refused, and then the head serves as many as it may
}

}  // namespace pq
