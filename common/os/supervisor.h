// The supervisor that has started this program, such as systemd. The program reports its state to it, as with
// sd_notify(3). Without a supervisor nothing happens.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/values/instant.h"

namespace pq::os {

class Supervisor {
 public:
  // Removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment: programs that inherit it must
  // not report for this one. REQUIRES: this process has no other thread.
  Supervisor();
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void say_ready();     // it serves
  void say_stopping();  // it was asked to end, or is about to

  // The loop has made another turn. Only the loop that does the work may call this: fed on another thread, a
  // watchdog would see nothing. Sent only when it is due.
  void feed_watchdog(Instant now);

  // When the watchdog must be fed again, half its time after the last feeding: no loop may sleep longer.
  // Never without a watchdog.
  Instant next_deadline() const;

  // Whether a status would be sent: there is a supervisor, and it got none in the last second.
  bool takes_status(Instant now) const;

  // One line for `systemctl status`. The same line is not sent again.
  void tell_status(std::string_view text, Instant now);

 private:
  bool send(std::string_view state, int flags);

  std::string address_;  // its socket, as in sockaddr_un::sun_path; empty: no supervisor
  int fd_ = -1;
  std::optional<Duration> watchdog_;
  Instant feed_at_;
  Instant status_at_;  // the next one
  std::string status_;
};

}  // namespace pq::os
