// The metrics for Prometheus. Dashboards and alert rules (deploy/monitoring) rely on their names: add some,
// never change one. No agent has a series of its own, because a fleet of ten thousand that come and go would
// fill any Prometheus. At most limits::job_series_max jobs have series, and none that has ended.
#pragma once

#include <string>

#include "daemon/view/limits.h"
#include "daemon/view/process_usage.h"
#include "daemon/view/snapshots.h"

namespace pq::view {

inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics(const Snapshot& snapshot, const ProcessUsage& usage);

}  // namespace pq::view
