#include "daemon/http/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "common/os/why_not_bound.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace pq::http {
namespace {

constexpr int backlog = 256;      // a fleet that fetches its agents at once
constexpr int silence_s_max = 5;  // of a connection before its first byte; it costs no thread meanwhile

EnvironmentError not_bound(const HttpAddress& address, const std::string& why) {
  return EnvironmentError(fmt::format(
      "cannot listen at {} for HTTP: {}; pass another --http HOST:PORT, or --http none to switch it off",
      to_text(address), why));
}

void switch_on(int fd, int level, int option, int value = 1) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// What its host stands for: a name can be several.
Addresses find(const HttpAddress& address) {
  addrinfo wanted{};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int wrong =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (wrong == EAI_SYSTEM) throw not_bound(address, why_not_bound(errno));
  if (wrong != 0) throw not_bound(address, ::gai_strerror(wrong));
  return {found, ::freeaddrinfo};
}

// A socket that listens there; empty: errno says why there is none.
Descriptor listen_at(const addrinfo& address) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return socket;
  // A head that is started again need not wait for its old connections.
  switch_on(socket.fd(), SOL_SOCKET, SO_REUSEADDR);
  // Browsers connect ahead and send nothing.
  switch_on(socket.fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT, silence_s_max);
  const bool listens =
      ::bind(socket.fd(), address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket.fd(), backlog) == 0;
  if (listens) return socket;
  const int error = errno;
  socket.close();
  errno = error;
  return socket;
}

// The first of its addresses that this machine has: "localhost" may also be one of IPv6, where there is none.
Descriptor bound_socket(const HttpAddress& address) {
  const Addresses found = find(address);
  for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
    Descriptor socket = listen_at(*one);
    if (socket.is_open()) return socket;
    const bool is_absent = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
    if (!is_absent || one->ai_next == nullptr) throw not_bound(address, why_not_bound(errno));
  }
  throw not_bound(address, "it has no address");
}

Descriptor spare_descriptor() { return Descriptor(::open("/", O_PATH | O_CLOEXEC)); }

std::uint16_t port_of(int fd) {
  sockaddr_in6 bound{};  // IPv4 has its port at the same place
  socklen_t size = sizeof bound;
  const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  check(known, "a bound socket has an address");
  return ntohs(bound.sin6_port);
}

}  // namespace

Listener::Listener(const HttpAddress& address)
    : socket_(bound_socket(address)),
      spared_(spare_descriptor()),
      bound_{.host = address.host, .port = port_of(socket_.fd())} {}

Listener::Turned Listener::turn_away(std::string_view response) {
  if (!spared_.is_open()) spared_ = spare_descriptor();
  if (!spared_.is_open()) return Turned::none_to_spare;
  spared_.close();
  Descriptor stranger = accept();
  const bool somebody_waits = stranger.is_open();
  std::array<char, 1 << 14> request;  // unread, it would reset the connection before the response is read
  if (somebody_waits && ::recv(stranger.fd(), request.data(), request.size(), 0) >= 0)
    ::send(stranger.fd(), response.data(), response.size(), MSG_NOSIGNAL);
  stranger.close();
  spared_ = spare_descriptor();
  return somebody_waits ? Turned::away : Turned::nobody_waits;
}

Descriptor Listener::accept() const {
  return Descriptor(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace pq::http
