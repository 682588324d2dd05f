#include "daemon/sqlite_rows.h"

#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

namespace pq {
namespace {

// ---------------------------------------------------------------- spans

enum class SpanWord { free, leased, done, failed };

std::optional<SpanWord> parse_span_word(std::string_view word) {
  if (word == "free") return SpanWord::free;
  if (word == "leased") return SpanWord::leased;
  if (word == "done") return SpanWord::done;
  if (word == "failed") return SpanWord::failed;
  return std::nullopt;
}

// Each state with NULL in the columns where it has nothing to say.
struct PutSpan {
  Statement& statement;
  const SpanKey& key;
  std::uint64_t end;

  template <class... Columns>
  void row(std::string_view state, const Columns&... columns) const {
    statement.run(key.job.value, key.begin, end, state, columns...);
  }

  static constexpr auto none = std::nullopt;

  void operator()(const Free& free) const {
    std::optional<std::uint64_t> failed_on;
    if (free.failed_on) failed_on = free.failed_on->value;
    row("free", none, none, none, none, none, free.attempts_failed, failed_on, none);
  }
  void operator()(const Leased& leased) const {
    row("leased", leased.lease.epoch.value, leased.lease.counter, leased.agent.value, leased.upto,
        leased.value, leased.attempts_failed, none, none);
  }
  void operator()(const Done& done) const {
    row("done", none, none, none, none, done.value, none, none, none);
  }
  void operator()(const Failed& failed) const {
    row("failed", none, none, none, none, none, failed.attempts_failed, none, failed.error);
  }
};

Free read_free(RowReader& row) {
  Free free;
  row.nothing(5);  // lease_epoch, lease_counter, agent, upto, value
  free.attempts_failed = row.integer<std::uint32_t>();
  if (const auto agent = row.maybe_integer<std::uint64_t>()) free.failed_on = AgentId{*agent};
  row.nothing();  // error
  return free;
}

Leased read_leased(RowReader& row) {
  Leased leased;
  leased.lease.epoch = Epoch{row.integer<std::uint64_t>()};
  leased.lease.counter = row.integer<std::uint64_t>();
  leased.agent = AgentId{row.integer<std::uint64_t>()};
  leased.upto = row.integer<std::uint64_t>();
  leased.value = row.maybe_value();
  leased.attempts_failed = row.integer<std::uint32_t>();
  row.nothing(2);  // failed_on, error
  return leased;
}

Done read_done(RowReader& row) {
  Done done;
  row.nothing(4);  // lease_epoch, lease_counter, agent, upto
  done.value = row.maybe_value();
  row.nothing(3);  // attempts_failed, failed_on, error
  return done;
}

Failed read_failed(RowReader& row) {
  Failed failed;
  row.nothing(5);  // lease_epoch, lease_counter, agent, upto, value
  failed.attempts_failed = row.integer<std::uint32_t>();
  row.nothing();  // failed_on
  failed.error = row.text();
  return failed;
}

SpanState read_state(RowReader& row) {
  switch (row.word(parse_span_word)) {
    case SpanWord::free:
      return read_free(row);
    case SpanWord::leased:
      return read_leased(row);
    case SpanWord::done:
      return read_done(row);
    case SpanWord::failed:
      return read_failed(row);
  }
  row.refuse("has an unknown word");
}

// ---------------------------------------------------------------- kernels

std::string words(const std::vector<Kernel>& kernels) {
  std::string text;
  for (const Kernel kernel : kernels) text.append(to_text(kernel)).append(" ");
  return text;
}

std::optional<std::vector<Kernel>> parse_kernels(std::string_view words) {
  std::vector<Kernel> kernels;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    const std::optional<Kernel> kernel = parse_kernel(word);
    if (!kernel) return std::nullopt;
    kernels.push_back(*kernel);
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return kernels;
}

}  // namespace

// ---------------------------------------------------------------- jobs

// clang-format off
constexpr std::string_view job_columns[] = {
    "id", "request_high", "request_low", "begin", "end", "kernel", "fold", "name", "priority", "attempts_max",
    "failures_max", "state", "leases_granted", "leases_expired", "leases_yielded", "recomputed", "attempts_failed",
    "created_unix_ms", "started_unix_ms", "finished_unix_ms", "error"};
// clang-format on
const Table jobs_table{"jobs", 1, job_columns};

void put(Statement& statement, const JobRow& job) {
  statement.run(job.id.value, job.request.high, job.request.low, job.spec.range.begin, job.spec.range.end,
                to_text(job.spec.kernel), to_text(job.spec.fold), job.spec.name, job.spec.priority,
                job.spec.attempts_max, job.spec.failures_max, to_text(job.state), job.leases.granted,
                job.leases.expired, job.leases.yielded, job.recomputed, job.attempts_failed,
                job.created_unix_ms, job.started_unix_ms, job.finished_unix_ms, job.error);
}

JobRow read_job_row(const Statement& statement) {
  RowReader row(statement, jobs_table);
  JobRow job;
  job.id = JobId{row.integer<std::uint64_t>()};
  job.request.high = row.integer<std::uint64_t>();
  job.request.low = row.integer<std::uint64_t>();
  job.spec.range.begin = row.integer<std::uint64_t>();
  job.spec.range.end = row.integer<std::uint64_t>();
  job.spec.kernel = row.word(parse_kernel);
  job.spec.fold = row.word(parse_fold);
  job.spec.name = row.text();
  job.spec.priority = row.integer<std::int32_t>();
  job.spec.attempts_max = row.integer<std::uint32_t>();
  job.spec.failures_max = row.integer<std::uint32_t>();
  job.state = row.word(parse_job_state);
  job.leases.granted = row.integer<std::uint64_t>();
  job.leases.expired = row.integer<std::uint64_t>();
  job.leases.yielded = row.integer<std::uint64_t>();
  job.recomputed = row.integer<std::uint64_t>();
  job.attempts_failed = row.integer<std::uint64_t>();
  job.created_unix_ms = row.integer<UnixMs>();
  job.started_unix_ms = row.maybe_integer<UnixMs>();
  job.finished_unix_ms = row.maybe_integer<UnixMs>();
  job.error = row.maybe_text();
  return job;
}

// ---------------------------------------------------------------- spans

constexpr std::string_view span_columns[] = {"job",         "begin",           "end",       "state",
                                             "lease_epoch", "lease_counter",   "agent",     "upto",
                                             "value",       "attempts_failed", "failed_on", "error"};
const Table spans_table{"spans", 2, span_columns};

void put(Statement& statement, const SpanKey& key, const Span& span) {
  std::visit(PutSpan{statement, key, span.end}, span.state);
}

std::pair<SpanKey, Span> read_span_row(const Statement& statement) {
  RowReader row(statement, spans_table);
  SpanKey key;
  Span span;
  key.job = JobId{row.integer<std::uint64_t>()};
  key.begin = row.integer<std::uint64_t>();
  span.end = row.integer<std::uint64_t>();
  span.state = read_state(row);
  return {key, std::move(span)};
}

// ---------------------------------------------------------------- agents

constexpr std::string_view agent_columns[] = {"id",    "public_key", "name", "incarnation", "program_version",
                                              "slots", "kernels"};
const Table agents_table{"agents", 1, agent_columns};

constexpr std::string_view agent_label_columns[] = {"agent", "position", "key", "value"};
const Table agent_labels_table{"agent_labels", 2, agent_label_columns};

void put(Statement& statement, const AgentRow& agent) {
  const std::string kernels = words(agent.kernels);
  statement.run(agent.id.value, agent.public_key, agent.name, agent.incarnation.value, agent.program_version,
                agent.slots, kernels);
}

void put(Statement& statement, AgentId agent, std::size_t position, const Label& label) {
  statement.run(agent.value, position, label.key, label.value);
}

AgentRow read_agent_row(const Statement& statement) {
  RowReader row(statement, agents_table);
  AgentRow agent;
  agent.id = AgentId{row.integer<std::uint64_t>()};
  agent.public_key = row.text();
  agent.name = row.text();
  agent.incarnation = Incarnation{row.integer<std::uint64_t>()};
  agent.program_version = row.text();
  agent.slots = row.integer<std::uint32_t>();
  agent.kernels = row.word(parse_kernels);
  return agent;
}

std::pair<AgentId, Label> read_agent_label_row(const Statement& statement) {
  RowReader row(statement, agent_labels_table);
  const AgentId agent{row.integer<std::uint64_t>()};
  row.integer<std::uint64_t>();  // its position, by which the rows are ordered
  Label label;
  label.key = row.text();
  label.value = row.text();
  return {agent, std::move(label)};
}

}  // namespace pq
