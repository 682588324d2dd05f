// Who may talk to this head: the list in authorized_keys, kept up to date while the head runs, and the keys
// that the first start makes, so that on one machine nothing needs to be configured. It fails closed: while
// the list cannot be read, nobody is let in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/instant.h"
#include "common/messages.h"
#include "common/net/keys.h"
#include "common/os/paths.h"
#include "daemon/authorized_keys.h"
#include "daemon/transport.h"

namespace pq {

class Access {
 public:
  // REQUIRES: the state directory exists and is this process's (StateDirClaim). Throws EnvironmentError.
  explicit Access(StatePaths paths);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  const KeyPair& head_keys() const { return head_keys_; }

  std::optional<Principal> find(const std::string& public_key) const;

  // Readable when the file may have changed.
  int fd() const { return fd_; }

  // Lets go of keys that have expired, and reads the file again if it has changed, or could not be read: the
  // reason may pass without a trace, as a want of descriptors does. Never waits.
  void refresh(Now now);

  // When refresh, or take_revoked, has something to do though the file has not changed.
  Instant next_deadline(Now now) const;

  // Adds the key, on the disk when this returns. A key that has the role already keeps its line.
  tl::expected<Authorized, Refusal> authorize(const Authorize& request, Now now);

  // Takes keys off the list, on the disk when this returns: all of this name, or the one that is this key;
  // not the asker's own, without which nobody might be left to put it back.
  tl::expected<std::vector<Principal>, Refusal> revoke(const std::string& name, const Principal& asker,
                                                       Now now);

  // By name.
  std::vector<Principal> all() const;

  // Public keys that were let in and have not been for a while, each told once. The while is for editors and
  // for lists that are put in place in two steps: who is told that its key is gone ends for good.
  std::vector<std::string> take_revoked(Now now);

  // Of a key that take_revoked has told of, or that nobody here remembers: not of one that is missing just
  // now.
  bool is_revoked(const std::string& public_key) const;

 private:
  void reread(Now now);
  void drop_expired(Now now);
  void note_missing(Now now);

  StatePaths paths_;
  KeyPair head_keys_;
  int fd_;
  AuthorizedKeys listed_;
  std::map<std::string, Role> let_in_;      // as far as anybody was told
  std::map<std::string, Instant> missing_;  // those of them that are not listed any more, since when
  bool is_readable_ = true;                 // when it was last tried
};

}  // namespace pq
