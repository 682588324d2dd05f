// Why an address cannot be bound, for a person.
#pragma once

#include <string>

#include "common/values/rooms.h"

namespace pq::os {

// From the errno of socket(2), bind(2), listen(2) or zmq_bind(3): "in use".
std::string why_not_bound(int error);

}  // namespace pq::os
