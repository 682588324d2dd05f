// How messages reach the head and leave it. The real one is ZmqTransport; tests have one in memory that
// carries the same encoded bytes.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/errors.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

// Who a peer is: what its CURVE key says, never what it calls itself.
struct Principal {
  Role role = Role::viewer;
  std::string public_key;  // Z85
  std::string name;        // beside the key in authorized_keys
};

struct Incoming {
  PeerId peer;
  Principal sender;
  std::string bytes;
};

struct OutgoingBytes {
  PeerId peer;
  std::string bytes;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Sleeps until a message, `deadline`, or a reason to stop; then at most `messages_max` of what has arrived.
  virtual std::vector<Incoming> receive(Instant deadline, std::size_t messages_max) = 0;

  // Never waits. A peer that is gone or does not read loses its message: it will ask again.
  virtual void send(const std::vector<OutgoingBytes>& batch) = 0;

  // From now on, and durably, this key has this role.
  virtual tl::expected<void, Refusal> authorize(const Authorize& request) = 0;
};

}  // namespace pq
