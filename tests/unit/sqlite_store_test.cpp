#include "daemon/sqlite_store.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/errors.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/stored_rows.h"

namespace pq {
namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();
constexpr Int128 i128_max = ((Int128{1} << 126) - 1) * 2 + 1;
constexpr Int128 i128_min = -i128_max - 1;

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

  SpanState state(std::uint64_t begin) {
    switch (below(4)) {
      case 0:
        return Free{static_cast<std::uint32_t>(below(3)), std::nullopt};
      case 1:
        return Leased{
            {Epoch{bits_()}, bits_()}, AgentId{below(4)}, begin + below(7), Value(Int128{1} << 70), 0};
      case 2:
        return Done{Value(static_cast<double>(bits_()))};
      default:
        return Failed{3, "no"};
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
                                                    Value(i128_max),
                                                    Value(i128_min),
                                                    Value(0.0),
                                                    Value(-0.0),
                                                    Value(0.1),
                                                    Value(12345678.0),
                                                    Value(1e19),
                                                    Value(std::numeric_limits<double>::max()),
                                                    Value(std::numeric_limits<double>::denorm_min())};
  Changes changes;
  changes.jobs[JobId{9}] = job_row(9);
  std::uint64_t begin = i64_max - 5;  // the keys pass the place where a signed integer would turn negative
  const auto add = [&](const SpanState& state) {
    changes.spans[{JobId{9}, begin}] = Span{begin + 1, state};
    ++begin;
  };
  for (const auto& value : values) {
    add(Done{value});
    add(Leased{{Epoch{u64_max}, u64_max - 1}, AgentId{u64_max}, u64_max, value, u32_max});
  }
  add(Free{});
  add(Free{u32_max, AgentId{u64_max}});
  add(Failed{u32_max, ""});
  add(Failed{0, std::string("line\0\xC3(", 7)});
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
    const char* sql;
    const char* where;
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
      {"UPDATE spans SET value = 'many'", "table spans, job 1, begin 0: column value is no value"},
      {"UPDATE spans SET attempts_failed = 4294967296",
       "table spans, job 1, begin 0: column attempts_failed is out of bounds"},
      {"UPDATE spans SET job = 5", "table spans, job 5: there is no such job"},
      {"UPDATE agents SET slots = -1", "table agents, id 3: column slots is out of bounds"},
      {"UPDATE agents SET kernels = 'primes magic '",
       "table agents, id 3: column kernels has an unknown word"},
      {"UPDATE agent_labels SET agent = 5", "table agent_labels, agent 5: there is no such agent"},
  };
  Changes changes;
  changes.jobs[JobId{1}] = job_row(1);
  changes.spans[{JobId{1}, 0}] = Span{1000, Leased{{Epoch{1}, 1}, AgentId{3}, 5, Value(Int128{3}), 0}};
  changes.agents[AgentId{3}] = agent_row(3, {{"os", "linux"}});
  for (const Damage& damage : damages) {
    const ScratchDir scratch;
    SqliteStore(scratch.state()).commit(changes);
    const auto file = scratch.state().database();
    Database(file).execute(damage.sql);
    const std::string before = bytes_of(file);
    try {
      SqliteStore(scratch.state()).load();
      FAIL_CHECK(damage.sql);
    } catch (const EnvironmentError& error) {
      CHECK(error.status() == ExitStatus::failed);
      CHECK_MESSAGE(says(error.what(), std::string("pq.db is damaged: ") + damage.where),
                    std::string(error.what()));
    }
    CHECK(bytes_of(file) == before);
  }
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

}  // namespace pq
