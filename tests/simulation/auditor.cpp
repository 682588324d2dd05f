#include "tests/simulation/auditor.h"

#include <fmt/format.h>

#include <optional>
#include <variant>

#include "common/wire.h"
#include "daemon/core/invariants.h"
#include "tests/simulation/truth.h"
#include "tests/unit/stored_rows.h"

namespace pq::simulation {
namespace {

template <class... Parts>
[[noreturn]] void broken(fmt::format_string<Parts...> text, Parts&&... parts) {
  throw Broken{fmt::format(text, std::forward<Parts>(parts)...)};
}

std::string text_of(const std::optional<Value>& value) { return value ? to_text(*value) : "nothing"; }

void check_value(const JobRow& job, const Range& part, const std::optional<Value>& value) {
  const std::optional<Value> expected = truth(job.spec, part);
  if (value.has_value() == expected.has_value() && (!value || same(*value, *expected))) return;
  broken("counted_once: {} of job {} has the value {} and not {}", to_text(part), job.id.value,
         text_of(value), text_of(expected));
}

// Each message is checked against what is stored at the moment it is sent.
struct Told {
  const Stored& stored;

  void operator()(const Orders& orders) const {
    for (const LeaseOrder& order : orders.leases) {
      const auto span = stored.spans.find({order.job, order.range.begin});
      const Leased* leased = span == stored.spans.end() ? nullptr : std::get_if<Leased>(&span->second.state);
      if (leased == nullptr || leased->lease != order.lease || span->second.end != order.range.end)
        broken("acknowledged_is_durable: lease {} was told and is not stored so", to_text(order.lease));
    }
  }
  void operator()(const Submitted& submitted) const {
    if (!stored.jobs.contains(submitted.job))
      broken("acknowledged_is_durable: job {} was acknowledged and is not stored", submitted.job.value);
  }
  void operator()(const JobReport& report) const {
    if (!has_ended(report.state)) return;
    const auto job = stored.jobs.find(report.job);
    if (job == stored.jobs.end() || job->second.state != report.state) {
      broken("acknowledged_is_durable: job {} was told to be {}, which is not stored", report.job.value,
             to_text(report.state));
    }
  }
  template <class Other>
  void operator()(const Other& /*promises nothing*/) const {}
};

}  // namespace

void Auditor::sees_end(const Model& model) {
  for (const auto& [id, job] : model.rows.jobs) {
    if (job.spec.program && job.spec.program->collects) check_outputs(model, job);
    tally.expired += job.leases.expired;
    tally.yielded += job.leases.yielded;
    tally.failed_attempts += job.attempts_failed;
  }
  tally.collected += model.outputs.size();
}

// Of each integer that is counted the output is there once, and of no other one.
void Auditor::check_outputs(const Model& model, const JobRow& job) {
  auto row = model.outputs.lower_bound({job.id, 0, 0, LeaseId{}});
  const auto end =
      model.outputs.upper_bound({job.id, UINT64_MAX, UINT64_MAX, LeaseId{{UINT64_MAX}, UINT64_MAX}});
  for (const auto& [key, span] : spans_of(model.rows, job.id)) {
    if (!std::holds_alternative<Done>(span.state)) continue;
    for (std::uint64_t at = key.begin; at < span.end; ++row) {
      if (row == end) broken("collected_once: of job {} the output from {} on is missing", job.id.value, at);
      const OutputEntry& entry = row->second.entry;
      if (entry.run.begin != at || entry.run.end > span.end || entry.text.data != printed(entry.run)) {
        broken("collected_once: of job {} the output of {} stands where that from {} on should", job.id.value,
               to_text(entry.run), at);
      }
      at = entry.run.end;
    }
  }
  if (row != end) {
    broken("collected_once: of job {} the output of {} is there, and it is not counted", job.id.value,
           to_text(row->second.entry.run));
  }
}

void Tally::add(const Tally& other) {
  turns += other.turns;
  commits += other.commits;
  leases += other.leases;
  expired += other.expired;
  yielded += other.yielded;
  failed_attempts += other.failed_attempts;
  collected += other.collected;
  heads += other.heads;
  restores += other.restores;
  faults += other.faults;
}

void Auditor::sees_commit(const Changes& changes, const Stored& stored) {
  tally.commits += 1;
  for (const auto& [key, span] : changes.spans) {
    const auto job = stored.jobs.find(key.job);
    if (span && job != stored.jobs.end()) check_span(key, *span, job->second);
  }
}

void Auditor::check_span(const SpanKey& key, const Span& span, const JobRow& job) {
  if (const auto* done = std::get_if<Done>(&span.state)) check_value(job, {key.begin, span.end}, done->value);
  const auto* leased = std::get_if<Leased>(&span.state);
  if (leased == nullptr) return;
  check_value(job, {key.begin, leased->upto}, leased->value);
  const Holder holder{key.job, leased->agent, key.begin};
  const auto [known, is_new] = holders_.try_emplace(leased->lease, holder);
  tally.leases += is_new ? 1 : 0;
  if (known->second != holder)
    broken("lease_ids_never_repeat: {} names a second lease", to_text(leased->lease));
}

void Auditor::sees_message(const std::string& bytes, const Stored& stored) {
  if (const auto to_agent = decode_to_agent(bytes)) return std::visit(Told{stored}, *to_agent);
  const auto to_client = decode_to_client(bytes);
  if (!to_client) broken("the head says what nobody understands: {}", sentence(to_client.error()));
  std::visit(Told{stored}, to_client->body);
}

void Auditor::sees_queue(const Queue& queue, const Stored& stored) {
  tally.turns += 1;
  if (!each_turn_) return;
  if (const auto rule = broken_invariant(queue)) throw Broken{*rule};
  check_progress(queue);
  check_nobody_idles(queue);
  if (tally.turns % 64 == 0) check_rows(queue, stored);
}

void Auditor::check_progress(const Queue& queue) {
  for (const auto& [id, job] : queue.jobs()) {
    std::uint64_t& before = done_[id];
    if (job.ledger.done() < before) {
      broken("progress_is_monotonic: of job {} {} integers were done, now {}", id.value, before,
             job.ledger.done());
    }
    before = job.ledger.done();
  }
}

void Auditor::check_nobody_idles(const Queue& queue) {
  const auto wants_work = [](const Job& job) {
    return !has_ended(job.row.state) && job.row.state != JobState::paused && job.ledger.has_free();
  };
  // Slots may be kept until they are enough for a step that needs several.
  for (const auto& [id, job] : queue.jobs()) {
    if (job.demand.cpus > 1 && wants_work(job)) return;
  }
  for (const auto& [agent_id, agent] : queue.roster().all()) {
    if (!agent.has_idle_slot()) continue;
    for (const auto& [id, job] : queue.jobs()) {
      if (job.records.contains(agent_id)) continue;  // others are to try first what has failed on it
      if (wants_work(job) && agent.can_compute(job.demand) && job.ledger.next_free(agent_id, true))
        broken("no_slot_idles: {} has one while job {} has free spans", agent.row.name, id.value);
    }
  }
}

// What a restarted head would find is what this one remembers.
void Auditor::check_rows(const Queue& queue, const Stored& stored) {
  std::string remembered;
  SpanRows spans;
  for (const auto& [id, job] : queue.jobs()) {
    remembered += pq::text_of(job.row);
    for (const auto& [begin, span] : job.ledger.spans()) spans.emplace(SpanKey{id, begin}, span);
  }
  for (const auto& [key, span] : spans) remembered += pq::text_of(key, span);
  std::string found;
  for (const auto& [id, row] : stored.jobs) found += pq::text_of(row);
  for (const auto& [key, span] : stored.spans) found += pq::text_of(key, span);
  if (remembered != found)
    broken("acknowledged_is_durable: stored is\n{}and the head remembers\n{}", found, remembered);
}

void Auditor::sees_start(const Stored& stored, bool is_backup) {
  tally.heads += 1;
  tally.restores += is_backup ? 1 : 0;
  std::map<JobId, std::uint64_t> done;
  for (const auto& [id, job] : stored.jobs) done[id] = 0;
  for (const auto& [key, span] : stored.spans) {
    if (std::holds_alternative<Done>(span.state)) done[key.job] += span.end - key.begin;
    if (const auto* leased = std::get_if<Leased>(&span.state)) done[key.job] += leased->upto - key.begin;
  }
  if (is_backup) done_.clear();
  for (const auto& [id, before] : done_) {
    if (!done.contains(id)) broken("acknowledged_is_durable: job {} is no longer stored", id.value);
    if (done.at(id) < before) {
      broken("acknowledged_is_durable: of job {} {} integers were done, stored are {}", id.value, before,
             done.at(id));
    }
  }
  done_ = std::move(done);
}

}  // namespace pq::simulation
