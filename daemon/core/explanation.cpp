#include "daemon/core/explanation.h"

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

#include "common/duration.h"
#include "common/figures.h"
#include "common/limits.h"
#include "common/text.h"
#include "daemon/core/placement.h"

namespace pq {
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
  Explainer(const Queue& queue, const Job& job, Now now)
      : queue_(queue), job_(job), now_(now), id_(job.row.id.value), report_(queue.whole_report(job)) {
    for (const auto& [id, agent] : queue.roster().all()) {
      if (agent.gone) continue;
      if (agent.takes_work()) {
        takes_work_.push_back(&agent);
        slots_ += agent.row.slots;
        slots_idle_ += agent.slots_idle();
      } else if (!agent.peer || agent.quiet) {
        silent_.push_back(agent.row.name);
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
      if (job_.ledger.leases() == 0) tell_waiting();
      tell_failures();
      if (job_.ledger.leases() > 0) {
        tell_silent_holders();
        tell_sharing();
        tell_slow_agents();
      }
      tell_losses();
      if (job_.ledger.leases() > 0) tell_running();
    }
    if (reasons_.size() > limits::reasons_max) reasons_.resize(limits::reasons_max);
    return {job_.row.id, job_.row.state, std::move(reasons_)};
  }

 private:
  void tell(std::string_view word, std::string text, std::optional<std::string> advice = std::nullopt) {
    reasons_.push_back({std::string(word), std::move(text), std::move(advice)});
  }

  // ---- ended, paused

  void tell_end() {
    const auto took = time_taken(report_);
    const std::string time = took ? " after " + to_text(*took) : "";
    switch (job_.row.state) {
      case JobState::done:
        tell("done", fmt::format("It is done{}.", time));
        break;
      case JobState::cancelled:
        tell("cancelled", fmt::format("It was cancelled{}; what was computed of it is kept.", time),
             "Submit it again to compute all of it.");
        break;
      default:
        tell("failed",
             sentence_of(fmt::format("It has failed{}: {}", time,
                                     printable(job_.row.error.value_or("no reason is known")))),
             advice_on_failure());
    }
    if (job_.row.state == JobState::cancelled) tell_failed_spans();  // else the error has said it
  }

  void tell_paused() {
    tell("paused",
         job_.ledger.leases() > 0 ? "It is paused; what runs of it ends with its present step."
                                  : "It is paused: nothing of it is computed.",
         fmt::format("pq-resume {} lets it go on.", id_));
    tell_failures();
  }

  // ---- nothing of it runs

  void tell_waiting() {
    if (takes_work_.empty()) return tell_no_agents();
    if (const auto unplaced = why_unplaced(queue_.roster(), job_.demand)) return tell_unplaced(*unplaced);
    if (job_.gathers_on) {
      return tell("slots_kept",
                  fmt::format("A step of it needs {} slots of one agent: those of {} are kept for it as they "
                              "become idle.",
                              job_.demand.cpus, printable(queue_.roster().at(*job_.gathers_on).row.name)));
    }
    if (tell_priority()) return;
    if (has_failed_parts()) {
      return tell("retry_elsewhere",
                  "What is left of it has failed before: it is tried again in smaller parts, and by another "
                  "agent where there is one.",
                  fmt::format("pq-logs {} --failed shows what the program printed.", id_));
    }
    tell("shares",
         fmt::format("All {} in use by other jobs of its priority; slots become its own within seconds.",
                     slots_ == 1 ? "of the one slot is" : fmt::format("{} slots are", slots_)));
  }

  void tell_no_agents() {
    const Duration up = now_.instant - queue_.began_at();
    if (!silent_.empty() && up < limits::restart_term) {
      return tell(
          "head_restarted",
          fmt::format("The head started {} and waits for {} that it knew, {}.", ago(up),
                      count_of(silent_.size(), "agent"), list_of(silent_)),
          fmt::format("Agents come back by themselves, usually within {}.", to_text(limits::restart_term)));
    }
    if (!draining_.empty() && silent_.empty()) {
      return tell(
          "agents_drain",
          fmt::format("No agent takes new work: {} {} draining.", list_of(draining_), are(draining_.size())),
          "Start others; their machines may have been told that they end.");
    }
    if (!silent_.empty()) {
      return tell(
          "agents_silent",
          fmt::format("No agent takes work: {} {} silent.", list_of(silent_), are(silent_.size())),
          "Look whether their machines are up and reach the head; what they hold becomes free when they "
          "stay silent.");
    }
    std::string last;
    queue_.events().visit_newest([&](const EventEntry& event) {
      if (event.what != to_text(Happening::agent_lost) && event.what != to_text(Happening::agent_left))
        return true;
      last = fmt::format(" The last one, {}, {} {}.", printable(event.agent.value_or("")),
                         event.what == to_text(Happening::agent_lost) ? "was lost" : "left",
                         ago(event.unix_ms, now_));
      return false;
    });
    tell("no_agents", "No agent is there that takes work." + last,
         "Start one: pq-agent on this machine, or a cloud worker with the document that pq-user-data agent "
         "prints.");
  }

  // It says what is wrong, a colon, and what to do.
  void tell_unplaced(const std::string& why) {
    const auto colon = why.find(": ");
    if (colon == std::string::npos) return tell("unplaced", sentence_of(why));
    tell("unplaced", sentence_of(why.substr(0, colon)), sentence_of(why.substr(colon + 2)));
  }

  // Whether jobs of higher priority hold slots that it could use.
  bool tell_priority() {
    std::uint64_t slots = 0;
    std::vector<std::string> jobs;
    std::int32_t highest = job_.row.spec.priority;
    for (const Rank& holder : queue_.shares().holders()) {
      if (holder.priority <= job_.row.spec.priority) continue;
      slots += holder.slots;
      highest = std::max(highest, holder.priority);
      jobs.push_back(std::to_string(holder.job.value));
    }
    if (jobs.empty()) return false;
    tell("priority",
         fmt::format("Jobs of higher priority go first: {} of {} slots are held by {} {}.", slots, slots_,
                     jobs.size() == 1 ? "job" : "jobs", list_of(jobs)),
         fmt::format("pq-priority {} {} puts it beside them; or start more agents.", id_, highest));
    return true;
  }

  // ---- it runs

  void tell_sharing() {
    if (!job_.ledger.has_free() || slots_idle_ > 0) return;
    if (tell_priority()) return;
    std::size_t others = 0;
    for (const Rank& holder : queue_.shares().holders()) others += holder.job != job_.row.id ? 1 : 0;
    if (others == 0) return;
    tell("shares",
         fmt::format("It shares {} with {}: {} {} its own.", count_of(slots_, "slot"),
                     count_of(others, "job"), report_.slots_busy, are(report_.slots_busy)),
         advice_to_go_first());
  }

  // None is higher than the highest.
  std::string advice_to_go_first() const {
    const std::int32_t priority = job_.row.spec.priority;
    if (priority == std::numeric_limits<std::int32_t>::max()) return "Start more agents.";
    return fmt::format("pq-priority {} {} would put it first; or start more agents.", id_, priority + 1);
  }

  // Who holds a part of it and has missed a beat or two: nobody knows yet whether that part goes on.
  void tell_silent_holders() {
    std::vector<std::string> names;
    Duration longest{0};
    for (const AgentId id : holders()) {
      const Agent& agent = queue_.roster().at(id);
      const Duration silence = now_.instant - agent.heard_at;
      if (silence <= queue_.silent_after()) continue;
      names.push_back(agent.row.name);
      longest = std::max(longest, silence);
    }
    if (names.empty()) return;
    tell("silent_holder",
         fmt::format("{} {} a part of it and {} not been heard{}.", list_of(names),
                     names.size() == 1 ? "holds" : "hold", names.size() == 1 ? "has" : "have",
                     names.size() == 1 ? " for " + to_text(longest) : ""),
         "What a silent agent holds is free again at the end of its lease's term, unless it is heard before; "
         "look whether its machine is up.");
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
    tell("slow_agent",
         fmt::format("{} {} slow: {:.3g} integers a second on a slot where the median is {:.3g}.",
                     list_of(slow), are(slow.size()), speeds.front().per_slot_s, median),
         fmt::format(
             "It gets narrower leases, and idle slots take over from it; pq-agents drain {} sends it away.",
             printable(slow.front())));
  }

  void tell_running() {
    const auto left = eta_s(report_);
    const std::string time = left ? fmt::format(", about {} left", to_text(from_seconds(*left))) : "";
    if (!job_.ledger.has_free() && slots_idle_ > 0) {
      tell("tail",
           fmt::format(
               "Nothing of it is free any more: its last {} running{}, and split for idle slots where "
               "that makes it end sooner.",
               job_.ledger.leases() == 1 ? "lease is" : fmt::format("{} leases are", job_.ledger.leases()),
               time));
      return;
    }
    const std::size_t agents = holders().size();
    const std::string text = fmt::format("It runs on {} of {}{}.", count_of(report_.slots_busy, "slot"),
                                         count_of(agents, "agent"), time);
    const bool has_all = report_.slots_busy >= slots_ && slots_ > 0;
    tell("runs", text,
         has_all ? std::optional("It has all slots that there are: more agents would end it sooner.")
                 : std::nullopt);
  }

  std::set<AgentId> holders() const {
    std::set<AgentId> agents;
    for (const auto& [begin, span] : job_.ledger.spans()) {
      if (const auto* leased = std::get_if<Leased>(&span.state)) agents.insert(leased->agent);
    }
    return agents;
  }

  // ---- what goes wrong on the way

  void tell_failures() {
    tell_failed_spans();
    const std::uint64_t counted = job_.row.attempts_failed - job_.row.failures_forgiven;
    if (counted == 0) return;
    const std::string words = job_.last_words.empty() ? "" : ", the last with: " + printable(job_.last_words);
    tell("failing",
         sentence_of(fmt::format("{} failed; beyond {} it is given up{}", count_of(counted, "attempt"),
                                 job_.row.spec.failures_max, words)),
         fmt::format("pq-logs {} --failed shows what the program printed.", id_));
  }

  void tell_failed_spans() {
    if (job_.ledger.failed() == 0 || report_.failed_spans.empty()) return;
    const FailedSpan& first = report_.failed_spans.front();
    tell("failed_spans",
         sentence_of(fmt::format("{} failed for good, the first at {} with: {}",
                                 count_of(job_.ledger.failed(), "integer"), first.range.begin,
                                 printable(first.error))),
         advice_on_failure());
  }

  std::string advice_on_failure() const {
    return fmt::format("pq-logs {0} --failed shows what the program printed; pq-retry {0} tries it again.",
                       id_);
  }

  bool has_failed_parts() const {
    const auto& spans = job_.ledger.spans();
    return std::any_of(spans.begin(), spans.end(), [](const auto& span) {
      const auto* free = std::get_if<Free>(&span.second.state);
      return free != nullptr && free->attempts_failed > 0;
    });
  }

  void tell_losses() {
    const UnixMs since =
        now_.unix_ms - std::chrono::duration_cast<std::chrono::milliseconds>(limits::recent).count();
    std::vector<std::string> lost;
    std::vector<std::string> warned;
    std::size_t expired = 0;
    queue_.events().visit_newest([&](const EventEntry& event) {
      if (event.unix_ms < since) return false;
      if (event.what == to_text(Happening::agent_lost)) lost.push_back(event.agent.value_or(""));
      if (event.what == to_text(Happening::agent_warned)) warned.push_back(event.agent.value_or(""));
      if (event.what == to_text(Happening::lease_expired) && event.job == job_.row.id) expired += 1;
      return true;
    });
    if (expired == 0 && warned.empty() && (lost.empty() || job_.ledger.leases() > 0)) return;
    std::string text = fmt::format("In the last {}", to_text(limits::recent));
    if (!lost.empty()) {
      text +=
          fmt::format(" {} {} lost ({})", count_of(lost.size(), "agent"), was(lost.size()), list_of(lost));
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
    tell("losses", text + "; what was committed is kept, the rest is computed again.",
         "The total is not affected. Spot machines of more types and zones are interrupted less often.");
  }

  static std::string_view was(std::size_t count) { return count == 1 ? "was" : "were"; }

  const Queue& queue_;
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

Explanation explain(const Queue& queue, const Job& job, Now now) {
  return Explainer(queue, job, now).explanation();
}

}  // namespace pq
