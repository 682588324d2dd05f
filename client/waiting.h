// Waiting for a job's end. The head answers the instant the job ends; until then it is asked how far it is,
// as often as somebody looks.
#pragma once

#include <optional>

#include "client/connection.h"
#include "client/failure.h"
#include "client/screen.h"
#include "common/ids.h"

namespace pq {

// Shows the progress and the end on the screen, prints the total (or JSON) on stdout, and answers the job's
// exit status. The failure after --timeout or a signal says how to wait for the job again: it goes on.
// `submission`: the job is this one, or there is none.
Outcome wait_for_end(Connection& connection, JobId job, Screen& screen, bool json,
                     std::optional<RequestId> submission = std::nullopt);

}  // namespace pq
