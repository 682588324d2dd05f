#include "daemon/core/space.h"

#include <fmt/format.h>

#include "common/values/size.h"

namespace pq::core {

std::string SpaceWatch::words() const {
  return fmt::format("{} of {} free, and {} to be kept free for steering", bytes_text(space_.free_bytes),
                     bytes_text(space_.disk_bytes), bytes_text(reserve()));
}

Refusal SpaceWatch::refusal() const { return {ErrorWord::short_of_space, words()}; }

}  // namespace pq::core
