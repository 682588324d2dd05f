// Grant + commit pairs a second through the real socket, the real daemon and its database: simulated agents,
// each with many slots, whose every lease is finished the moment it is granted. Beside it, in the same run, a
// bare loop of SQLite transactions at the daemon's durability, so that a disk's speed can be told from pq's.
//
//   pq-bench-pairs STATE_DIR AGENTS SLOTS SECONDS     prints "pairs_per_s"; a head must run there with a wide
//   job pq-bench-pairs --sqlite DIR ROWS SECONDS          prints "rows_per_s" of transactions of ROWS rows
#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/net/keys.h"
#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/os/random.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "common/values/errors.h"

namespace {

using namespace std::chrono_literals;

pq::Instant now() { return pq::os::SystemClock().now().instant; }

// One agent that computes nothing: it answers each Orders with a Beat that has finished all of it.
class SimulatedAgent {
 public:
  SimulatedAgent(const pq::net::Credentials& credentials, int number, std::uint32_t slots)
      : dealer_(credentials, pq::limits::message_bytes_max) {
    hello_.name = fmt::format("simulated-{}-{}", number, pq::os::random_bits() % 10000);
    hello_.incarnation = {pq::os::random_bits()};
    hello_.program_version = "bench";
    hello_.slots = slots;
    hello_.kernels = {pq::Kernel::primes};
  }

  // Leases that were finished and are gone since the last call.
  std::uint64_t turn() {
    std::uint64_t finished = 0;
    if (!welcomed_ && now() >= next_hello_ && dealer_.send(pq::encode(pq::AgentToHead(hello_))))
      next_hello_ = now() + 2s;
    while (const auto bytes = dealer_.receive()) {
      const auto message = pq::decode_to_agent(*bytes);
      if (!message) continue;
      if (std::holds_alternative<pq::Welcome>(*message)) {
        welcomed_ = true;
        beat({});
      } else if (const auto* orders = std::get_if<pq::Orders>(&*message)) {
        finished += held_;
        beat(*orders);
      }
    }
    return finished;
  }

  void wait() { dealer_.wait(5ms); }

 private:
  void beat(const pq::Orders& orders) {
    pq::Beat beat;
    beat.name = hello_.name;
    beat.incarnation = hello_.incarnation;
    beat.seq = ++seq_;
    beat.epoch = orders.epoch;
    beat.orders_seen = orders.number;
    pq::JobId job;
    for (const pq::LeaseOrder& order : orders.leases) {
      beat.leases.push_back(
          {order.lease, order.range.begin, order.range.end, order.range.end, pq::Int128{1}, {}, {}});
      job = order.job;
    }
    held_ = orders.leases.size();
    if (job.value != 0) beat.paces.push_back({job, 0, 1e-9});
    dealer_.send(pq::encode(pq::AgentToHead(beat)));
  }

  pq::net::Dealer dealer_;
  pq::Hello hello_;
  bool welcomed_ = false;
  pq::Instant next_hello_;
  std::uint64_t seq_ = 0;
  std::uint64_t held_ = 0;
};

void run_agents(const std::string& state_dir, int count, std::uint32_t slots, double seconds) {
  const auto credentials = pq::net::find_credentials({.state_dir = state_dir,
                                                      .role = pq::Role::agent,
                                                      .head_endpoint = {},
                                                      .join_token = {},
                                                      .key_file = {}});
  if (!credentials) throw pq::EnvironmentError(credentials.error());
  std::vector<SimulatedAgent> agents;
  agents.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) agents.emplace_back(*credentials, i, slots);
  const auto turn_for = [&](double duration_s) {
    std::uint64_t finished = 0;
    const pq::Instant end = now() + pq::from_seconds(duration_s);
    while (now() < end) {
      std::uint64_t in_this_pass = 0;
      for (SimulatedAgent& agent : agents) in_this_pass += agent.turn();
      if (in_this_pass == 0) agents.front().wait();
      finished += in_this_pass;
    }
    return finished;
  };
  turn_for(1.0 + 0.01 * count);  // connections and the first leases
  const pq::Instant began = now();
  const std::uint64_t finished = turn_for(seconds);
  std::printf("%.0f\n", static_cast<double>(finished) / pq::seconds(now() - began));
}

void execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw pq::EnvironmentError(sqlite3_errmsg(database));
}

void run_sqlite(const std::string& dir, int rows, double seconds) {
  sqlite3* database = nullptr;
  if (sqlite3_open((dir + "/bare.db").c_str(), &database) != SQLITE_OK)
    throw pq::EnvironmentError("cannot open bare.db");
  execute(database,
          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "CREATE TABLE bare(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER) STRICT");
  sqlite3_stmt* put = nullptr;
  sqlite3_prepare_v2(database, "INSERT OR REPLACE INTO bare VALUES(?1, ?1, ?1, ?1, ?1)", -1, &put, nullptr);
  const pq::Instant began = now();
  std::uint64_t written = 0;
  while (now() - began < pq::from_seconds(seconds)) {
    execute(database, "BEGIN IMMEDIATE");
    for (int i = 0; i < rows; ++i) {
      sqlite3_bind_int64(put, 1, i);
      sqlite3_step(put);
      sqlite3_reset(put);
    }
    execute(database, "COMMIT");
    written += static_cast<std::uint64_t>(rows);
  }
  std::printf("%.0f\n", static_cast<double>(written) / pq::seconds(now() - began));
  sqlite3_finalize(put);
  sqlite3_close(database);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() != 5) {
    std::fprintf(stderr,
                 "usage: pq-bench-pairs STATE_DIR AGENTS SLOTS SECONDS | --sqlite DIR ROWS SECONDS\n");
    return 2;
  }
  try {
    pq::os::seed_c_library();
    if (words[1] == "--sqlite") {
      run_sqlite(words[2], std::stoi(words[3]), std::stod(words[4]));
    } else {
      run_agents(words[1], std::stoi(words[2]), static_cast<std::uint32_t>(std::stoul(words[3])),
                 std::stod(words[4]));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pq-bench-pairs: %s\n", error.what());
    return 1;
  }
  return 0;
}
