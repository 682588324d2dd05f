// Waiting for a job's end. The head answers the instant the job ends; until then it is asked how far it is,
// as often as somebody looks.
#pragma once

#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "client/connection.h"
#include "client/failure.h"
#include "client/screen.h"
#include "common/ids.h"
#include "common/messages.h"

namespace pq {

// A job at its end; until then its progress is on the screen. The failure after --timeout or a signal says
// how to wait for all of `awaited` again, of which it is one: they go on. `submission`: the job is this one,
// or there is none.
tl::expected<JobReport, Failure> ended_job(Connection& connection, JobId job,
                                           const std::vector<JobId>& awaited, Screen& screen,
                                           std::optional<RequestId> submission = std::nullopt);

// Shows the progress and the end on the screen, prints the total (or JSON) on stdout, and answers the job's
// exit status.
Outcome wait_for_end(Connection& connection, JobId job, Screen& screen, bool json,
                     std::optional<RequestId> submission = std::nullopt);

}  // namespace pq
