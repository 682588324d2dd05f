#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/tally.h"
#include "common/report/json.h"
#include "common/values/text.h"

namespace pq::commands {
namespace {

constexpr const char* not_known = "not known";

// "w1", "w1 or w2": who may have computed it.
std::string names_of(const PartReport& part) {
  std::string names;
  for (const std::string& name : part.agents) names += (names.empty() ? "" : " or ") + printable(name);
  return names.empty() ? not_known : names;
}

bool is_of(const PartReport& part, const std::optional<std::string>& agent) {
  if (!agent || part.agents.empty()) return true;
  return std::find(part.agents.begin(), part.agents.end(), *agent) != part.agents.end();
}

class Summary {
 public:
  void add(const PartReport& part) {
    Sum& sum = sums_[names_of(part)];
    sum.parts += 1;
    sum.integers += part.range.width();
  }

  void tell(Screen& screen, const std::optional<std::string>& agent) const {
    for (const auto& [names, sum] : sums_) {
      screen.say(
          fmt::format("{}: {} in {}", names, count_of(sum.integers, "integer"), count_of(sum.parts, "part")));
    }
    if (!sums_.empty()) return;
    screen.say(agent ? fmt::format("{} has computed nothing that counts of it", *agent)
                     : "nothing of it is done yet");
  }

 private:
  struct Sum {
    std::uint64_t parts = 0;
    std::uint64_t integers = 0;
  };
  std::map<std::string, Sum> sums_;
};

void tell(JobId job, const PartReport& part, bool json) {
  if (json) return print(to_line(to_json(job, part)));
  print(fmt::format("{:<42} {:<24} {}", to_text(part.range), names_of(part),
                    part.value ? to_text(*part.value) : ""));
}

Outcome run_provenance(const Invocation& call) {
  const Selection selection = the_one_job(call);
  const auto agent = call.arguments.value("agent");
  if (agent) parse_name("--agent", *agent);
  Connection connection(call.shared, call.screen);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  Summary summary;
  for (AskProvenance question{.job = *job};;) {
    const auto page = connection.ask_for<ProvenancePage>(question);
    if (!page) return tl::unexpected(page.error());
    for (const PartReport& part : page->parts) {
      if (!is_of(part, agent)) continue;
      tell(*job, part, call.shared.json);
      summary.add(part);
    }
    if (!page->more) break;
    question.begin = page->next_begin;
  }
  summary.tell(call.screen, agent);
  return ExitStatus::done;
}

}  // namespace

Command provenance() {
  return {.name = "provenance",
          .usage = client_usage(
              {.program = "pq-provenance",
               .synopsis = "JOB [FLAGS]",
               .purpose = "lists which agent computed which part of a job, and the value of each part",
               .description =
                   std::string(about_one_job) +
                   " A part is what one lease has left. Of jobs with very many leases neighbouring parts "
                   "are joined; where more than one agent stands there, each may have computed it.",
               .flags = {{"agent", "NAME", "only what this agent may have computed"}},
               .words = words_of_one_job()}),
          .run = run_provenance};
}

}  // namespace pq::commands
