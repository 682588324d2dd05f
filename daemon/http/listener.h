// Where HTTP listens. Another process that has the port makes this fail: it is never shared (SO_REUSEPORT).
#pragma once

#include <string_view>

#include "common/os/descriptor.h"
#include "daemon/http/address.h"

namespace pq::http {

class Listener {
 public:
  // Throws EnvironmentError: a taken port, an address that is not this machine's.
  explicit Listener(const HttpAddress& address);

  // With the port that `any` became.
  const HttpAddress& address() const { return bound_; }

  // Readable when a client may have come.
  int fd() const { return socket_.fd(); }

  // The next connection, non-blocking; empty, with errno: there is none. Never waits.
  Descriptor accept() const;

  // Without a descriptor for it, the next connection is told `response` and closed: the one that is spared
  // for this is used.
  enum class Turned { away, nobody_waits, none_to_spare };
  Turned turn_away(std::string_view response);

 private:
  Descriptor socket_;
  Descriptor spared_;
  HttpAddress bound_;
};

}  // namespace pq::http
