// Everything that the head knows, in parts that each keep their own data consistent. Classes named after what
// they do (agent_messages.h, client_requests.h, leasing.h, …) change it. Each of them lives for one turn and
// keeps no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "common/protocol/limits.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/effects.h"
#include "daemon/core/files.h"
#include "daemon/core/fleet.h"
#include "daemon/core/jobs.h"
#include "daemon/core/keeping.h"
#include "daemon/core/limits.h"
#include "daemon/core/rows.h"
#include "daemon/core/scheduling/mortality.h"
#include "daemon/core/scheduling/shares.h"
#include "daemon/core/space.h"
#include "daemon/core/story.h"
#include "daemon/core/waits.h"

namespace pq::core {

struct QueueSettings {
  Duration lease_term = limits::lease_term;
  Duration beat_interval = limits::beat_interval;
  std::size_t parts_kept = limits::parts_kept;  // of a job, before neighbours are joined
  Keeping keeping = {};
  std::optional<std::uint64_t> reserve =
      std::nullopt;  // bytes of the disk kept free; nothing: as reserve_of()
};

// Where a message came from.
struct Sender {
  PeerId peer;
  std::string public_key;
  Role role = Role::operator_;
  std::string name = {};  // of its key, as the list of keys has it
};

struct Core {
  Core(const QueueSettings& settings_now, Epoch epoch)
      : settings(settings_now),
        fleet(settings_now.lease_term, settings_now.beat_interval, epoch),
        space(settings_now.reserve) {}

  QueueSettings settings;
  Jobs jobs;
  Fleet fleet;
  Shares shares;
  Files files;
  Mortality mortality;
  Waits waits;
  Story story;
  KeepingWatch keeping;
  SpaceWatch space;
  std::set<JobId> provenance_wanted;  // their stored provenance must be read
  Changes changes;                    // of this turn
};

// What a turn works with.
struct Turn {
  Core& core;
  Now now;
  Effects& effects;
};

}  // namespace pq::core
