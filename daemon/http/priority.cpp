#include "daemon/http/priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pq::http {

// In Linux a thread has a niceness of its own.
void give_way() {
  constexpr int niceness = 5;
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, niceness));
}

}  // namespace pq::http
