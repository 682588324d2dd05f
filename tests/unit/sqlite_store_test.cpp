#include "daemon/store/sqlite_store.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/protocol/wire.h"
#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/model_store.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/stored_rows.h"
#include "tests/unit/wire_samples.h"

namespace pq::tests {
namespace {

std::string hex(const std::string& bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

// Every alternative of everything comes up within a few dozen draws.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return bits_() % bound; }

  Changes changes(const Stored& model) {
    Changes changes;
    for (std::uint64_t n = below(3); n > 0; --n) {
      const JobId id{1 + below(6)};
      changes.jobs[id] = job_row(id.value);
      changes.jobs[id]->leases.granted = bits_();
      if (below(3) == 0) changes.jobs[id] = std::nullopt;
    }
    for (std::uint64_t n = below(4); n > 0; --n) {
      const AgentId id{below(4)};
      changes.agents[id] = agent_row(id.value, {below(4), {"key", std::to_string(bits_())}});
      if (below(3) == 0) changes.agents[id] = std::nullopt;
    }
    for (std::uint64_t n = below(20); n > 0; --n) draw_span(model, changes);
    return changes;
  }

 private:
  void draw_span(const Stored& model, Changes& changes) {
    const SpanKey key{JobId{1 + below(6)}, (below(12) << 60) + below(2)};
    const auto job = changes.jobs.find(key.job);
    if (job == changes.jobs.end() && !model.jobs.contains(key.job)) return;
    changes.spans[key] = Span{key.begin + 7, state(key.begin)};
    if (below(4) == 0) changes.spans[key] = std::nullopt;
  }

  std::vector<AgentId> agents() {
    std::vector<AgentId> some;
    for (std::uint64_t n = below(4); n > 0; --n) some.push_back({bits_()});
    return some;
  }

  Evidence evidence() {
    Evidence known{static_cast<std::uint32_t>(below(3)), agents()};
    if (below(2) == 0) return known;
    known.losses = static_cast<std::uint32_t>(1 + below(5));
    known.losses_alone = static_cast<std::uint32_t>(below(3));
    known.lost_on = agents();
    known.in_hand = std::chrono::milliseconds(below(100'000));
    known.lost_width = bits_();
    return known;
  }

  SpanState state(std::uint64_t begin) {
    switch (below(4)) {
      case 0:
        return Free{evidence()};
      case 1:
        return Leased{{Epoch{bits_()}, bits_()},
                      AgentId{below(4)},
                      begin + below(7),
                      Value(Int128{1} << 70),
                      evidence()};
      case 2:
        return Done{Value(static_cast<double>(bits_()))};
      default:
        return Failed{evidence(), "no"};
    }
  }

  std::mt19937_64 bits_;
};

}  // namespace

TEST_CASE("a job is read as it was written, with every field at its widest") {
  const ScratchDir scratch;
  Changes changes;
  changes.jobs[JobId{u64_max}] = JobRow{.id = JobId{u64_max},
                                        .request = {u64_max, i64_max},
                                        .spec = {{u64_max - 1, u64_max},
                                                 Kernel::sextuplets,
                                                 Fold::none,
                                                 std::string("a\0b\xFF'\n", 6),
                                                 -2147483647 - 1,
                                                 u32_max,
                                                 u32_max},
                                        .state = JobState::cancelled,
                                        .leases = {u64_max, u64_max - 1, u64_max - 2},
                                        .recomputed = u64_max,
                                        .attempts_failed = u64_max,
                                        .created_unix_ms = i64_max,
                                        .started_unix_ms = i64_min,
                                        .finished_unix_ms = 0,
                                        .error = ""};
  changes.jobs[JobId{0}] = JobRow{};
  JobRow runs = job_row(77);
  runs.spec = spec_of(program_widest());
  runs.spec.require = {{"a", ""}, {"zone", "x=y"}};
  runs.failures_forgiven = u64_max;
  runs.collected_bytes = i64_max;
  changes.jobs[JobId{77}] = runs;
  changes.programs[JobId{77}] = *runs.spec.program;
  for (const JobState state :
       {JobState::queued, JobState::running, JobState::paused, JobState::done, JobState::failed}) {
    const auto id = 1 + static_cast<std::uint64_t>(state);
    changes.jobs[JobId{id}] = job_row(id);
    changes.jobs[JobId{id}]->state = state;
  }
  SqliteStore(scratch.state()).commit(changes);
  Stored expected;
  apply(changes, expected);
  CHECK(text_of(SqliteStore(scratch.state()).load()) == text_of(expected));
}

TEST_CASE("a span is read as it was written, in every state and with every kind of value") {
  const std::vector<std::optional<Value>> values = {std::nullopt,
                                                    Value(Int128{0}),
                                                    Value(Int128{i64_max}),
                                                    Value(Int128{i64_min}),
                                                    Value(Int128{i64_max} + 1),
                                                    Value(Int128{i64_min} - 1),
                                                    Value(int128_max),
                                                    Value(int128_min),
                                                    Value(0.0),
                                                    Value(-0.0),
                                                    Value(0.1),
                                                    Value(12345678.0),
                                                    Value(1e19),
                                                    Value(std::numeric_limits<double>::max()),
                                                    Value(std::numeric_limits<double>::denorm_min()),
                                                    fold(Fold::sum, 1e16, 1.0),
                                                    fold(Fold::sum, int128_min, int128_min),
                                                    sum_widest()};
  Changes changes;
  changes.jobs[JobId{9}] = job_row(9);
  std::uint64_t begin = i64_max - 5;  // the keys pass the place where a signed integer would turn negative
  const auto add = [&](const SpanState& state) {
    changes.spans[{JobId{9}, begin}] = Span{begin + 1, state};
    ++begin;
  };
  for (const auto& value : values) {
    add(Done{value});
    add(Leased{{Epoch{u64_max}, u64_max - 1}, AgentId{u64_max}, u64_max, value, {u32_max}});
  }
  add(Free{});
  add(Free{{u32_max, {AgentId{u64_max}}}});
  add(Failed{{u32_max}, ""});
  add(Failed{{0}, std::string("line\0\xC3(", 7)});
  changes.spans[{JobId{9}, u64_max - 1}] = Span{u64_max, Free{}};

  const ScratchDir scratch;
  SqliteStore(scratch.state()).commit(changes);
  Stored expected;
  apply(changes, expected);
  CHECK(text_of(SqliteStore(scratch.state()).load()) == text_of(expected));
}

TEST_CASE("an agent is read as it was written, its labels in their order") {
  Changes changes;
  changes.agents[AgentId{u64_max}] = AgentRow{.id = AgentId{u64_max},
                                              .public_key = "k<3",
                                              .name = "ip 10\xFF",
                                              .incarnation = Incarnation{u64_max},
                                              .program_version = "0.1.0",
                                              .slots = u32_max,
                                              .kernels = {sieve_kernels.begin(), sieve_kernels.end()},
                                              .labels = {{"z", "1"}, {"a", ""}, {"", "b"}, {"z", "1"}}};
  changes.agents[AgentId{1}] = agent_row(1, {});
  const ScratchDir scratch;
  SqliteStore(scratch.state()).commit(changes);
  Stored expected;
  apply(changes, expected);
  CHECK(text_of(SqliteStore(scratch.state()).load()) == text_of(expected));

  changes.agents[AgentId{u64_max}]->labels = {{"a", "2"}};
  SqliteStore(scratch.state()).commit(changes);
  apply(changes, expected);
  CHECK(text_of(SqliteStore(scratch.state()).load()) == text_of(expected));
}

TEST_CASE("an erased job takes its spans along, and no other job's") {
  const ScratchDir scratch;
  SqliteStore store(scratch.state());
  Changes changes;
  for (const std::uint64_t id : {1U, 2U}) {
    changes.jobs[JobId{id}] = job_row(id);
    for (const std::uint64_t begin : {0U, 500U})
      changes.spans[{JobId{id}, begin}] = Span{begin + 500, Free{}};
  }
  store.commit(changes);

  Changes erasure;
  erasure.jobs[JobId{1}] = std::nullopt;
  erasure.spans[{JobId{1}, 0}] = Span{500, Done{}};  // touched in the same turn, before the job was erased
  erasure.spans[{JobId{1}, 500}] = std::nullopt;
  store.commit(erasure);
  CHECK_FALSE(store.read_job(JobId{1}));
  REQUIRE(store.read_job(JobId{2}));
  CHECK(store.read_job(JobId{2})->spans.size() == 2);
  CHECK(store.load().spans.size() == 2);
  CHECK(store.load().jobs.size() == 1);
}

TEST_CASE("one job is read with its spans and nobody else's") {
  const ScratchDir scratch;
  SqliteStore store(scratch.state());
  Changes changes;
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    changes.jobs[JobId{id}] = job_row(id);
    changes.spans[{JobId{id}, 0}] = Span{1000, Done{Value(Int128{id})}};
  }
  store.commit(changes);
  Stored expected;
  expected.jobs[JobId{2}] = job_row(2);
  expected.spans[{JobId{2}, 0}] = Span{1000, Done{Value(Int128{2})}};
  REQUIRE(store.read_job(JobId{2}));
  CHECK(text_of(*store.read_job(JobId{2})) == text_of(expected));
  CHECK_FALSE(store.read_job(JobId{4}));
}

TEST_CASE("a request is one job: a second one with its id is not stored, and the first stays") {
  const ScratchDir scratch;
  Changes first;
  first.jobs[JobId{1}] = job_row(1);
  Changes second;
  second.jobs[JobId{2}] = job_row(2);
  second.jobs[JobId{2}]->request = first.jobs[JobId{1}]->request;
  {
    SqliteStore store(scratch.state());
    store.commit(first);
    CHECK_THROWS_AS(store.commit(second), EnvironmentError);
  }
  Stored expected;
  apply(first, expected);
  CHECK(text_of(SqliteStore(scratch.state()).load()) == text_of(expected));
}

TEST_CASE("every start's epoch is kept, and none is taken twice") {
  const ScratchDir scratch;
  SqliteStore(scratch.state()).begin_epoch(Epoch{u64_max});
  SqliteStore(scratch.state()).begin_epoch(Epoch{1});
  CHECK_THROWS_AS(SqliteStore(scratch.state()).begin_epoch(Epoch{u64_max}), EnvironmentError);
  Database database(scratch.state().database());
  CHECK(database.integer("SELECT count(*) FROM epochs WHERE began_unix_s > 1700000000") == 2);
}

TEST_CASE("a row that pq cannot have written is refused by its table, key and column") {
  struct Damage {
    std::string sql;
    std::string where;
  };
  const std::vector<Damage> damages = {
      {"UPDATE jobs SET kernel = 'magic'", "table jobs, id 1: column kernel has an unknown word"},
      {"UPDATE jobs SET fold = ''", "table jobs, id 1: column fold has an unknown word"},
      {"UPDATE jobs SET state = 'lost'", "table jobs, id 1: column state has an unknown word"},
      {"UPDATE jobs SET priority = 2147483648", "table jobs, id 1: column priority is out of bounds"},
      {"UPDATE jobs SET attempts_max = -1", "table jobs, id 1: column attempts_max is out of bounds"},
      {"UPDATE spans SET state = 'lost'", "table spans, job 1, begin 0: column state has an unknown word"},
      {"UPDATE spans SET agent = NULL", "table spans, job 1, begin 0: column agent is no integer"},
      {"UPDATE spans SET lease_epoch = NULL",
       "table spans, job 1, begin 0: column lease_epoch is no integer"},
      {"UPDATE spans SET error = 'x'", "table spans, job 1, begin 0: column error should be empty"},
      {"UPDATE spans SET state = 'free'", "table spans, job 1, begin 0: column lease_epoch should be empty"},
      {"UPDATE spans SET value = x'00'", "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET value = '1.5'", "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET value = x'00" + std::string(2 * ExactSum::bytes_max, '0') + "'",
       "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET value = x'4001'", "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET value = 'many'", "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET attempts_failed = 4294967296",
       "table spans, job 1, begin 0: column attempts_failed is out of bounds"},
      {"UPDATE spans SET job = 5", "table spans, job 5: there is no such job"},
      {"UPDATE agents SET slots = -1", "table agents, id 3: column slots is out of bounds"},
      {"UPDATE agents SET kernels = 'primes magic '",
       "table agents, id 3: column kernels has an unknown word"},
      {"UPDATE jobs SET cpus = 0", "table jobs, id 1: column cpus is out of bounds"},
      {"UPDATE jobs SET require = 'zone'", "table jobs, id 1: column require has an unknown word"},
      {"UPDATE jobs SET kernel = 'exec'", "table programs: job 1 is of kernel exec"},
      {"INSERT INTO programs VALUES (1, x'80')", "table programs, job 1: column program is no program"},
      {"INSERT INTO programs VALUES (5, x'" + hex(encode(program_usual())) + "')",
       "table programs, job 5: there is no such job"},
      {"INSERT INTO files VALUES ('abc', 1, 1)", "table files, hash abc: column hash has an unknown word"},
      {"INSERT INTO files VALUES ('" + to_text(Sha256{}) + "', 1, 2)",
       "table files, hash " + to_text(Sha256{}) + ": column upto is out of bounds"},
      {"INSERT INTO outputs_seen VALUES (5, 1)", "table outputs_seen, agent 5: there is no such agent"},
      {"UPDATE agent_labels SET agent = 5", "table agent_labels, agent 5: there is no such agent"},
  };
  Changes changes;
  changes.jobs[JobId{1}] = job_row(1);
  changes.spans[{JobId{1}, 0}] = Span{1000, Leased{{Epoch{1}, 1}, AgentId{3}, 5, Value(Int128{3}), {}}};
  changes.agents[AgentId{3}] = agent_row(3, {{"os", "linux"}});
  for (const Damage& damage : damages) {
    const ScratchDir scratch;
    SqliteStore(scratch.state()).commit(changes);
    const auto file = scratch.state().database();
    Database(file).execute(damage.sql.c_str());
    const std::string before = bytes_of(file);
    try {
      SqliteStore(scratch.state()).load();
      FAIL_CHECK(damage.sql.c_str());
    } catch (const EnvironmentError& error) {
      CHECK(error.status() == ExitStatus::failed);
      CHECK_MESSAGE(says(error.what(), "pq.db is damaged: " + damage.where), std::string(error.what()));
    }
    CHECK(bytes_of(file) == before);
  }
}

// The same commits into the store and into its model, and the same answers from both.
struct Twins {
  ScratchDir scratch;
  SqliteStore store{scratch.state()};
  ModelStore model;

