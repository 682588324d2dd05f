#include "daemon/http/listener.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include "common/check.h"
#include "common/errors.h"

namespace pq {
namespace {

constexpr int backlog = 256;      // a fleet that fetches its agents at once
constexpr int silence_s_max = 5;  // of a connection before its first byte; it costs no thread meanwhile

EnvironmentError not_bound(const HttpAddress& address, const std::string& why) {
  return EnvironmentError(fmt::format(
      "cannot listen at {} for HTTP: {}; pass another --http HOST:PORT, or --http none to switch it off",
      to_text(address), why));
}

std::string errno_text(int error) { return error == EADDRINUSE ? "in use" : errno_text(error); }

void switch_on(int fd, int level, int option, int value = 1) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

int bound_socket(const HttpAddress& address) {
  addrinfo wanted{};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int wrong =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (wrong != 0) throw not_bound(address, ::gai_strerror(wrong));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> first(found, ::freeaddrinfo);
  const int fd = ::socket(first->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw not_bound(address, errno_text(errno));
  switch_on(fd, SOL_SOCKET,
            SO_REUSEADDR);  // a head that is started again need not wait for its old connections
  switch_on(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, silence_s_max);  // browsers connect ahead and say nothing
  if (::bind(fd, first->ai_addr, first->ai_addrlen) == 0 && ::listen(fd, backlog) == 0) return fd;
  const int error = errno;
  ::close(fd);
  throw not_bound(address, errno_text(error));
}

std::uint16_t port_of(int fd) {
  sockaddr_in6 bound{};  // IPv4 has its port at the same place
  socklen_t size = sizeof bound;
  const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  check(known, "a bound socket has an address");
  return ntohs(bound.sin6_port);
}

}  // namespace

std::optional<HttpAddress> parse_http_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HttpAddress address{.host = std::string(text.substr(0, colon))};
  std::string& host = address.host;
  if (host == "*") host = "0.0.0.0";
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const bool is_ipv6 = host.find(':') != std::string::npos;
  if (is_bracketed != is_ipv6 || host.find_first_of("[]") != std::string::npos) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  if (port == "*") return address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return address;
}

std::string to_text(const HttpAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", address.host, is_ipv6 ? "]" : "", address.port);
}

HttpAddress local_address(const HttpAddress& bound) {
  if (bound.host == "0.0.0.0") return {.host = "127.0.0.1", .port = bound.port};
  if (bound.host == "::") return {.host = "::1", .port = bound.port};
  return bound;
}

Listener::Listener(const HttpAddress& address)
    : fd_(bound_socket(address)), bound_{.host = address.host, .port = port_of(fd_)} {}

Listener::~Listener() { ::close(fd_); }

std::optional<int> Listener::accept() const {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return fd < 0 ? std::nullopt : std::optional(fd);
}

}  // namespace pq
