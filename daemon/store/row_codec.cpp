#include "daemon/store/row_codec.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/protocol/wire.h"
#include "daemon/core/limits.h"

namespace pq::store {
namespace {

// What stands in the column `state` of a span.
enum class SpanWord { free, leased, done, failed };

}  // namespace
}  // namespace pq::store

template <>
inline constexpr std::array<std::string_view, 4> pq::enum_words<pq::store::SpanWord>{"free", "leased", "done",
                                                                                     "failed"};

namespace pq::store {
namespace {

// ---------------------------------------------------------------- spans

// "3 5 ", the latest last; NULL if there are none.
std::optional<std::string> words(const std::vector<AgentId>& agents) {
  if (agents.empty()) return std::nullopt;
  std::string text;
  for (const AgentId agent : agents) text.append(std::to_string(agent.value)).append(" ");
  return text;
}

std::optional<std::vector<AgentId>> parse_agents(std::string_view words) {
  std::vector<AgentId> agents;
  while (!words.empty()) {
    AgentId agent;
    const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), agent.value);
    if (error != std::errc() || end == words.data() + words.size() || *end != ' ') return std::nullopt;
    if (agents.size() == limits::evidence_agents_max) return std::nullopt;
    agents.push_back(agent);
    words.remove_prefix(static_cast<std::size_t>(end - words.data()) + 1);
  }
  return agents;
}

// Each state has NULL in the columns that it does not use.
struct PutSpan {
  Statement& statement;
  const SpanKey& key;
  std::uint64_t end;

  template <class... Columns>
  void row(SpanWord state, const Columns&... columns) const {
    statement.run(key.job.value, key.begin, end, to_text(state), columns...);
  }

  static constexpr auto none = std::nullopt;

  // `columns`: all columns before attempts_failed.
  template <class... Columns>
  void evidence(const Evidence& known, const std::optional<std::string>& error, SpanWord state,
                const Columns&... columns) const {
    std::vector<AgentId> before = known.failed_on;
    std::optional<std::uint64_t> latest;
    if (!before.empty()) latest = before.back().value, before.pop_back();
    std::optional<std::uint32_t> losses;
    std::optional<std::uint32_t> alone;
    std::optional<std::int64_t> in_hand_ms;
    std::optional<std::uint64_t> lost_width;
    if (known.losses > 0) {
      losses = known.losses;
      alone = known.losses_alone;
      lost_width = known.lost_width;
      const auto longest = std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max());
      in_hand_ms =
          std::min(std::chrono::duration_cast<std::chrono::milliseconds>(known.in_hand), longest).count();
    }
    row(state, columns..., known.attempts_failed, latest, error, words(before), losses, alone,
        words(known.lost_on), in_hand_ms, lost_width);
  }

  void operator()(const Free& free) const {
    evidence(free.evidence, none, SpanWord::free, none, none, none, none, none);
  }
  void operator()(const Leased& leased) const {
    evidence(leased.evidence, none, SpanWord::leased, leased.lease.epoch.value, leased.lease.counter,
             leased.agent.value, leased.upto, leased.value);
  }
  void operator()(const Done& done) const {
    row(SpanWord::done, none, none, none, none, done.value, none, none, none, none, none, none, none, none,
        none);
  }
  void operator()(const Failed& failed) const {
    evidence(failed.evidence, failed.error, SpanWord::failed, none, none, none, none, none);
  }
};

// `error` is read here too, because its column lies between those.
Evidence read_evidence(RowReader& row, std::string* error = nullptr) {
  Evidence known;
  known.attempts_failed = row.integer<std::uint32_t>();
  const auto latest = row.maybe_integer<std::uint64_t>();
  if (error != nullptr) {
    *error = row.text();
  } else {
    row.nothing();
  }
  known.failed_on = row.maybe_word(parse_agents).value_or(std::vector<AgentId>{});
  if (latest) known.failed_on.push_back(AgentId{*latest});
  known.losses = row.maybe_integer<std::uint32_t>().value_or(0);
  known.losses_alone = row.maybe_integer<std::uint32_t>().value_or(0);
  known.lost_on = row.maybe_word(parse_agents).value_or(std::vector<AgentId>{});
  known.in_hand = std::chrono::milliseconds(row.maybe_integer<std::uint32_t>().value_or(0));
  known.lost_width = row.maybe_integer<std::uint64_t>().value_or(0);
  return known;
}

