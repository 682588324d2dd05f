// Where HTTP listens: the address that a person gives, and the socket bound to it. The socket is ours and not
// the HTTP library's, which would share the port with another process (SO_REUSEPORT) instead of refusing it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pq {

struct HttpAddress {
  std::string host;        // a name or an address; IPv6 without its brackets
  std::uint16_t port = 0;  // 0: any
};

// HOST:PORT. `*` as host stands for every IPv4 address, as port for any free one; IPv6 stands in brackets.
std::optional<HttpAddress> parse_http_address(std::string_view text);

std::string to_text(const HttpAddress& address);

// By which programs on the same machine reach a head that listens at `bound`.
HttpAddress local_address(const HttpAddress& bound);

class Listener {
 public:
  // Throws EnvironmentError: a taken port, an address that is not this machine's.
  explicit Listener(const HttpAddress& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // With the port that `any` became.
  const HttpAddress& address() const { return bound_; }

  // Readable when a client may have come.
  int fd() const { return fd_; }

  // The next connection, non-blocking; nullopt, with errno: there is none. Never waits.
  std::optional<int> accept() const;

 private:
  int fd_;
  HttpAddress bound_;
};

}  // namespace pq
