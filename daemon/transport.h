// How messages reach the head and leave it. The real one is ZmqTransport; tests have one in memory that
// carries the same encoded bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  std::optional<UnixMs> expires_unix_ms = std::nullopt;
};

struct Incoming {
  PeerId peer;
  Principal sender;
  std::string bytes;
  bool is_revoked =
      false;  // the sender's key is let in no longer, which is all that it may hear; it has no name
};

struct OutgoingBytes {
  PeerId peer;
  std::string bytes;
};

// Messages that came to nothing, since the transport began.
struct Losses {
  std::uint64_t dropped = 0;  // by the head: not one frame of a proper peer, or of a key that is not let in
  std::uint64_t undelivered = 0;  // to peers that were gone or did not read
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

  // A transport that loses none has none to tell.
  virtual Losses losses() const { return {}; }

  // From now on, and durably, this key has this role.
  virtual tl::expected<Authorized, Refusal> authorize(const Authorize& request) = 0;

  // Who is let in, by name. A transport without a list of keys has none to show and none to revoke.
  virtual std::vector<Principal> keys() const { return {}; }

  // From now on, and durably, those keys are let in no longer; never the one that asks. The refusal says why
  // none is.
  virtual tl::expected<std::vector<Principal>, Refusal> revoke(const RevokeKey& request,
                                                               const Principal& /*asker*/) {
    return tl::unexpected(Refusal{ErrorWord::no_such_key, request.name});
  }

  // Public keys that were let in, and are no longer; each is told once. A list that cannot be read, or that
  // somebody is just writing, takes nobody's leases.
  virtual std::vector<std::string> take_revoked() { return {}; }
};

}  // namespace pq