Free read_free(RowReader& row) {
  row.nothing(5);  // lease_epoch, lease_counter, agent, upto, value
  return Free{read_evidence(row)};
}

Leased read_leased(RowReader& row) {
  Leased leased;
  leased.lease.epoch = Epoch{row.integer<std::uint64_t>()};
  leased.lease.counter = row.integer<std::uint64_t>();
  leased.agent = AgentId{row.integer<std::uint64_t>()};
  leased.upto = row.integer<std::uint64_t>();
  leased.value = row.maybe_value();
  leased.evidence = read_evidence(row);
  return leased;
}

Done read_done(RowReader& row) {
  Done done;
  row.nothing(4);  // lease_epoch, lease_counter, agent, upto
  done.value = row.maybe_value();
  row.nothing(9);  // from attempts_failed on
  return done;
}

Failed read_failed(RowReader& row) {
  Failed failed;
  row.nothing(5);  // lease_epoch, lease_counter, agent, upto, value
  failed.evidence = read_evidence(row, &failed.error);
  return failed;
}

SpanState read_state(RowReader& row) {
  switch (row.word(parse<SpanWord>)) {
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

// ---------------------------------------------------------------- labels that a job requires

std::string lines(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) text.append(label.key).append("=").append(label.value).append("\n");
  return text;
}

std::optional<std::vector<Label>> parse_labels(std::string_view lines) {
  std::vector<Label> labels;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::size_t sign = lines.find('=');
    if (end == std::string_view::npos || sign > end) return std::nullopt;
    labels.push_back(
        {std::string(lines.substr(0, sign)), std::string(lines.substr(sign + 1, end - sign - 1))});
    lines.remove_prefix(end + 1);
  }
  return labels;
}

// ---------------------------------------------------------------- integers that SQLite orders

constexpr std::uint64_t highest_bit = std::uint64_t{1} << 63U;

std::uint64_t ordered(std::uint64_t n) { return n ^ highest_bit; }

Range read_ordered_range(RowReader& row) {
  const auto begin = row.integer<std::uint64_t>();
  const auto end = row.integer<std::uint64_t>();
  return {ordered(begin), ordered(end)};
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
    const std::optional<Kernel> kernel = parse<Kernel>(word);
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
    "created_unix_ms", "started_unix_ms", "finished_unix_ms", "error", "cpus", "require", "failures_forgiven",
    "collected_bytes", "crash_limit", "discarded", "logs_forgotten", "output_forgotten", "submitter"};
// clang-format on
const Table jobs_table{"jobs", 1, job_columns};

void put(Statement& statement, const JobRow& job) {
  const std::string require = lines(job.spec.require);
  statement.run(job.id.value, job.request.high, job.request.low, job.spec.range.begin, job.spec.range.end,
                to_text(job.spec.kernel), to_text(job.spec.fold), job.spec.name, job.spec.priority,
                job.spec.attempts_max, job.spec.failures_max, to_text(job.state), job.leases.granted,
                job.leases.expired, job.leases.yielded, job.recomputed, job.attempts_failed,
                job.created_unix_ms, job.started_unix_ms, job.finished_unix_ms, job.error, job.spec.cpus,
                require, job.failures_forgiven, job.collected_bytes, job.spec.crash_limit, job.discarded,
                job.logs_forgotten, job.output_forgotten, job.submitter);
}

