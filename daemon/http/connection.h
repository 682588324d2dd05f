// One connection with a client that may be slow or hostile. All of it, request and answer, is over after
// limits::http_exchange_longest or at the stop of the server, and of a request no more is read than
// limits::http_request_bytes_max: the HTTP library starts its time anew with each byte, and knows no stop.
#pragma once

#include <httplib.h>
#include <poll.h>

#include <array>
#include <optional>
#include <string>

#include "common/instant.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "daemon/http/bell.h"

namespace pq {

class Connection final : public httplib::Stream {
 public:
  // Takes the non-blocking socket `fd`.
  Connection(int fd, const Bell& stop, const Clock& clock);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // After the answer: lets the client take all of it before the socket is closed.
  void see_off();

  // Its socket, for somebody else to go on with, if all of the answer so far has been written.
  std::optional<int> hand_over();

  // ---- for the HTTP library
  bool is_readable() const override { return taken_ < filled_ || waits_for(POLLIN); }
  bool is_writable() const override { return waits_for(POLLOUT); }
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  int socket() const override { return fd_; }

 private:
  // False: the time is over, or the server stops.
  bool waits_for(short event) const;

  int fd_;
  const Bell& stop_;
  const Clock& clock_;
  Instant deadline_;
  std::array<char, limits::http_request_bytes_max> request_;  // [0, filled_) has come, [0, taken_) is read
  std::size_t filled_ = 0;
  std::size_t taken_ = 0;
  bool is_broken_ = false;  // something could not be written
};

}  // namespace pq
