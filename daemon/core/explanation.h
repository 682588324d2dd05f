// Why a job is not running, slow or late, in sentences for its owner, with what to do about it.
#pragma once

#include "common/instant.h"
#include "common/messages.h"
#include "daemon/core/queue.h"

namespace pq {

// The weightiest reason first; a job that nothing holds up is told so. `job` is one of `queue`.
//
// Words: done, failed, cancelled · paused · head_restarted, no_agents, agents_silent, agents_drain · unplaced
// · priority, shares, slots_kept, retry_elsewhere · failed_spans, failing · losses · slow_agent · tail ·
// runs.
Explanation explain(const Queue& queue, const Job& job, Now now);

}  // namespace pq
