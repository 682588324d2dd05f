// Who may talk to this head: the list in authorized_keys, kept up to date while the head runs, and the keys
// that the first start makes, so that on one machine nothing needs to be configured. It fails closed: while
// the list cannot be read, nobody is let in.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

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

  // Reads the file again if it has changed, or could not be read: the reason may pass without a trace, as a
  // want of descriptors does. Never waits.
  void refresh();

  // Adds the key, on the disk when this returns. A key that has the role already keeps its line.
  tl::expected<void, Refusal> authorize(const Authorize& request);

 private:
  void reread();

  StatePaths paths_;
  KeyPair head_keys_;
  int fd_;
  AuthorizedKeys listed_;
  bool is_readable_ = true;  // when it was last tried
};

}  // namespace pq
