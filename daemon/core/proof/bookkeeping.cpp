#include "daemon/core/proof/bookkeeping.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "common/values/text.h"

namespace pq::core {
namespace {

constexpr std::size_t holders_named_max = 4;  // in one finding: the others are counted

struct Counts {
  std::uint64_t live = 0;              // leases
  std::uint64_t given_up = 0;          // integers, after failed attempts alone
  std::uint64_t attempts_highest = 0;  // of one span
  bool is_untouched = true;            // all is free, and no program has failed on it
};

Counts count(const SpanRows& spans) {
  Counts counts;
  const auto attempts = [&](std::uint32_t failed) {
    counts.attempts_highest = std::max<std::uint64_t>(counts.attempts_highest, failed);
  };
  for (const auto& [key, span] : spans) {
    if (const auto* free = std::get_if<Free>(&span.state)) attempts(free->evidence.attempts_failed);
    if (const auto* leased = std::get_if<Leased>(&span.state)) {
      counts.live += 1;
      attempts(leased->evidence.attempts_failed);
    }
    if (const auto* failed = std::get_if<Failed>(&span.state)) {
      if (failed->evidence.losses == 0) counts.given_up += span.end - key.begin;
      attempts(failed->evidence.attempts_failed);
    }
    counts.is_untouched = counts.is_untouched && std::holds_alternative<Free>(span.state);
  }
  return counts;
}

// Leases that were computed to their end or given back. Nothing: more have ended than were granted.
std::optional<std::uint64_t> leases_ended_well(const JobRow& job, const Counts& counts) {
  std::uint64_t left = job.leases.granted;
  for (const std::uint64_t others : {counts.live, job.leases.expired, job.attempts_failed}) {
    if (others > left) return std::nullopt;
    left -= others;
  }
  return left;
}

// The fewest leases that can hold so many integers: each holds at most the job's width.
std::uint64_t leases_for(std::uint64_t integers, const JobRow& job) {
  const std::uint64_t width = std::max<std::uint64_t>(job.spec.range.width(), 1);
  return integers / width + (integers % width == 0 ? 0 : 1);
}

// The first contradiction; empty: there is none.
std::string contradiction(const JobRow& job, const Counts& counts) {
  if (!leases_ended_well(job, counts)) {
    return count_of(job.leases.granted, "lease") + " granted are fewer than " + std::to_string(counts.live) +
           " live, " + std::to_string(job.leases.expired) + " expired and " +
           std::to_string(job.attempts_failed) + " ended by a failure";
  }
  if (job.leases.granted == 0 && !counts.is_untouched)
    return "no lease was ever granted, and not all is free";
  if (job.started_unix_ms.has_value() != (job.leases.granted > 0))
    return job.started_unix_ms ? "it has started without a lease" : "it has leases and has not started";
  if (job.finished_unix_ms.has_value() != has_ended(job.state)) {
    return "it is " + std::string(to_text(job.state)) +
           (job.finished_unix_ms ? " and has a time of its end" : " and has no time of its end");
  }
  if (job.attempts_failed < std::max(counts.given_up, counts.attempts_highest)) {
    return count_of(job.attempts_failed, "failed attempt") + " for " + count_of(counts.given_up, "integer") +
           " given up, one part after " + std::to_string(counts.attempts_highest);
  }
  if (job.failures_forgiven > job.attempts_failed) {
    return count_of(job.failures_forgiven, "failed attempt") + " forgiven, of " +
           std::to_string(job.attempts_failed);
  }
  if (leases_for(job.discarded, job) > job.leases.granted) {
    return count_of(job.discarded, "integer") + " discarded, of " + count_of(job.leases.granted, "lease");
  }
  if (leases_for(job.recomputed, job) > job.leases.expired) {
    return count_of(job.recomputed, "integer") + " recomputed, of " +
           count_of(job.leases.expired, "expired lease");
  }
  return "";
}

// "vm-1 holds 2, vm-2 holds 1, 3 other agents 7"
std::string holders_text(const std::map<AgentId, std::uint64_t>& leases_of,
                         const std::map<AgentId, AgentRow>& agents) {
  std::string text;
  std::size_t named = 0;
  std::uint64_t held_by_others = 0;
  for (const auto& [agent, leases] : leases_of) {
    if (named == holders_named_max) {
      held_by_others += leases;
      continue;
    }
    text += (named++ == 0 ? "" : ", ") + agents.at(agent).name + " holds " + std::to_string(leases);
  }
  if (held_by_others > 0) {
    text += ", " + count_of(leases_of.size() - named, "other agent") + " " + std::to_string(held_by_others);
  }
  return text;
}

Finding lease_ids_never_repeat(const Stored& stored) {
  std::map<LeaseId, SpanKey> seen;
  std::set<Epoch> epochs;
  for (const auto& [key, span] : stored.spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    const auto [first, is_new] = seen.emplace(leased->lease, key);
    if (!is_new) {
      return {"lease_ids_never_repeat", false,
              "lease " + to_text(leased->lease) + " lives in job " + std::to_string(first->second.job.value) +
                  " and in job " + std::to_string(key.job.value)};
    }
    epochs.insert(leased->lease.epoch);
    if (!stored.epochs.contains(leased->lease.epoch)) {
      return {"lease_ids_never_repeat", false,
              "lease " + to_text(leased->lease) + " of job " + std::to_string(key.job.value) +
                  " is of an epoch that no head has noted"};
    }
  }
  if (seen.empty()) return {"lease_ids_never_repeat", true, "no live leases"};
  return {"lease_ids_never_repeat", true,
          count_of(seen.size(), "live lease") + ", no id twice, granted in " + std::to_string(epochs.size()) +
              " of " + count_of(stored.epochs.size(), "stored epoch")};
}

Finding holders_are_known(const Stored& stored) {
  std::map<AgentId, std::uint64_t> leases_of;
  for (const auto& [key, span] : stored.spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    if (!stored.agents.contains(leased->agent)) {
      return {"holders_are_known", false,
              "lease " + to_text(leased->lease) + " of job " + std::to_string(key.job.value) +
                  " is held by agent " + std::to_string(leased->agent.value) +
                  ", and there is no such agent"};
    }
    leases_of[leased->agent] += 1;
  }
  if (leases_of.empty()) return {"holders_are_known", true, "no live leases, so nobody holds one"};
  return {"holders_are_known", true, "of the live leases " + holders_text(leases_of, stored.agents)};
}

}  // namespace

Finding counters_fit(const JobRow& job, const SpanRows& spans) {
  const Counts counts = count(spans);
  if (const std::string wrong = contradiction(job, counts); !wrong.empty())
    return {"counters_fit", false, wrong};
  return {"counters_fit", true,
          count_of(job.leases.granted, "lease") + " granted: " + std::to_string(counts.live) + " live, " +
              std::to_string(job.leases.expired) + " expired, " + std::to_string(job.attempts_failed) +
              " ended by a failure, " + std::to_string(*leases_ended_well(job, counts)) +
              " computed or given back; " + count_of(job.recomputed, "integer") + " recomputed"};
}

std::vector<Finding> examine_leases(const Stored& stored) {
  return {lease_ids_never_repeat(stored), holders_are_known(stored)};
}

}  // namespace pq::core
