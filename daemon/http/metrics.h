// What Prometheus is told. The names are a contract with dashboards and alert rules (deploy/monitoring): add
// some, never change one. No series of an agent: a fleet of ten thousand that come and go would fill any
// Prometheus; of jobs only those that have not ended, and limits::job_series_max of them.
#pragma once

#include <string>

#include "common/os/usage.h"
#include "daemon/http/snapshots.h"

namespace pq {

inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics(const Snapshot& snapshot, const ProcessUsage& usage);

}  // namespace pq
