// Tests use the words of all rooms as their own: those of the three parties, and of whatever these use.
#pragma once

#include "common/values/rooms.h"

namespace pq {

namespace tests {
using namespace daemon;
using namespace agent;
using namespace client;
}  // namespace tests

namespace simulation {
using namespace tests;
}
namespace storage {
using namespace tests;
}
namespace fuzz {
using namespace tests;
}

}  // namespace pq