JobRow read_job_row(const Statement& statement) {
  RowReader row(statement, jobs_table);
  JobRow job;
  job.id = JobId{row.integer<std::uint64_t>()};
  job.request.high = row.integer<std::uint64_t>();
  job.request.low = row.integer<std::uint64_t>();
  job.spec.range.begin = row.integer<std::uint64_t>();
  job.spec.range.end = row.integer<std::uint64_t>();
  job.spec.kernel = row.word(parse<Kernel>);
  job.spec.fold = row.word(parse<Fold>);
  job.spec.name = row.text();
  job.spec.priority = row.integer<std::int32_t>();
  job.spec.attempts_max = row.integer<std::uint32_t>();
  job.spec.failures_max = row.integer<std::uint32_t>();
  job.state = row.word(parse<JobState>);
  job.leases.granted = row.integer<std::uint64_t>();
  job.leases.expired = row.integer<std::uint64_t>();
  job.leases.yielded = row.integer<std::uint64_t>();
  job.recomputed = row.integer<std::uint64_t>();
  job.attempts_failed = row.integer<std::uint64_t>();
  job.created_unix_ms = row.integer<UnixMs>();
  job.started_unix_ms = row.maybe_integer<UnixMs>();
  job.finished_unix_ms = row.maybe_integer<UnixMs>();
  job.error = row.maybe_text();
  job.spec.cpus = row.positive<std::uint32_t>();
  job.spec.require = row.word(parse_labels);
  job.failures_forgiven = row.integer<std::uint64_t>();
  job.collected_bytes = row.integer<std::uint64_t>();
  job.spec.crash_limit = row.integer<std::uint32_t>();
  job.discarded = row.integer<std::uint64_t>();
  job.logs_forgotten = row.integer<std::uint8_t>() != 0;
  job.output_forgotten = row.integer<std::uint8_t>() != 0;
  job.submitter = row.text();
  return job;
}

// ---------------------------------------------------------------- programs

constexpr std::string_view program_columns[] = {"job", "program"};
const Table programs_table{"programs", 1, program_columns};

void put(Statement& statement, JobId job, const Program& program) {
  const std::string bytes = encode(program);
  statement.run(job.value, Blob{bytes});
}

std::pair<JobId, Program> read_program_row(const Statement& statement) {
  RowReader row(statement, programs_table);
  const JobId job{row.integer<std::uint64_t>()};
  std::optional<Program> program = decode_program(row.bytes());
  if (!program) {
    throw SqliteError(SqliteError::Kind::damaged,
                      "table programs, job " + std::to_string(job.value) + ": column program is no program");
  }
  return {job, *std::move(program)};
}

// ---------------------------------------------------------------- files

constexpr std::string_view file_columns[] = {"hash", "size", "upto"};
const Table files_table{"files", 1, file_columns};

constexpr std::string_view file_part_columns[] = {"hash", "part_begin", "bytes"};
const Table file_parts_table{"file_parts", 2, file_part_columns};

void put(Statement& statement, const FileRow& file) {
  const std::string hash = to_text(file.hash);
  statement.run(hash, file.size, file.upto);
}

void put(Statement& statement, const FilePartRow& part) {
  const std::string hash = to_text(part.hash);
  statement.run(hash, part.offset, Blob{part.bytes});
}

FileRow read_file_row(const Statement& statement) {
  RowReader row(statement, files_table);
  FileRow file;
  file.hash = row.word(parse_sha256);
  file.size = row.integer<std::uint64_t>();
  file.upto = row.integer<std::uint64_t>();
  if (file.upto > file.size) {
    throw SqliteError(SqliteError::Kind::damaged,
                      "table files, hash " + to_text(file.hash) + ": column upto is out of bounds");
  }
  return file;
}

// ---------------------------------------------------------------- what programs print

constexpr std::string_view outputs_seen_columns[] = {"agent", "seq"};
const Table outputs_seen_table{"outputs_seen", 1, outputs_seen_columns};

