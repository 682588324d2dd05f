// The supervisor of services that has started this program, such as systemd. It is told how the program
// fares, as in sd_notify(3). Where there is none nothing happens.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/instant.h"

namespace pq {

class Supervisor {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: programs that inherit it must
  // not speak for this one. REQUIRES: this process has no other thread.
  Supervisor();
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void say_ready();     // it serves
  void say_stopping();  // it was asked to end, or is about to

  // The turn has come round. Only the loop that does the work may call this: a watchdog that is fed on
  // another thread sees nothing. Passed on where it is due.
  void feed_watchdog(Instant now);

  // When the watchdog must be fed again, half its time after the last: no loop may sleep longer. Never
  // without one.
  Instant next_deadline() const;

  // Whether a status would be passed on: there is a supervisor, and it was told none in the last second.
  bool takes_status(Instant now) const;

  // One line for whoever reads `systemctl status`. One that it has been told already is not told again.
  void tell_status(std::string_view text, Instant now);

 private:
  bool send(std::string_view state, int flags);

  std::string address_;  // of its socket, as in sockaddr_un::sun_path; empty: there is none
  int fd_ = -1;
  std::optional<Duration> watchdog_;
  Instant feed_at_;
  Instant status_at_;  // the next one
  std::string status_;
};

}  // namespace pq