  Twins() {
    Changes changes;
    changes.jobs[JobId{7}] = job_row(7);
    changes.jobs[JobId{8}] = job_row(8);
    changes.agents[AgentId{3}] = agent_row(3, {});
    commits(changes);
  }
  void commits(const Changes& changes) {
    store.commit(changes);
    model.commit(changes);
  }
  std::vector<LogEntry> logs(const AskLogs& ask, std::size_t count_max = 1000) {
    const auto entries = store.read_logs(ask, count_max);
    CHECK(entries == model.read_logs(ask, count_max));
    CHECK(store.read_last_failed_logs(ask.job, count_max) == model.read_last_failed_logs(ask.job, count_max));
    return entries;
  }
  std::vector<OutputEntry> outputs(const AskOutput& ask, std::size_t count_max = 1000) {
    const auto entries = store.read_outputs(ask, count_max);
    CHECK(entries == model.read_outputs(ask, count_max));
    return entries;
  }
  std::string file(const Sha256& hash, std::uint64_t offset) {
    const std::string bytes = store.read_file(hash, offset);
    CHECK(bytes == model.read_file(hash, offset));
    return bytes;
  }
};

constexpr std::uint64_t half = std::uint64_t{1} << 63U;  // where a signed integer would turn negative

TEST_CASE("logs are read by their numbers, by what failed, and by an integer of the run") {
  Twins twins;
  Changes changes;
  const auto logs = [&](std::uint64_t number, Range run, bool failed, const std::string& text) {
    LogRow row{JobId{7}, LeaseId{Epoch{u64_max}, run.begin}, {}};
    row.entry = {number, 1'700'000'000'000, "vm", run, 2, Stream::stderr_, failed, {text}};
    changes.logs.push_back(row);
  };
  logs(1, {half - 5, half + 5}, false, std::string("a\0\xFF", 3));
  logs(2, {half - 5, half + 5}, true, "");
  logs(3, {half + 5, u64_max}, false, "fine");
  changes.logs.push_back({JobId{8}, LeaseId{}, {1, 0, "vm", {0, 1}, 1, Stream::pq, true, {"another job"}}});
  twins.commits(changes);
  CHECK(twins.logs({JobId{7}}).size() == 3);
  CHECK(twins.logs({JobId{7}}, 2).size() == 2);
  CHECK(twins.logs({JobId{7}, 2}).size() == 1);
  CHECK(twins.logs({JobId{7}, 0, true}).size() == 2);
  CHECK(twins.logs({JobId{7}, 0, false, half}).size() == 2);
  CHECK(twins.logs({JobId{7}, 0, false, half + 5}).size() == 1);
  CHECK(twins.logs({JobId{7}, 0, true, half + 5}).empty());
  CHECK(twins.store.load().logs_upto == std::map<JobId, std::uint64_t>{{JobId{7}, 3}, {JobId{8}, 1}});

  Changes erased;
  erased.logs_erased_upto[JobId{7}] = 2;
  erased.jobs[JobId{8}] = std::nullopt;
  twins.commits(erased);
  CHECK(twins.logs({JobId{7}}).size() == 1);
  CHECK(twins.logs({JobId{8}}).empty());
}

TEST_CASE(
    "outputs are read in the order of the range, and those of a lost lease are erased from a place on") {
  Twins twins;
  Changes changes;
  const LeaseId one{Epoch{u64_max}, 1};
  const LeaseId other{Epoch{u64_max}, 2};
  for (const std::uint64_t begin : {half + 2, half - 2, half}) {
    changes.outputs.push_back({JobId{7}, one, {{begin, begin + 2}, 0, {"first"}}, false});
    changes.outputs.push_back({JobId{7}, one, {{begin, begin + 2}, 5, {std::string("\0second", 7)}}, true});
  }
  changes.outputs.push_back({JobId{7}, other, {{u64_max - 1, u64_max}, 0, {"last"}}, true});
  changes.outputs.push_back({JobId{8}, other, {{0, 1}, 0, {"another job"}}, true});
  twins.commits(changes);
  CHECK(twins.outputs({JobId{7}, 0, 0}).size() == 7);
  CHECK(twins.outputs({JobId{7}, half, 5}).size() == 4);
  CHECK(twins.outputs({JobId{7}, half, 6}).size() == 3);
  CHECK(twins.outputs({JobId{7}, 0, 0}, 3).size() == 3);

  Changes erased;
  erased.outputs_erased = {{JobId{7}, one, half}};
  erased.jobs[JobId{8}] = std::nullopt;
  twins.commits(erased);
  CHECK(twins.outputs({JobId{7}, 0, 0}).size() == 3);
  CHECK(twins.outputs({JobId{8}, 0, 0}).empty());
}

TEST_CASE("a file is read in its parts, and what was sent of it before is gone when it begins anew") {
  Twins twins;
  const Sha256 hash = sha256_of("file");
  const auto puts = [&](std::uint64_t upto, std::vector<FilePartRow> parts) {
    Changes changes;
    changes.files[hash] = FileRow{hash, 10, upto};
    changes.file_parts = std::move(parts);
    twins.commits(changes);
  };
  puts(6, {{hash, 0, "abc"}, {hash, 3, std::string("d\0f", 3)}});
  puts(8, {{hash, 6, "gh"}});
  CHECK(twins.file(hash, 0) == "abc");
  CHECK(twins.file(hash, 4) == std::string("\0f", 2));
  CHECK(twins.file(hash, 6) == "gh");
  CHECK(twins.file(hash, 8).empty());
  puts(4, {{hash, 0, "1234"}});
  CHECK(twins.file(hash, 0) == "1234");
  CHECK(twins.file(hash, 4).empty());
  Changes erased;
  erased.files[hash] = std::nullopt;
  twins.commits(erased);
  CHECK(twins.file(hash, 0).empty());
  CHECK(twins.store.load().files.empty());
}

TEST_CASE("which output of an agent is stored is kept as long as the agent is") {
  Twins twins;
  Changes changes;
  changes.outputs_seen[AgentId{3}] = u64_max;
  twins.commits(changes);
  CHECK(twins.store.load().outputs_seen == std::map<AgentId, std::uint64_t>{{AgentId{3}, u64_max}});
  Changes gone;
  gone.agents[AgentId{3}] = std::nullopt;
  twins.commits(gone);
  CHECK(twins.store.load().outputs_seen.empty());
}

TEST_CASE("what was committed is there after every restart") {
  const ScratchDir scratch;
  Draw draw(20240229);
  Stored model;
  for (int turn = 0; turn < 60; ++turn) {
    CAPTURE(turn);
    const Changes changes = draw.changes(model);
    SqliteStore(scratch.state()).commit(changes);
    apply(changes, model);
    REQUIRE(text_of(SqliteStore(scratch.state()).load()) == text_of(model));
  }
  CHECK_FALSE(model.spans.empty());
}

}  // namespace pq::tests
