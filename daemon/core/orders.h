// The orders of an agent: every lease that it holds, and what is new to it.
#pragma once

#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

Orders orders_for(const Agent& agent, const Core& core);

}  // namespace pq::core
