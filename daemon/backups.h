// Who has asked for a backup, and what became of it. One is made at a time, a few pages a turn; its client
// hears when it is durable.
#pragma once

#include <optional>

#include "common/ids.h"
#include "common/instant.h"
#include "common/messages.h"
#include "daemon/core/effects.h"
#include "daemon/store.h"

namespace pq {

class Backups {
 public:
  explicit Backups(Store& store) : store_(store) {}

  // Who asks, and under which number it expects the answer.
  struct Asker {
    PeerId peer;
    RequestNumber request = 0;
  };

  // Its answer, where there is one already: it was refused, or it is a repeated question about the last
  // backup.
  std::optional<HeadToClient> ask(const Asker& asker, const BackUp& wish, UnixMs now);

  bool is_under_way() const { return under_way_.has_value(); }

  // A few pages further. REQUIRES: one is under way.
  void advance(Effects& effects);

 private:
  struct UnderWay {
    RequestId id;
    std::string name;
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

}  // namespace pq
