// Who may talk to this head: the list in authorized_keys, which is followed while the head runs. The first
// start makes keys, so that one machine needs no configuration. It fails closed: while the list cannot be
// read, nobody is admitted.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "common/net/keys.h"
#include "common/os/paths.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"
#include "daemon/gate/authorized_keys.h"
#include "daemon/gate/expiry.h"
#include "daemon/gate/router.h"
#include "daemon/gate/transport.h"

namespace pq::gate {

class Access {
 public:
  // REQUIRES: the state directory exists and belongs to this process (StateDirClaim). Throws
  // EnvironmentError.
  explicit Access(StatePaths paths);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  const KeyPair& head_keys() const { return head_keys_; }

  // Of a key that is listed and has not expired, as of the last refresh. One whose time is doubtful still has
  // what it had: nobody who is in is thrown out because a clock has jumped.
  std::optional<Principal> find(const std::string& public_key) const;

  // Whether a new connection with this key is let in. A doubtful one is to come again.
  Admission admission(const std::string& public_key) const;

  // Readable when the file may have changed.
  int fd() const { return fd_; }

  // Looks which keys have expired, and reads the file again if it changed or could not be read. The reason
  // for such an error can pass without an event, for example a lack of descriptors. Never waits.
  void refresh(Now now);

  // When refresh or take_revoked has something to do even if the file has not changed.
  Instant next_deadline(Now now) const;

  // Adds the key; it is on disk when this returns. A key that has the role already keeps its line. The
  // asker's own key bounds the new one.
  tl::expected<Authorized, Refusal> authorize(const Authorize& request, const Principal& asker, Now now);

  // Removes keys from the list; that is on disk when this returns. All keys of this name, or the one key that
  // equals it. Never the asker's own key, because nobody else might be able to put it back.
  tl::expected<std::vector<Principal>, Refusal> revoke(const std::string& name, const Principal& asker,
                                                       Now now);

  // By name; those that have expired too.
  std::vector<ListedKey> all() const;

  // Public keys that were admitted and have been missing for a while, each returned once. The while allows
  // for editors, and for lists that are replaced in two steps: an agent that hears that its key is revoked
  // ends for good.
  std::vector<std::string> take_revoked(Now now);

  // What has become of keys: each once, and nothing of what was so at the start.
  std::vector<KeyNews> take_news() { return std::exchange(news_, {}); }
  bool has_news() const { return !news_.empty(); }

  // True for a key that take_revoked has returned, and for an unknown one. False for one that is only missing
  // for the moment.
  bool is_revoked(const std::string& public_key) const;

 private:
  void reread(Now now);
  void look_at_expiry(Now now);
  // Why a key that is listed cannot be given that role, if it cannot.
  std::optional<Refusal> refusal_of_listed(const Authorize& request) const;
  bool counts(const std::string& public_key, Role role) const;
  bool is_expired(const std::string& public_key) const;
  void note_missing(Now now);
  void note_let_in(const Principal& principal);

  struct Missing {
    Instant since;
    bool is_told = false;  // as news
  };

  StatePaths paths_;
  KeyPair head_keys_;
  int fd_;
  AuthorizedKeys listed_;
  Expiry expiry_;
  std::map<std::string, Principal> let_in_;  // as take_revoked has reported them
  std::map<std::string, Missing> missing_;   // those of them that are not listed any more
  std::set<std::string> expired_;            // those that were let in before
  std::vector<KeyNews> news_;
  bool has_looked_ = false;  // at the clock
  bool is_readable_ = true;  // when it was last tried
};

}  // namespace pq::gate
