#include "client/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "client/progress.h"
#include "client/typography.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool comes_first(const JobReport& left, const JobReport& right) {
  if (has_ended(left.state) != has_ended(right.state)) return has_ended(right.state);
  return left.job > right.job;
}

// "2 running, 1 queued", in the order of the states, without states of ended jobs.
std::string live_text(const JobsReport& report) {
  std::string text;
  for (const JobState state : {JobState::running, JobState::queued, JobState::paused}) {
    const auto count = std::count_if(report.jobs.begin(), report.jobs.end(),
                                     [&](const JobReport& job) { return job.state == state; });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_text(state));
  }
  return text.empty() ? "no job goes on" : text;
}

std::string agents_text(const AgentsReport& report) {
  std::uint64_t agents = 0;
  std::uint64_t slots = 0;
  std::uint64_t busy = 0;
  for (const AgentReport& agent : report.agents) {
    if (agent.state == AgentState::gone) continue;
    ++agents;
    slots += agent.slots;
    busy += agent.busy;
  }
  return fmt::format("{}, {} of {} busy", count_of(agents, "agent"), busy, count_of(slots, "slot"));
}

// As many words as fit into one line, three spaces apart; always the first one.
std::string spread(const std::vector<std::string>& texts, std::size_t columns) {
  std::string line = texts.front();
  for (std::size_t i = 1; i < texts.size(); ++i) {
    const std::size_t width = columns_of(line) + 3 + columns_of(texts[i]);
    if (!texts[i].empty() && width <= columns) line += "   " + texts[i];
  }
  return line;
}

Section top(const Sight& sight, const std::string& head, const std::string& trouble, std::size_t columns) {
  std::vector<std::string> texts = {trouble};
  if (!sight.job) texts.push_back(live_text(sight.jobs));
  // If no agent computes the one watched job, its own section says so; other agents do not belong here.
  if (!sight.job || !sight.agents.agents.empty()) texts.push_back(agents_text(sight.agents));
  texts.push_back(head);
  if (trouble.empty()) texts.erase(texts.begin());
  return {.heading = {spread(texts, columns)}};
}

// The titles stay above however many rows fit.
Section section(Listing listing, std::string noun, std::uint64_t left_out, std::string_view none) {
  Section section{.noun = std::move(noun), .left_out = static_cast<std::size_t>(left_out)};
  if (listing.table.size() < 2) {
    section.heading = {std::string(none)};
    return section;
  }
  section.heading = {listing.table.front()};
  section.rows.assign(std::next(listing.table.begin()), listing.table.end());
  return section;
}

Section remarks(const Listing& left, const Listing& right) {
  Section section{.rows = left.remarks, .noun = "remark"};
  section.rows.insert(section.rows.end(), right.remarks.begin(), right.remarks.end());
  return section;
}

std::string no_agents_of(const Sight& sight) {
  return sight.job ? fmt::format("no agent computes job {} now", sight.job->job.value)
                   : std::string(no_agents);
}

}  // namespace

AgentsReport agents_of(const AgentsReport& report, JobId job) {
  AgentsReport some;
  for (const AgentReport& agent : report.agents) {
    const bool computes_it = std::any_of(agent.leases.begin(), agent.leases.end(),
                                         [&](const LeaseHeld& lease) { return lease.job == job; });
    if (computes_it) some.agents.push_back(agent);
  }
  return some;
}

std::vector<std::string> picture(const Sight& sight, const std::string& head, const std::string& trouble,
                                 TerminalSize size, Colours colours) {
  std::vector<Section> sections = {top(sight, head, trouble, size.columns)};
  Listing jobs;
  if (sight.job) {
    if (!has_ended(sight.job->state))
      sections.push_back({.heading = {progress_bar(*sight.job, size.columns)}});
    sections.push_back({.rows = lines_of(job_block(*sight.job, colours))});
  } else {
    JobsReport ordered = sight.jobs;
    std::sort(ordered.jobs.begin(), ordered.jobs.end(), comes_first);
    jobs = listing(ordered, colours, size.columns);
    sections.push_back(section(jobs, "job", sight.jobs.left_out, no_jobs));
  }
  const Listing agents = listing(sight.agents, colours, size.columns);
  sections.push_back(remarks(jobs, agents));
  sections.push_back(section(agents, "agent", sight.agents.left_out, no_agents_of(sight)));
  return laid_out(sections, size);
}

std::string plain_picture(const Sight& sight, Colours colours) {
  const std::string jobs = sight.job ? job_block(*sight.job, colours) : jobs_table(sight.jobs, colours);
  const std::string agents =
      sight.agents.agents.empty() ? no_agents_of(sight) + '\n' : agents_table(sight.agents, colours);
  return jobs + '\n' + agents;
}

}  // namespace pq::client
