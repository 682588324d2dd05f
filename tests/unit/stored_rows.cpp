#include "tests/unit/stored_rows.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <variant>

#include "common/protocol/wire.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

std::string text_of(const std::optional<Value>& value) {
  if (!value) return "-";
  if (const auto* const sum = std::get_if<ExactSum>(&*value)) return fmt::format("sum {:?}", sum->bytes());
  return (std::holds_alternative<double>(*value) ? "double " : "integer ") + to_text(*value);
}

template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? fmt::format("'{}'", *value) : "-";
}

std::string text_of(const Evidence& known) {
  std::string text = fmt::format("{} on", known.attempts_failed);
  for (const AgentId agent : known.failed_on) text += fmt::format(" {}", agent.value);
  if (known.losses == 0) return text;
  text +=
      fmt::format(", {} lost of {}, {} alone, in {} ms:", known.losses, known.lost_width, known.losses_alone,
                  std::chrono::duration_cast<std::chrono::milliseconds>(known.in_hand).count());
  for (const AgentId agent : known.lost_on) text += fmt::format(" {}", agent.value);
  return text;
}

struct StateText {
  std::string operator()(const Free& free) const { return "free " + text_of(free.evidence); }
  std::string operator()(const Leased& leased) const {
    return fmt::format("leased {} {} {} {} {}", to_text(leased.lease), leased.agent.value, leased.upto,
                       text_of(leased.value), text_of(leased.evidence));
  }
  std::string operator()(const Done& done) const { return "done " + text_of(done.value); }
  std::string operator()(const Failed& failed) const {
    return fmt::format("failed {} '{}'", text_of(failed.evidence), failed.error);
  }
};

template <class Rows, class Changed>
void apply_rows(const Changed& changed, Rows& rows) {
  for (const auto& [key, row] : changed) {
    if (row) {
      rows.insert_or_assign(key, *row);
    } else {
      rows.erase(key);
    }
  }
}

}  // namespace

JobRow job_row(std::uint64_t id) {
  JobRow job;
  job.id = JobId{id};
  job.request = {~id, id};
  job.spec.range = {0, 1000};
  job.spec.name = "π";
  job.created_unix_ms = 17;
  return job;
}

AgentRow agent_row(std::uint64_t id, std::vector<Label> labels) {
  AgentRow agent;
  agent.id = AgentId{id};
  agent.name = "laptop";
  agent.kernels = {Kernel::primes, Kernel::twins};
  agent.labels = std::move(labels);
  return agent;
}

void apply(const Changes& changes, Stored& model) {
  apply_rows(changes.jobs, model.jobs);
  apply_rows(changes.spans, model.spans);
  apply_rows(changes.agents, model.agents);
  apply_rows(changes.files, model.files);
  apply_rows(changes.events, model.events);
  apply_rows(changes.suspects, model.suspects);
  for (const auto& [agent, seq] : changes.outputs_seen) model.outputs_seen[agent] = seq;
  for (const auto& [id, agent] : changes.agents) {
    if (!agent) model.outputs_seen.erase(id);
  }
  for (const LogRow& log : changes.logs) model.logs_upto[log.job] = log.entry.number;
  for (const auto& [job, number] : changes.logs_erased_upto) {
    if (model.logs_upto[job] <= number) model.logs_upto.erase(job);
  }
  if (changes.last_job) model.last_job = *changes.last_job;
  for (const auto& [id, job] : changes.jobs) {
    if (job) continue;
    model.logs_upto.erase(id);
    std::erase_if(model.suspects, [id = id](const auto& suspect) { return suspect.first.first == id; });
    model.spans.erase(model.spans.lower_bound({id, 0}), model.spans.upper_bound({id, UINT64_MAX}));
  }
}

Stored remembered(const Queue& queue) {
  Stored stored;
  for (const auto& [id, job] : queue.jobs()) {
    stored.jobs[id] = job.row;
    for (const auto& [begin, span] : job.ledger.spans()) stored.spans[{id, begin}] = span;
    for (const auto& [worker, suspect] : job.suspects) stored.suspects[{id, worker}] = suspect;
  }
  for (const auto& [id, agent] : queue.roster().all()) {
    if (!agent.is_gone()) stored.agents[id] = agent.row;
  }
  return stored;
}

std::optional<Stored> job_of(const Stored& stored, JobId job) {
  const auto row = stored.jobs.find(job);
  if (row == stored.jobs.end()) return std::nullopt;
  Stored found;
  found.jobs.insert(*row);
  found.spans = spans_of(stored, job);
  found.agents = stored.agents;
  found.epochs = stored.epochs;
  found.collected = stored.collected;
  found.suspects = stored.suspects;
  found.provenance = stored.provenance;
  found.output_bytes = stored.output_bytes;
  return found;
}

namespace {

std::string text_of_demand(const JobRow& job) {
  std::string text = fmt::format("  {} slots, {} forgiven, {} bytes collected, {} discarded", job.spec.cpus,
                                 job.failures_forgiven, job.collected_bytes, job.discarded);
  text += fmt::format(", forgotten: {} {}, by {}", job.logs_forgotten, job.output_forgotten, job.submitter);
  for (const Label& label : job.spec.require) text += fmt::format(" '{}'='{}'", label.key, label.value);
  if (job.spec.program) text += fmt::format(", runs {}", encode(*job.spec.program));
  return text + "\n";
}

}  // namespace

std::string text_of(const JobRow& job) {
  return fmt::format("job {} {:x}.{:x} {} {} {} '{}' {} {} {} {} {}/{}/{} {} {} {} {} {} {}\n", job.id.value,
                     job.request.high, job.request.low, to_text(job.spec.range), to_text(job.spec.kernel),
                     to_text(job.spec.fold), job.spec.name, job.spec.priority, job.spec.attempts_max,
                     job.spec.failures_max, to_text(job.state), job.leases.granted, job.leases.expired,
                     job.leases.yielded, job.recomputed, job.attempts_failed, job.created_unix_ms,
                     text_of(job.started_unix_ms), text_of(job.finished_unix_ms), text_of(job.error)) +
         text_of_demand(job);
}

std::string text_of(const SpanKey& key, const Span& span) {
  return fmt::format("span {} {}:{} {}\n", key.job.value, key.begin, span.end,
                     std::visit(StateText(), span.state));
}

std::string text_of(const AgentRow& agent) {
  std::string text = fmt::format("agent {} {} '{}' {} {} {}", agent.id.value, agent.public_key, agent.name,
                                 agent.incarnation.value, agent.program_version, agent.slots);
  for (const Kernel kernel : agent.kernels) text += fmt::format(" {}", to_text(kernel));
  for (const Label& label : agent.labels) text += fmt::format(" '{}'='{}'", label.key, label.value);
  return text + "\n";
}

std::string text_of(const Stored& stored) {
  std::string text;
  for (const auto& [id, job] : stored.jobs) text += text_of(job);
  for (const auto& [key, span] : stored.spans) text += text_of(key, span);
  for (const auto& [id, agent] : stored.agents) text += text_of(agent);
  for (const auto& [key, suspect] : stored.suspects) {
    text += fmt::format("suspect of {}: {} {} {} '{}' {}\n", key.first.value, key.second.value, suspect.name,
                        suspect.contradicts, suspect.what, suspect.must_be_discarded);
  }
  return text;
}

}  // namespace pq::tests
