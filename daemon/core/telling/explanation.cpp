#include "daemon/core/telling/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/protocol/limits.h"
#include "common/report/figures.h"
#include "common/values/duration.h"
#include "common/values/text.h"
#include "daemon/core/limits.h"
#include "daemon/core/scheduling/costs.h"
#include "daemon/core/scheduling/placement.h"
#include "daemon/core/telling/reports.h"

namespace pq::core {
namespace {

constexpr std::size_t names_told = 3;
constexpr double slow_factor = 2;  // of the median, per slot

std::string ago(Duration since) { return to_text(std::max(since, Duration{0})) + " ago"; }
std::string ago(UnixMs then, Now now) { return ago(std::chrono::milliseconds(now.unix_ms - then)); }

// "a", "a and b", "a, b, c and 4 more"
std::string list_of(const std::vector<std::string>& names) {
  const std::size_t told = std::min(names.size(), names_told);
  std::string text;
  for (std::size_t i = 0; i < told; ++i) {
    const bool is_last = i + 1 == told && told == names.size();
    text += (i == 0 ? "" : is_last ? " and " : ", ") + printable(names[i]);
  }
  if (told < names.size()) text += fmt::format(" and {} more", names.size() - told);
  return text;
}

// Each once, in the order in which they come.
std::vector<std::string> distinct(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const std::string& name : names) {
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(name);
  }
  return once;
}

std::string sentence_of(std::string text) {
  if (text.empty()) return text;
  const bool is_command = text.starts_with("pq");
  if (!is_command && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  if (!text.ends_with('.')) text += '.';
  return text;
}

std::string_view are(std::size_t count) { return count == 1 ? "is" : "are"; }

class Explainer {
 public:
  Explainer(const Core& core, const Job& job, Now now)
      : core_(core), job_(job), now_(now), id_(job.row.id.value), report_(whole_report(job, core)) {
    for (const auto& [id, agent] : core.fleet.roster().all()) {
      if (agent.is_gone()) continue;
      if (core.fleet.is_silent(agent, now.instant)) {
        silent_.push_back(agent.row.name);
      } else if (agent.takes_work()) {
        takes_work_.push_back(&agent);
        slots_ += agent.row.slots;
        slots_idle_ += agent.slots_idle();
      } else {
        draining_.push_back(agent.row.name);
      }
    }
  }

  Explanation explanation() {
    if (has_ended(job_.row.state)) {
      tell_end();
    } else if (job_.row.state == JobState::paused) {
      tell_paused();
    } else {
      tell_space();
      if (job_.ledger.leases() == 0) {
        tell_waiting();
        tell_express();
      }
      tell_failures();
      if (job_.ledger.leases() > 0) {
        tell_silent_holders();
        tell_sharing();
        tell_slow_agents();
      }
      tell_losses();
      tell_suspects();
      tell_stuck();
      if (job_.ledger.leases() > 0) tell_running();
    }
    if (reasons_.size() > limits::reasons_max) reasons_.resize(limits::reasons_max);
    return {job_.row.id, job_.row.state, std::move(reasons_)};
  }

 private:
  void tell(Cause cause, std::string text, std::optional<std::string> advice = std::nullopt) {
    reasons_.push_back({std::string(to_text(cause)), std::move(text), std::move(advice)});
  }

  // ---- ended, paused

  void tell_end() {
    const auto took = time_taken(report_);
    const std::string time = took ? " after " + to_text(*took) : "";
    switch (job_.row.state) {
      case JobState::done:
        tell(Cause::done, fmt::format("It is done{}.", time));
        break;
      case JobState::cancelled:
        tell(Cause::cancelled, fmt::format("It was cancelled{}; its computed parts are kept.", time),
             "Submit it again to compute all of it.");
        break;
      default:
        tell(Cause::failed,
             sentence_of(fmt::format("It has failed{}: {}", time,
                                     printable(job_.row.error.value_or("no reason is known")))),
             advice_on_failure());
    }
    if (job_.row.state == JobState::cancelled) tell_failed_spans();  // else the error has said it
  }

  void tell_paused() {
    tell(Cause::paused,
         job_.ledger.leases() > 0 ? "It is paused; its running leases end with their present steps."
                                  : "It is paused, and nothing of it is running.",
         fmt::format("pq-resume {} resumes it.", id_));
    tell_failures();
  }

  // Only what programs print fills the disk; other jobs go on.
  void tell_space() {
    if (!core_.space.is_short() || !job_.row.spec.program) return;
    tell(Cause::short_of_space,
         fmt::format(
             "The disk of the head is short of space: {}. Agents hold what its programs print until there "
             "is room.",
             core_.space.words()),
         "Erase old jobs or what they printed with pq-forget, or make room on that disk.");
  }

  // ---- no lease of it runs

  void tell_waiting() {
    if (takes_work_.empty()) return tell_no_agents();
    if (const auto unplaced = why_unplaced(core_.fleet.roster(), job_.demand))
      return tell_unplaced(*unplaced);
    if (job_.gathers_on) {
      return tell(Cause::slots_kept,
                  fmt::format("A step of it needs {} slots of one agent; agent {} keeps its slots for it as "
                              "they become idle.",
                              job_.demand.cpus, printable(core_.fleet.at(*job_.gathers_on).row.name)));
    }
    if (tell_priority()) return;
    if (has_failed_parts()) {
      return tell(Cause::retry_elsewhere,
                  "Its remaining parts have failed before. They are retried in smaller parts, on another "
                  "agent if there is one.",
                  fmt::format("pq-logs {} --failed shows what the program printed.", id_));
    }
    const std::string all = slots_ == 1 ? "of the one slot is" : fmt::format("{} slots are", slots_);
    const auto blocker = stuck_holder();
    if (blocker) {
      return tell(
          Cause::shares,
          fmt::format("All {} in use by other jobs. A step of job {} has been running for {}, and nobody can "
                      "tell when it ends.",
                      all, blocker->first.value, to_text(std::chrono::seconds(blocker->second.ms / 1000))),
          fmt::format("pq-status {} --explain shows more; pq-cancel {} or more agents would free slots.",
                      blocker->first.value, blocker->first.value));
    }
    tell(Cause::shares,
         fmt::format("All {} in use by other jobs of its priority; it gets slots within seconds.{}", all,
                     told_of_submitters()));
  }

  // Its submitter's part of the slots, if that is not all of them.
  std::string told_of_submitters() const {
    const Rank rank = core_.shares.rank(job_.row.id);
    const std::vector<Rank> holders = core_.shares.holders();
    const bool are_several = std::any_of(holders.begin(), holders.end(), [&](const Rank& holder) {
      return holder.priority == rank.priority && holder.submitter != rank.submitter;
    });
    if (!are_several) return "";
    const std::string& name = job_.row.submitter;
    return fmt::format(" Submitters have even parts: {} has {}.",
                       name.empty() ? "that of jobs without a name" : printable(name),
                       count_of(rank.all.slots, "slot"));
  }

  // A job that holds slots and has a stuck step.
  std::optional<std::pair<JobId, StuckStep>> stuck_holder() const {
    for (const auto& [id, job] : core_.jobs.all()) {
      if (job.ledger.leases() == 0) continue;
      if (auto stuck = stuck_step(job, core_.jobs, core_.fleet)) return std::pair(id, *std::move(stuck));
    }
    return std::nullopt;
  }

  // The job could run on an express place, but waits for one.
  void tell_express() {
    if (takes_work_.empty() || !core_.fleet.express().waits(job_.row.id)) return;
    std::vector<const Agent*> able;
    for (const Agent* agent : takes_work_) {
      if (agent->express.exist && agent->can_compute(job_.demand)) able.push_back(agent);
    }
    const std::string what =
        job_.row.spec.program ? "It asks for an express place" : "It is small enough for an express place";
    if (able.empty()) {
      return tell(Cause::no_express, what + ", but no agent that can compute it has one.",
                  "Install this version of pq-agent there: its agents have express places.");
    }
    tell(
        Cause::express_full,
        fmt::format("{}, but the express {} of {} {} full; it gets the first place that becomes free.", what,
                    able.size() == 1 ? "place" : "places", count_of(able.size(), "agent"), are(able.size())));
  }

  void tell_no_agents() {
    const Duration up = now_.instant - core_.story.began_at;
    if (!silent_.empty() && up < limits::restart_term) {
      return tell(
          Cause::head_restarted,
          fmt::format("The head started {} and is waiting for {} from before: {}.", ago(up),
                      count_of(silent_.size(), "agent"), list_of(silent_)),
          fmt::format("Agents reconnect by themselves, usually within {}.", to_text(limits::restart_term)));
    }
    if (!draining_.empty() && silent_.empty()) {
      return tell(Cause::agents_drain,
                  fmt::format("No agent is accepting new work: {} {} draining.", list_of(draining_),
                              are(draining_.size())),
                  "Start other agents; the machines of these may be about to end.");
    }
    if (!silent_.empty()) {
      return tell(
          Cause::agents_silent,
          fmt::format("No agent is accepting work: {} {} silent.", list_of(silent_), are(silent_.size())),
          "Check that their machines are up and can reach the head. Their leases become free if they stay "
          "silent.");
    }
    std::string last;
    core_.story.events.visit_newest([&](const EventEntry& event) {
      const auto what = parse<Happening>(event.what);
      if (what != Happening::agent_lost && what != Happening::agent_left) return true;
      last = fmt::format(" The last one, {}, {} {}.", printable(event.agent.value_or("")),
                         what == Happening::agent_lost ? "was lost" : "left", ago(event.unix_ms, now_));
      return false;
    });
    tell(Cause::no_agents, "No agent is accepting work." + last,
         "Start pq-agent on this machine, or a cloud worker with the document that pq-user-data agent "
         "prints.");
  }

  void tell_unplaced(const Unplaced& why) {
    tell(Cause::unplaced, sentence_of(why.what), sentence_of(why.advice));
  }

  // Whether jobs of higher priority hold slots that this job could use.
  bool tell_priority() {
    std::uint64_t slots = 0;
    std::vector<std::string> jobs;
    std::int32_t highest = job_.row.spec.priority;
    for (const Rank& holder : core_.shares.holders()) {
      if (holder.priority <= job_.row.spec.priority) continue;
      slots += holder.own.slots;
      highest = std::max(highest, holder.priority);
      jobs.push_back(std::to_string(holder.job.value));
    }
    if (jobs.empty()) return false;
    tell(Cause::priority,
         fmt::format("Jobs of higher priority go first: {} of {} slots are held by {} {}.", slots, slots_,
                     jobs.size() == 1 ? "job" : "jobs", list_of(jobs)),
         fmt::format("pq-priority {} {} gives it the same priority; or start more agents.", id_, highest));
    return true;
  }

  // ---- it runs

  void tell_sharing() {
    if (!job_.ledger.has_free() || slots_idle_ > 0) return;
    if (tell_priority()) return;
    std::size_t others = 0;
    for (const Rank& holder : core_.shares.holders()) others += holder.job != job_.row.id ? 1 : 0;
    if (others == 0) return;
    tell(Cause::shares,
         fmt::format("It shares {} with {}; {} {} its own.{}", count_of(slots_, "slot"),
                     count_of(others, "job"), report_.slots_busy, are(report_.slots_busy),
                     told_of_submitters()),
         advice_to_go_first());
  }

  // There is no priority above the highest one.
  std::string advice_to_go_first() const {
    const std::int32_t priority = job_.row.spec.priority;
    if (priority == std::numeric_limits<std::int32_t>::max()) return "Start more agents.";
    return fmt::format("pq-priority {} {} puts it first; or start more agents.", id_, priority + 1);
  }

  // Holders of its parts that have missed a beat or two: nobody knows yet whether they go on.
  void tell_silent_holders() {
    std::vector<std::string> names;
    Duration longest{0};
    for (const AgentId id : holders()) {
      const Agent& agent = core_.fleet.at(id);
      const Duration silence = now_.instant - agent.heard_at;
      if (!core_.fleet.is_silent(agent, now_.instant)) continue;
      names.push_back(agent.row.name);
      longest = std::max(longest, silence);
    }
    if (names.empty()) return;
    tell(Cause::silent_holder,
         fmt::format("{} {} a part of it and {} not been heard{}.", list_of(names),
                     names.size() == 1 ? "holds" : "hold", names.size() == 1 ? "has" : "have",
                     names.size() == 1 ? " for " + to_text(longest) : ""),
         "Its part becomes free when the lease term ends, unless the agent is heard before. Check that its "
         "machine is up.");
  }

  void tell_slow_agents() {
    struct Speed {
      double per_slot_s;
      const Agent* agent;
    };
    std::vector<Speed> speeds;
    for (const Agent* agent : takes_work_) {
      const auto pace = agent->paces.find(job_.row.id);
      if (pace != agent->paces.end()) speeds.push_back({1 / pace->second.per_integer_s, agent});
    }
    if (speeds.size() < 2) return;
    std::sort(speeds.begin(), speeds.end(),
              [](const Speed& a, const Speed& b) { return a.per_slot_s < b.per_slot_s; });
    const double median = speeds[speeds.size() / 2].per_slot_s;
    std::vector<std::string> slow;
    for (const Speed& speed : speeds) {
      if (speed.per_slot_s * slow_factor < median) slow.push_back(speed.agent->row.name);
    }
    if (slow.empty()) return;
    tell(Cause::slow_agent,
         fmt::format("{} {} slow: {:.3g} integers a second on a slot where the median is {:.3g}.",
                     list_of(slow), are(slow.size()), speeds.front().per_slot_s, median),
         fmt::format(
             "It gets narrower leases, and idle slots take over from it; pq-agents drain {} removes it.",
             printable(slow.front())));
  }

  void tell_running() {
    const auto left = eta_s(report_);
    const std::string time = left ? fmt::format(", about {} left", to_text(from_seconds(*left))) : "";
    if (!job_.ledger.has_free() && slots_idle_ > 0) {
      tell(Cause::tail,
           fmt::format(
               "No free parts are left: its last {} running{}. Idle slots take a share where "
               "that ends the job sooner.",
               job_.ledger.leases() == 1 ? "lease is" : fmt::format("{} leases are", job_.ledger.leases()),
               time));
      return;
    }
    const std::size_t agents = holders().size();
    if (report_.slots_busy == 0) {
      return tell(Cause::express,
                  fmt::format("It is running on an express place of {}{}.", count_of(agents, "agent"), time));
    }
    const std::string text = fmt::format("It runs on {} of {}{}.", count_of(report_.slots_busy, "slot"),
                                         count_of(agents, "agent"), time);
    const bool has_all = report_.slots_busy >= slots_ && slots_ > 0;
    tell(Cause::runs, text,
         has_all ? std::optional("It is using every slot; add agents to finish sooner.") : std::nullopt);
  }

  std::set<AgentId> holders() const {
    std::set<AgentId> agents;
    for (const auto& [begin, span] : job_.ledger.spans()) {
      if (const auto* leased = std::get_if<Leased>(&span.state)) agents.insert(leased->agent);
    }
    return agents;
  }

  // ---- problems on the way

  void tell_failures() {
    tell_failed_spans();
    const std::uint64_t counted = job_.row.attempts_failed - job_.row.failures_forgiven;
    const std::string words = job_.last_words.empty() ? "" : ", the last with: " + printable(job_.last_words);
    if (const std::size_t agents = job_.records.agents_failed(); counted == 0 && agents > 0) {
      return tell(Cause::failing,
                  sentence_of(fmt::format(
                      "Attempts failed on {}{}; other agents try those parts before the failures count",
                      count_of(agents, "agent"), words)),
                  fmt::format("pq-logs {} --failed shows what the program printed.", id_));
    }
    if (counted == 0) return;
    tell(Cause::failing,
         sentence_of(fmt::format("{} failed{}; more than {} fail the job", count_of(counted, "attempt"),
                                 words, job_.row.spec.failures_max)),
         fmt::format("pq-logs {} --failed shows what the program printed.", id_));
  }

  void tell_failed_spans() {
    if (job_.ledger.failed() == 0 || report_.failed_spans.empty()) return;
    const FailedSpan& first = report_.failed_spans.front();
    tell(Cause::failed_spans,
         sentence_of(fmt::format("{} failed for good, the first at {} with: {}",
                                 count_of(job_.ledger.failed(), "integer"), first.range.begin,
                                 printable(first.error))),
         advice_on_failure());
  }

  std::string advice_on_failure() const {
    if (!report_.failed_spans.empty() && report_.failed_spans.front().losses > 0) {
      return fmt::format(
          "pq-events {0} names the agents; check that they have enough memory. With --memory a run fails "
          "before it ends its agent. pq-retry {0} tries it again, on more agents.",
          id_);
    }
    return fmt::format("pq-logs {0} --failed shows what the program printed; pq-retry {0} tries it again.",
                       id_);
  }

  bool has_failed_parts() const {
    const auto& spans = job_.ledger.spans();
    return std::any_of(spans.begin(), spans.end(), [](const auto& span) {
      const auto* free = std::get_if<Free>(&span.second.state);
      return free != nullptr && !free->evidence.failed_on.empty();
    });
  }

  void tell_losses() {
    const UnixMs since =
        now_.unix_ms - std::chrono::duration_cast<std::chrono::milliseconds>(limits::recent).count();
    std::vector<std::string> lost;
    std::vector<std::string> warned;
    std::size_t expired = 0;
    core_.story.events.visit_newest([&](const EventEntry& event) {
      if (event.unix_ms < since) return false;
      const auto what = parse<Happening>(event.what);
      if (what == Happening::agent_lost) lost.push_back(event.agent.value_or(""));
      if (what == Happening::agent_warned) warned.push_back(event.agent.value_or(""));
      if (what == Happening::lease_expired && event.job == job_.row.id) expired += 1;
      return true;
    });
    if (expired == 0 && warned.empty() && (lost.empty() || job_.ledger.leases() > 0)) return;
    std::string text = fmt::format("In the last {}", to_text(limits::recent));
    if (!lost.empty()) {
      const auto names = distinct(lost);
      text += names.size() == lost.size()
                  ? fmt::format(" {} {} lost ({})", count_of(lost.size(), "agent"), was(lost.size()),
                                list_of(lost))
                  : fmt::format(" agents were lost {} times ({})", lost.size(), list_of(names));
    }
    if (!warned.empty()) {
      text += fmt::format("{} {} {} warned by {} cloud ({})", lost.empty() ? "" : ",",
                          count_of(warned.size(), "agent"), was(warned.size()),
                          warned.size() == 1 ? "its" : "their", list_of(warned));
    }
    if (expired > 0) {
      text += fmt::format("{} {} of this job expired", lost.empty() && warned.empty() ? "" : ",",
                          count_of(expired, "lease"));
    }
    tell(Cause::losses, text + "; what was committed is kept, the rest is computed again.",
         "The total is not affected. Spot machines of more types and zones are interrupted less often.");
  }

  // A step that has run far beyond its usual time.
  void tell_stuck() {
    if (!report_.stuck) return;
    const StuckStep& stuck = *report_.stuck;
    const std::string age = to_text(std::chrono::seconds(stuck.ms / 1000));
    const auto& program = job_.row.spec.program;
    const bool is_first = job_.measured_by.empty() && !job_.usual_before;
    std::string advice = "--timeout limits a run.";
    if (program && program->streams) {
      advice =
          "Does it buffer what it writes? Let it flush each line, or run it by stdbuf -oL; --timeout limits "
          "a run.";
    }
    tell(Cause::stuck,
         fmt::format("{} has been computing {} for {}, {}; nobody can tell when that ends.",
                     printable(stuck.agent), to_text(stuck.range), age,
                     is_first ? "and no run of this job has ended yet" : "far longer than others take"),
         program ? std::optional(advice) : std::nullopt);
  }

  // Parts with which agents were lost repeatedly, and what happens to them.
  void tell_suspects() {
    const Evidence* most = nullptr;
    Range where;
    for (const auto& [begin, span] : job_.ledger.spans()) {
      const auto* free = std::get_if<Free>(&span.state);
      const auto* leased = std::get_if<Leased>(&span.state);
      const Evidence* known = free != nullptr     ? &free->evidence
                              : leased != nullptr ? &leased->evidence
                                                  : nullptr;
      if (known == nullptr || known->losses < 2 || (most != nullptr && known->losses <= most->losses))
        continue;
      most = known;
      where = {leased != nullptr ? leased->upto : begin, span.end};
    }
    if (most == nullptr) return;
    const std::string seen = fmt::format("{} lost while {} of it was computed",
                                         counted(most->losses, "agent was", "agents were"), to_text(where));
    const std::uint32_t limit = job_.row.spec.crash_limit;
    if (limit > 0 && most->losses < limit) {
      return tell(Cause::suspect,
                  fmt::format("{}; it is tried alone, and given up after {} such losses.", seen, limit),
                  "Check those agents' machines: lack of memory is the usual cause.");
    }
    tell(Cause::suspect,
         seen + (limit == 0
                     ? "; with --crash-limit never it is retried without end."
                     : ", which chance explains: this fleet often loses agents during runs of that length."),
         "Shorter runs lose less: cut the work smaller, or use machines that last longer.");
  }

  static std::string counted(std::uint32_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  }

  static std::string_view was(std::size_t count) { return count == 1 ? "was" : "were"; }

  const Core& core_;
  const Job& job_;
  Now now_;
  std::uint64_t id_;
  JobReport report_;
  std::vector<const Agent*> takes_work_;
  std::vector<std::string> silent_;
  std::vector<std::string> draining_;
  std::uint64_t slots_ = 0;
  std::uint64_t slots_idle_ = 0;
  std::vector<Reason> reasons_;
};

}  // namespace

Explanation explain(const Core& core, const Job& job, Now now) {
  return Explainer(core, job, now).explanation();
}

}  // namespace pq::core
