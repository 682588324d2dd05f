#include "daemon/core/proof/invariants.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <variant>

#include "common/values/text.h"
#include "daemon/core/ledger.h"
#include "daemon/core/limits.h"
#include "daemon/core/proof/bookkeeping.h"

namespace pq::core {
namespace {

struct Sums {
  std::uint64_t done = 0, failed = 0, leased = 0, free = 0;  // integers
  Folded value;
};

// Folds the rows in order, independently of the ledger.
Sums add_up(const SpanRows& spans, Fold how) {
  Sums sums;
  const auto take = [&](const std::optional<Value>& value) {
    if (sums.value.fits) sums.value = fold_present(how, sums.value.value, value);
  };
  for (const auto& [key, span] : spans) {
    const std::uint64_t width = span.end - key.begin;
    if (const auto* done = std::get_if<Done>(&span.state)) {
      sums.done += width;
      take(done->value);
    } else if (const auto* leased = std::get_if<Leased>(&span.state)) {
      sums.done += leased->upto - key.begin;
      sums.leased += span.end - leased->upto;
      take(leased->value);
    } else if (std::holds_alternative<Failed>(span.state)) {
      sums.failed += width;
    } else {
      sums.free += width;
    }
  }
  return sums;
}

Finding tiling(const JobRow& job, const SpanRows& spans) {
  std::uint64_t at = job.spec.range.begin;
  for (const auto& [key, span] : spans) {
    if (key.begin != at) {
      return {"tiling", false,
              "a " + std::string(key.begin > at ? "gap" : "overlap") + " at " +
                  std::to_string(std::min(at, key.begin))};
    }
    if (span.end <= key.begin) return {"tiling", false, "an empty span at " + std::to_string(key.begin)};
    at = span.end;
  }
  if (at != job.spec.range.end) return {"tiling", false, "the spans end at " + std::to_string(at)};
  return {"tiling", true,
          count_of(spans.size(), "span") + (spans.size() == 1 ? " covers " : " cover ") +
              to_text(job.spec.range) + " exactly once, " + count_of(job.spec.range.width(), "integer") +
              ", without gap or overlap"};
}

Finding one_holder(const JobRow& job, const SpanRows& spans) {
  std::set<LeaseId> seen;
  for (const auto& [key, span] : spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    if (!seen.insert(leased->lease).second)
      return {"one_holder", false, "lease " + to_text(leased->lease) + " has two spans"};
    if (leased->upto < key.begin || leased->upto > span.end) {
      return {"one_holder", false, "lease " + to_text(leased->lease) + " is committed outside of itself"};
    }
    if (has_ended(job.state))
      return {"one_holder", false, "lease " + to_text(leased->lease) + " of a job that has ended"};
  }
  if (seen.empty()) return {"one_holder", true, "no live leases"};
  return {"one_holder", true, count_of(seen.size(), "live lease") + ", each with one span and one holder"};
}

std::string text_of(const std::optional<Value>& value) { return value ? to_text(*value) : "nothing"; }

Finding value_is_fold(const Sums& sums, const std::optional<Value>& claimed, Fold how) {
  if (how == Fold::none || !sums.value.fits) {
    const std::string why = how == Fold::none ? "its fold is none, so it has no value"
                                              : "its parts fold to more than fits, so it has no value";
    return {"value_is_fold", !claimed, claimed ? why + ", and the head says " + to_text(*claimed) : why};
  }
  const std::optional<Value>& folded = sums.value.value;
  const bool holds = folded.has_value() == claimed.has_value() && (!folded || same(*folded, *claimed));
  return {"value_is_fold", holds,
          "the stored parts fold to " + text_of(folded) +
              (holds ? ", and so says the head" : ", and the head says " + text_of(claimed))};
}

// A part that was counted without its value would be missing from the total, and no sum would show it.
Finding parts_have_values(const SpanRows& spans, Fold how) {
  for (const auto& [key, span] : spans) {
    const auto* done = std::get_if<Done>(&span.state);
    const auto* leased = std::get_if<Leased>(&span.state);
    if (done == nullptr && leased == nullptr) continue;
    const bool is_counted = done != nullptr || leased->upto > key.begin;
    const bool has_value = done != nullptr ? done->value.has_value() : leased->value.has_value();
    if (has_value != (is_counted && how != Fold::none)) {
      return {"parts_have_values", false,
              "the part at " + std::to_string(key.begin) + (has_value ? " has a value" : " has no value")};
    }
  }
  return {"parts_have_values", true,
          how == Fold::none ? "its fold is none, and no part has a value"
                            : "each part that is counted has its value, and no other one has"};
}

Finding state_fits(const JobRow& job, const Sums& sums) {
  const bool is_whole = sums.free == 0 && sums.leased == 0;
  const bool holds =
      job.state == JobState::done ? is_whole && sums.failed == 0 : has_ended(job.state) || !is_whole;
  return {"state_fits", holds,
          "the job is " + std::string(to_text(job.state)) + ": " + count_of(sums.done, "integer") +
              " done, " + std::to_string(sums.leased) + " leased, " + std::to_string(sums.free) + " free, " +
              std::to_string(sums.failed) + " failed"};
}

// Two spans that should be one: free ones without evidence, or done ones. Heads before exact sums kept done
// spans apart if their sum did not fit into one number.
bool are_alike(const SpanState& left, const SpanState& right, Fold how) {
  const auto* left_free = std::get_if<Free>(&left);
  const auto* right_free = std::get_if<Free>(&right);
  if (left_free && right_free) return left_free->evidence.is_none() && right_free->evidence.is_none();
  const auto* left_done = std::get_if<Done>(&left);
  const auto* right_done = std::get_if<Done>(&right);
  if (!left_done || !right_done) return false;
  const Folded both = fold_present(how, left_done->value, right_done->value);
  return both.fits && (!both.value || rounded(*both.value));
}

Finding neighbours_are_joined(const SpanRows& spans, Fold how) {
  for (auto right = spans.begin(); right != spans.end(); ++right) {
    if (right == spans.begin()) continue;
    if (are_alike(std::prev(right)->second.state, right->second.state, how)) {
      return {"neighbours_are_joined", false,
              "two spans that should be one meet at " + std::to_string(right->first.begin)};
    }
  }
  return {"neighbours_are_joined", true, "no two free spans meet, and no two done ones"};
}

// What its express places hold is bounded, and holds none of its slots.
std::optional<std::string> broken_express(const Queue& queue, const Agent& agent) {
  std::uint32_t counts = 0;
  std::uint32_t programs = 0;
  for (const LeaseId id : agent.leases) {
    const Lease& lease = *queue.leases().find(id);
    if (!lease.express_s) continue;
    const JobSpec& spec = queue.jobs().at(lease.job).row.spec;
    (spec.program ? programs : counts) += 1;
    const bool is_asked_for = spec.program && spec.program->express;
    if (lease.cpus != 0 || (spec.program && !is_asked_for))
      return "express_is_no_slot: lease " + to_text(id) + " does not belong on an express place";
  }
  if (counts != agent.express.counts || programs != agent.express.programs)
    return "express_is_no_slot: the express places of " + agent.row.name + " are miscounted";
  if (counts > limits::express_counts_max || programs > 1)
    return "express_is_no_slot: the express places of " + agent.row.name + " hold too much";
  return std::nullopt;
}

std::optional<std::string> broken_ledger(const Job& job) {
  SpanRows rows;
  for (const auto& [begin, span] : job.ledger.spans()) rows[{job.row.id, begin}] = span;
  for (const Finding& finding : examine(job.row, rows, job.ledger.value())) {
    if (!finding.holds)
      return finding.invariant + " of job " + std::to_string(job.row.id.value) + ": " + finding.detail;
  }
  const Finding counters = counters_fit(job.row, rows);
  if (!counters.holds)
    return counters.invariant + " of job " + std::to_string(job.row.id.value) + ": " + counters.detail;
  const Sums sums = add_up(rows, job.row.spec.fold);
  if (sums.done != job.ledger.done() || sums.failed != job.ledger.failed()) {
    return "counted_once of job " + std::to_string(job.row.id.value) +
           ": the running counts differ from the spans'";
  }
  return std::nullopt;
}

// Recomputes each running count that a decision depends on.
std::optional<std::string> broken_count(const Queue& queue) {
  std::map<JobId, std::uint64_t> waiting;
  for (const auto& [id, lease] : queue.leases().all()) waiting[lease.job] += lease.collected.waiting_bytes();
  for (const auto& [id, job] : queue.jobs()) {
    const std::string name = "job " + std::to_string(id.value);
    if (job.output_waiting != waiting[id])
      return "collected_bytes_fit: what waits for a commit of " + name + " is miscounted";
    if (job.row.failures_forgiven > job.row.attempts_failed)
      return "counters_fit: more failures of " + name + " are forgiven than there were";
    for (const AgentId agent : job.measured_by) {
      const auto found = queue.roster().all().find(agent);
      if (found == queue.roster().all().end() || !found->second.paces.contains(id))
        return "counters_fit: " + name + " was measured by an agent that says so no more";
    }
  }
  if (auto miscounted = queue.roster().miscounted()) return "counters_fit: " + *miscounted;
  if (auto miscounted = queue.core().files.miscounted()) return "counters_fit: " + *miscounted;
  if (!queue.core().waits.are_counted()) return "counters_fit: the clients that wait are miscounted";
  return std::nullopt;
}

// Recomputes each job's rank from its spans and leases, and compares it.
std::optional<std::string> broken_rank(const Queue& queue) {
  std::map<JobId, std::size_t> leaving;
  for (const auto& [id, lease] : queue.leases().all())
    leaving[lease.job] += lease.leaving && !lease.express_s;
  for (const auto& [id, job] : queue.jobs()) {
    Claim claim{.priority = job.row.spec.priority,
                .demand = demand_of(job.row.spec),
                .leaving = leaving[id],
                .submitter = job.row.submitter};
    for (const auto& [begin, span] : job.ledger.spans()) {
      const auto* leased = std::get_if<Leased>(&span.state);
      if (leased != nullptr && !queue.leases().find(leased->lease)->express_s) claim.leases += 1;
      if (std::holds_alternative<Free>(span.state)) claim.is_hungry = job.row.state != JobState::paused;
    }
    const Claim* ranked = queue.shares().claim(id);
    const bool is_ranked_so = ranked != nullptr && *ranked == claim;
    if (has_ended(job.row.state) ? ranked != nullptr : !is_ranked_so)
      return "ranks_are_true: job " + std::to_string(id.value) + " stands where it does not belong";
  }
  if (auto miscounted = queue.shares().miscounted()) return "ranks_are_true: " + *miscounted;
  return std::nullopt;
}

}  // namespace

std::vector<Finding> examine(const JobRow& job, const SpanRows& spans) {
  const Sums sums = add_up(spans, job.spec.fold);
  const Fold how = job.spec.fold;
  return {tiling(job, spans), one_holder(job, spans), parts_have_values(spans, how), state_fits(job, sums),
          neighbours_are_joined(spans, how)};
}

std::vector<Finding> examine(const JobRow& job, const SpanRows& spans, const std::optional<Value>& claimed) {
  std::vector<Finding> findings = examine(job, spans);
  findings.push_back(value_is_fold(add_up(spans, job.spec.fold), claimed, job.spec.fold));
  return findings;
}

Finding value_exists(const JobRow& job, const SpanRows& spans) {
  const Folded total = add_up(spans, job.spec.fold).value;
  if (job.spec.fold == Fold::none) return {"value_is_fold", true, "its fold is none, so it has no value"};
  const bool must_exist = job.state == JobState::done;
  const bool is_shown = total.value && rounded(*total.value);
  return {"value_is_fold", is_shown || !must_exist,
          total.fits ? "the stored parts fold to " + text_of(total.value)
                     : "the stored parts fold to more than fits"};
}

std::optional<std::string> broken_invariant(const Queue& queue) {
  std::size_t spans_leased = 0;
  for (const auto& [id, job] : queue.jobs()) {
    if (auto broken = broken_ledger(job)) return broken;
    spans_leased += job.ledger.leases();
  }
  std::size_t held = 0;
  for (const auto& [id, agent] : queue.roster().all()) {
    held += agent.leases.size();
    std::uint64_t slots = 0;
    for (const LeaseId lease : agent.leases) slots += queue.leases().find(lease)->cpus;
    for (const LeaseId copy : agent.copies) slots += queue.copies().at(copy).cpus;
    if (slots != agent.slots_busy) return "one_holder: the slots of " + agent.row.name + " are miscounted";
    if (auto broken = broken_express(queue, agent)) return broken;
  }
  if (spans_leased != queue.leases().all().size() || held != spans_leased)
    return "one_holder: spans, leases and holders differ in number";
  for (const auto& [id, lease] : queue.leases().all()) {
    const Leased* leased = queue.jobs().at(lease.job).ledger.leased_at(lease.begin);
    if (leased == nullptr || leased->lease != id || leased->agent != lease.agent ||
        !queue.roster().at(lease.agent).leases.contains(id)) {
      return "one_holder: lease " + to_text(id) + " is not where it says";
    }
  }
  for (const auto& [id, copy] : queue.copies()) {
    const Lease* original = queue.leases().find(copy.original);
    const Ledger& ledger = queue.jobs().at(copy.job).ledger;
    if (original == nullptr || original->agent == copy.agent ||
        !queue.roster().at(copy.agent).copies.contains(id) ||
        copy.range != Range{ledger.leased_at(original->begin)->upto, ledger.end_of(original->begin)}) {
      return "one_holder: copy " + to_text(id) + " is of nothing";
    }
  }
  if (auto broken = broken_count(queue)) return broken;
  return broken_rank(queue);
}

}  // namespace pq::core
