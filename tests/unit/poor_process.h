// For tests: while one of these lives, this process has fewer rights or descriptors.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/rooms.h"

namespace pq::tests {

// Exactly so many more files can be opened.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t left) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit few{.rlim_cur = 256, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int fd = open_one(); fd >= 0; fd = open_one()) taken_.push_back(fd);
    REQUIRE(taken_.size() >= left);
    for (; left > 0; --left) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }
  ~FewDescriptors() {
    for (const int fd : taken_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  static int open_one() { return ::open("/", O_PATH | O_CLOEXEC); }

  rlimit before_{};
  std::vector<int> taken_;
};

// The error text of `attempt` with only so many descriptors left; "" if it never fails. ZeroMQ's threads may
// close sockets of earlier tests at any time. The descriptors that this frees are taken, and the attempt is
// repeated.
inline std::string refusal_with_few_descriptors(std::size_t left,
                                                const std::function<std::string()>& attempt) {
  std::string refusal;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (refusal.empty() && std::chrono::steady_clock::now() < deadline) {
    const FewDescriptors few(left);
    refusal = attempt();
  }
  return refusal;
}

// The user nobody, where this is root; else who it is.
class OtherUser {
 public:
  OtherUser() : was_(::geteuid()) {
    if (was_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  ~OtherUser() {
    if (was_ == 0) REQUIRE(::seteuid(0) == 0);
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;

  // Some systems give every user every port.
  bool has_no_right_to_port(std::uint16_t port) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_refused =
        ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno == EACCES;
    ::close(fd);
    return is_refused;
  }

 private:
  uid_t was_;
};

}  // namespace pq::tests
