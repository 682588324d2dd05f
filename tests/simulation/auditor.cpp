#include "tests/simulation/auditor.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "common/protocol/wire.h"
#include "daemon/core/proof/invariants.h"
#include "daemon/core/proof/provenance_findings.h"
#include "tests/rooms.h"
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
  if (is_true(job.spec, part, value)) return;
  broken("counted_once: {} of job {} has the value {}, which is not true", to_text(part), job.id.value,
         text_of(value));
}

// Each message is checked against what is stored at the moment it is sent.
struct Told {
  const Stored& stored;

  void operator()(const Orders& orders) const {
    for (const LeaseOrder& order : orders.leases) {
      if (order.copy) continue;  // it counts once it is whole, and is stored then
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
    if (job == stored.jobs.end() && report.job <= stored.last_job)
      return;  // the last report of a forgotten one
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
    // A job whose client has its answer from before a restore may still run, with output that waits for a
    // commit.
    const bool collects = job.spec.program && job.spec.program->collects && !job.output_forgotten;
    if (collects && has_ended(job.state)) check_outputs(model, job);
    tally.expired += job.leases.expired;
    tally.yielded += job.leases.yielded;
    tally.failed_attempts += job.attempts_failed;
  }
  tally.collected += model.outputs.size();
}

// The output of each counted integer is stored once, and no other output counts.
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
  killed += other.killed;
  killed_most = std::max(killed_most, other.killed_most);
  heads += other.heads;
  restores += other.restores;
  faults += other.faults;
  discarded += other.discarded;
  forgotten += other.forgotten;
}

void Auditor::sees_commit(const Changes& changes, const Model& model) {
  const Stored& stored = model.rows;
  tally.commits += 1;
  if (each_turn_) check_provenance(changes, model);
  for (const auto& [key, span] : changes.spans) {
    const auto job = stored.jobs.find(key.job);
    if (span && job != stored.jobs.end()) check_span(key, *span, job->second);
  }
  for (const auto& [id, job] : changes.jobs) {
    if (job) continue;
    done_.erase(id);
    tally.forgotten += 1;
  }
}

// Whose work was discarded has no part any more; and what is known of each part is so.
void Auditor::check_provenance(const Changes& changes, const Model& model) {
  std::set<JobId> jobs;
  for (const auto& [key, part] : changes.parts) {
    const auto job = model.rows.jobs.find(key.job);
    if (job == model.rows.jobs.end()) continue;
    jobs.insert(key.job);
    if (part) check_value(job->second, {key.begin, part->end}, part->value);
    if (!part || !part->lease) continue;
    const auto holder = holders_.find(*part->lease);
    if (holder != holders_.end() && (holder->second.job != key.job || holder->second.begin != key.begin)) {
      broken("provenance_tiles_done: the part at {} is not what lease {} has left", key.begin,
             to_text(*part->lease));
    }
  }
  for (const JobId id : jobs) {
    const JobRow& row = model.rows.jobs.at(id);
    const Finding finding = provenance_tiles_done(row, spans_of(model.rows, id), model.provenance(id));
    if (!finding.holds) broken("{} of job {}: {}", finding.invariant, id.value, finding.detail);
    if (row.collected_bytes == 0 && (!row.spec.program || !row.spec.program->collects)) continue;
    for (const Finding& one : examine_provenance(model.looked_at(id), id)) {
      if (!one.holds) broken("{} of job {}: {}", one.invariant, id.value, one.detail);
    }
  }
  for (const auto& [number, event] : changes.events) {
    if (!event || event->event.what != Happening::work_discarded || event->event.agent.empty()) continue;
    tally.discarded += 1;
    for (const auto& [begin, part] : model.provenance(event->event.job).parts) {
      for (const WorkerId worker : part.workers) {
        if (model.workers.at({event->event.job, worker}).name == event->event.agent) {
          broken("what {} computed was discarded, and its part at {} still counts", event->event.agent,
                 begin);
        }
      }
    }
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
    const std::uint64_t computed = job.ledger.done() + job.row.discarded;
    if (computed < before)
      broken("progress_is_monotonic: of job {} {} integers were done, now {}", id.value, before, computed);
    before = computed;
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
      const TrackRecord* record = job.records.find(agent_id);
      if (record != nullptr && record->failures_in_row > 0) continue;  // others are to try first
      // Parts against which something is known may be left to others as well.
      const auto nothing_is_known = [](const Evidence& /*of a part*/) { return false; };
      if (wants_work(job) && agent.can_compute(job.demand) && job.ledger.next_free(nothing_is_known))
        broken("no_slot_idles: {} has one while job {} has free spans", agent.row.name, id.value);
    }
  }
}

// A restarted head would find exactly what this one remembers.
void Auditor::check_rows(const Queue& queue, const Stored& stored) {
  std::string remembered;
  SpanRows spans;
  for (const auto& [id, job] : queue.jobs()) {
    remembered += tests::text_of(job.row);
    for (const auto& [begin, span] : job.ledger.spans()) spans.emplace(SpanKey{id, begin}, span);
  }
  for (const auto& [key, span] : spans) remembered += tests::text_of(key, span);
  std::string found;
  for (const auto& [id, row] : stored.jobs) found += tests::text_of(row);
  for (const auto& [key, span] : stored.spans) found += tests::text_of(key, span);
  if (remembered != found)
    broken("acknowledged_is_durable: stored is\n{}and the head remembers\n{}", found, remembered);
}

void Auditor::sees_start(const Stored& stored, bool is_backup) {
  tally.heads += 1;
  tally.restores += is_backup ? 1 : 0;
  std::map<JobId, std::uint64_t> done;
  for (const auto& [id, job] : stored.jobs) done[id] = job.discarded;
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
