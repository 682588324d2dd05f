// Figures that follow from a job's report by arithmetic alone. Everything that shows a job uses them.
#pragma once

#include <optional>

#include "common/protocol/messages.h"
#include "common/values/errors.h"

namespace pq {

// The value is the final total: the job is done. A failed or cancelled job has no total, whatever it has
// computed.
bool value_is_final(const JobReport& report);

// The job has ended with a part of its total, which must never be taken for the total.
bool value_is_partial(const JobReport& report);

// The done share of the range, in [0, 1]; failed integers are not done. 1 only if all are done.
double fraction_done(const JobReport& report);

// Seconds to the end at the present rate; nullopt while nothing runs, and once the job has ended.
std::optional<double> eta_s(const JobReport& report);

// The interval in which eta_s lies, from the spread of the rate so far; nullopt if either is unknown.
struct EtaBand {
  double low = 0;
  double high = 0;
};
std::optional<EtaBand> eta_band_s(const JobReport& report);

// From the first lease, else from the submission, to the end; nullopt before that.
std::optional<Duration> time_taken(const JobReport& report);

// The exit status for a job that has ended.
ExitStatus exit_status_of(const JobReport& ended);

}  // namespace pq
