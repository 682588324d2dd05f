// How messages reach the head and leave it. ZmqTransport is the real one; tests have one in memory that
// carries the same encoded bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::gate {

// What is known of a listed key's time. Doubtful: it has expired by a clock that has just jumped.
enum class Standing { good, doubtful, expired };

// A peer's identity: what its CURVE key says, never what it calls itself.
struct Principal {
  Role role = Role::viewer;
  std::string public_key;  // Z85
  std::string name;        // beside the key in authorized_keys
  std::optional<UnixMs> expires_unix_ms = std::nullopt;
};

// One that is listed, with what is known of its time.
struct ListedKey {
  Principal principal;
  Standing standing = Standing::good;
};

// What has become of a key. Good again: it had expired by a clock that was wrong.
enum class KeyChange { added, good_again, expired, revoked };
struct KeyNews {
  KeyChange what = KeyChange::added;
  Principal key;
  std::string by =
      {};  // the name of the key that asked for it; empty: the list was edited, or time has passed
};

struct Incoming {
  PeerId peer;
  Principal sender;
  std::string bytes;
  bool is_revoked = false;  // the key is revoked: it may only hear that, and it has no name
};

struct OutgoingBytes {
  PeerId peer;
  std::string bytes;
};

// Messages that were lost since the transport began.
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

  // Sleeps until a message arrives, `deadline`, or a reason to stop. Then returns at most `messages_max`
  // messages, and less where they are large.
  virtual std::vector<Incoming> receive(Instant deadline, std::size_t messages_max) = 0;

  // Never waits. A peer that is gone or does not read loses its message, and will ask again.
  virtual void send(const std::vector<OutgoingBytes>& batch) = 0;

  // Whether the peer has read what it was sent, or most of it. Those that have not get no answers to
  // questions.
  virtual bool has_room(PeerId /*peer*/) { return true; }

  // Peers that could not be sent something since this was asked last: gone, or far behind.
  virtual std::vector<PeerId> take_unreached() { return {}; }

  // The default is for transports that lose none.
  virtual Losses losses() const { return {}; }

  // Gives this key this role, durably; never more, and for no longer, than the asker's own has it.
  virtual tl::expected<Authorized, Refusal> authorize(const Authorize& request, const Principal& asker) = 0;

  // The listed keys, by name. A transport without a list of keys has none to show or to revoke.
  virtual std::vector<ListedKey> keys() const { return {}; }

  // Revokes these keys, durably; never the asker's own. The refusal says why no key was revoked.
  virtual tl::expected<std::vector<Principal>, Refusal> revoke(const RevokeKey& request,
                                                               const Principal& /*asker*/) {
    return tl::unexpected(Refusal{ErrorWord::no_such_key, request.name});
  }

  // Public keys that were admitted and are no longer, each returned once. A list that cannot be read, or is
  // just being written, revokes nothing.
  virtual std::vector<std::string> take_revoked() { return {}; }

  // What has become of keys since the last call; nothing of what was so when the transport began.
  virtual std::vector<KeyNews> take_key_news() { return {}; }
};

}  // namespace pq::gate
