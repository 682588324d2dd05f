// Which client has asked for a backup, and its state. There is one at a time, a few pages a turn. The client
// gets its answer when the backup is durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/effects.h"
#include "daemon/store/store.h"

namespace pq::store {

class Backups {
 public:
  explicit Backups(Store& store) : store_(store) {}

  // The client that asks, and the request number of its answer.
  struct Asker {
    PeerId peer;
    RequestNumber request = 0;
  };

  // An answer, if there is one already: a refusal, or the result of the last backup for a repeated request.
  std::optional<HeadToClient> ask(const Asker& asker, const BackUp& wish, UnixMs now);

  bool is_under_way() const { return under_way_.has_value(); }

  // Copies a few pages. REQUIRES: a backup is under way.
  void advance(Effects& effects);

 private:
  std::uint64_t remove_older(std::uint64_t keep);

  struct UnderWay {
    RequestId id;
    std::string name;
    std::optional<std::uint64_t> keep;
    Asker asker;  // the last one: a client that asks again has lost the connection of before
  };
  struct Ended {
    RequestId id;
    HeadToClient answer;
  };

  Store& store_;
  std::optional<UnderWay> under_way_;
  std::optional<Ended> last_;
};

}  // namespace pq::store
