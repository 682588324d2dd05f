// Jobs and agents as reports for clients and for HTTP.
#pragma once

#include "common/protocol/limits.h"
#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

JobReport report(const Job& job, const Core& core);
// The report of one job, with its failed spans.
JobReport whole_report(const Job& job, const Core& core);

// Whether it may see the values of settings: an operator, and who submitted the job.
bool sees_settings(const Sender& who, const std::string& submitter);
// Without the values of its program's settings: for viewers and HTTP, who may be anybody.
void hide_settings(JobReport& report);

AgentReport report(const Agent& agent, const Fleet& fleet, Now now);
// By name, gone agents last; at most limits::agents_reported_max.
AgentsReport report_agents(const Fleet& fleet, Now now);

}  // namespace pq::core
