// What pq-status --watch shows of one answer of the head: jobs and agents in one picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/layout.h"
#include "client/output.h"
#include "common/protocol/messages.h"

namespace pq::client {

struct Sight {
  std::optional<JobReport> job;  // that one alone, with its agents
  JobsReport jobs;               // else these, with all agents
  AgentsReport agents;
};

// The agents that compute this job.
AgentsReport agents_of(const AgentsReport& report, JobId job);

// In at most size.lines lines; what does not fit is counted. Jobs that have not ended come first, the newest
// first. `trouble`: why this is not the latest answer.
std::vector<std::string> picture(const Sight& sight, const std::string& head, const std::string& trouble,
                                 TerminalSize size, Colours colours);

// The whole picture, for a file or a pipe.
std::string plain_picture(const Sight& sight, Colours colours);

}  // namespace pq::client
