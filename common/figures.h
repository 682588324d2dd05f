// What follows from a job's report by arithmetic alone. Shared by everything that shows a job.
#pragma once

#include <optional>

#include "common/errors.h"
#include "common/messages.h"

namespace pq {

// The value can change no more: the job is done, or it has failed with all of its spans ended.
bool value_is_final(const JobReport& report);

// Of the range, in [0, 1]; what has failed is not done. 1 only if all is.
double fraction_done(const JobReport& report);

// Seconds to the end at the present rate; nullopt while nothing runs, and once the job has ended.
std::optional<double> eta_s(const JobReport& report);

// Between which eta_s may be, as the rate has wavered so far; nullopt where either is not known.
struct EtaBand {
  double low = 0;
  double high = 0;
};
std::optional<EtaBand> eta_band_s(const JobReport& report);

// From the first lease, else from the submission, to the end; nullopt before that.
std::optional<Duration> time_taken(const JobReport& report);

// What the shell is told about a job that has ended.
ExitStatus exit_status_of(const JobReport& ended);

}  // namespace pq
