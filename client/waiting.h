// Waits for a job's end. The head answers the instant the job ends. Until then it is asked for progress, as
// often as somebody looks.
#pragma once

#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "client/connection.h"
#include "client/failure.h"
#include "client/screen.h"
#include "common/cli/command_line.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"

namespace pq::client {

// Waits until the job ends, with its progress on the screen. The failure after --timeout or a signal says how
// to wait again for all of `awaited`, which includes this job; the jobs go on. `submission`: if the id now
// belongs to another submission, there is no such job.
tl::expected<JobReport, Failure> ended_job(Connection& connection, JobId job, std::span<const JobId> awaited,
                                           Screen& screen,
                                           std::optional<RequestId> submission = std::nullopt);

// The text on stdout for a job that has ended. Readers take it for the total. So what a failed or cancelled
// job has computed is printed only on request.
enum class Printing { total, partial_too, json };

// --partial, for every command that waits.
Flag partial_flag();
Printing printing(const Arguments& arguments, bool json);

// The number to print; nullopt: none.
std::optional<Value> printed_value(const JobReport& ended, Printing printing);

// Shows the progress and the end on the screen, prints the value on stdout, and returns the job's exit
// status.
Outcome wait_for_end(Connection& connection, JobId job, Screen& screen, Printing printing,
                     std::optional<RequestId> submission = std::nullopt);

}  // namespace pq::client