constexpr std::string_view log_columns[] = {"job",         "number",        "unix_ms", "agent",
                                            "lease_epoch", "lease_counter", "begin",   "end",
                                            "attempt",     "stream",        "failed",  "text"};
const Table logs_table{"logs", 2, log_columns};

constexpr std::string_view output_columns[] = {"job",           "begin", "part_begin", "lease_epoch",
                                               "lease_counter", "end",   "last",       "text"};
const Table outputs_table{"outputs", 5, output_columns};

constexpr std::array<std::string_view, 6> event_columns = {"number", "unix_ms", "what",
                                                           "job",    "agent",   "detail"};
const Table events_table{"events", 1, event_columns};

void put(Statement& statement, const LogRow& log) {
  const LogEntry& entry = log.entry;
  statement.run(log.job.value, entry.number, entry.unix_ms, entry.agent, log.lease.epoch.value,
                log.lease.counter, ordered(entry.run.begin), ordered(entry.run.end), entry.attempt,
                to_text(entry.stream), entry.failed, Blob{entry.text.data});
}

LogEntry read_log_row(const Statement& statement) {
  RowReader row(statement, logs_table);
  LogEntry entry;
  row.integer<std::uint64_t>();  // the job
  entry.number = row.integer<std::uint64_t>();
  entry.unix_ms = row.integer<UnixMs>();
  entry.agent = row.text();
  row.integer<std::uint64_t>();  // the lease
  row.integer<std::uint64_t>();
  entry.run = read_ordered_range(row);
  entry.attempt = row.integer<std::uint32_t>();
  entry.stream = row.word(parse<Stream>);
  entry.failed = row.integer<std::uint8_t>() != 0;
  entry.text.data = row.bytes();
  return entry;
}

void put(Statement& statement, const OutputRow& output) {
  const OutputEntry& entry = output.entry;
  statement.run(output.job.value, ordered(entry.run.begin), entry.offset, output.lease.epoch.value,
                output.lease.counter, ordered(entry.run.end), output.last, Blob{entry.text.data});
}

OutputEntry read_output_row(const Statement& statement) {
  RowReader row(statement, outputs_table);
  OutputEntry entry;
  row.integer<std::uint64_t>();  // the job
  entry.run.begin = ordered(row.integer<std::uint64_t>());
  entry.offset = row.integer<std::uint64_t>();
  row.integer<std::uint64_t>();  // the lease
  row.integer<std::uint64_t>();
  entry.run.end = ordered(row.integer<std::uint64_t>());
  row.integer<std::uint8_t>();  // whether it is the last part
  entry.text.data = row.bytes();
  return entry;
}

void put(Statement& statement, const EventRow& row) {
  statement.run(row.number, row.unix_ms, to_text(row.event.what), row.event.job.value, row.event.agent,
                row.event.detail);
}

EventRow read_event_row(const Statement& statement) {
  RowReader row(statement, events_table);
  EventRow read;
  read.number = row.integer<std::uint64_t>();
  read.unix_ms = row.integer<UnixMs>();
  read.event.what = row.word(parse<Happening>);
  read.event.job = JobId{row.integer<std::uint64_t>()};
  read.event.agent = row.text();
  read.event.detail = row.text();
  return read;
}

std::int64_t as_ordered(std::uint64_t n) { return static_cast<std::int64_t>(ordered(n)); }
std::uint64_t from_ordered(std::int64_t stored) { return ordered(static_cast<std::uint64_t>(stored)); }

// ---------------------------------------------------------------- spans

// clang-format off
constexpr std::string_view span_columns[] = {
    "job", "begin", "end", "state", "lease_epoch", "lease_counter", "agent", "upto", "value", "attempts_failed",
    "failed_on", "error", "failed_on_before", "losses", "losses_alone", "lost_on", "in_hand_ms",
    "lost_width"};
// clang-format on
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

}  // namespace pq::store
