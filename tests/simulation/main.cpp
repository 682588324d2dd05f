// pq-simulation: many seeds, or one seed in detail. Each seed runs twice, and both runs must be the same.
#include <fmt/format.h>

#include <unistd.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cxxopts.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/rooms.h"
#include "tests/simulation/truth.h"
#include "tests/simulation/world.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace pq::simulation;

thread_local std::uint64_t present_seed = 0;

// A broken `check` ends the process; this says at which seed.
extern "C" void tell_seed(int /*signal*/) {
  const std::string text = fmt::format("aborted at seed {}\n", present_seed);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
}

struct Outcome {
  std::uint64_t digest = 0;
  Tally tally;
  Duration simulated{0};
};

Outcome run_once(std::uint64_t seed, bool tells) {
  World world(seed, tells);
  if (tells) fmt::print("{}\n", world.weather().describe());
  world.run();
  return {world.digest(), world.tally(), world.simulated()};
}

// What is wrong with this seed, if anything.
std::optional<std::string> examine(std::uint64_t seed, bool tells, Outcome& outcome) {
  present_seed = seed;
  try {
    outcome = run_once(seed, tells);
    const Outcome again = run_once(seed, false);
    if (again.digest != outcome.digest || again.simulated != outcome.simulated)
      return "it is not the same twice: something depends on more than the seed";
  } catch (const Broken& broken) {
    return broken.what;
  }
  return std::nullopt;
}

struct Totals {
  Tally tally;
  Duration simulated{0};
  std::uint64_t digest = 0;
  std::optional<std::pair<std::uint64_t, std::string>> failure;  // of the lowest seed that failed
};

Totals run_many(std::uint64_t first, std::uint64_t count) {
  Totals totals;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{first};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < first + count && !failed; seed = next++) {
      Outcome outcome;
      const auto wrong = examine(seed, false, outcome);
      const std::lock_guard lock(mutex);
      totals.tally.add(outcome.tally);
      totals.simulated += outcome.simulated;
      totals.digest ^= mix(outcome.digest + seed);
      if (!wrong) continue;
      failed = true;
      if (!totals.failure || seed < totals.failure->first) totals.failure = {seed, *wrong};
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return totals;
}

void report(const Totals& totals, std::uint64_t count, Duration took) {
  const Tally& t = totals.tally;
  fmt::print(
      "{} seeds, each twice, in {:.1f} s: {:.0f} simulated hours, {} faults, {} lives of a head ({} from a "
      "backup), "
      "{} turns, {} commits, {} leases, {} expired, {} yielded, {} failed attempts, {} runs collected, {} "
      "agents killed by what they computed, {} at most by one integer; somebody's work discarded {} times, "
      "{} jobs "
      "forgotten; "
      "digest {:016x}\n",
      count, seconds(took), 2 * seconds(totals.simulated) / 3600, t.faults, t.heads, t.restores, t.turns,
      t.commits, t.leases, t.expired, t.yielded, t.failed_attempts, t.collected, t.killed, t.killed_most,
      t.discarded, t.forgotten, totals.digest);
}

}  // namespace

int main(int argc, char** argv) {
  cxxopts::Options options("pq-simulation", "the head and its agents in virtual time, among faults");
  options.add_options()("seeds", "how many", cxxopts::value<std::uint64_t>()->default_value("10000"))(
      "first", "the first of them", cxxopts::value<std::uint64_t>()->default_value("1"))(
      "seed", "only this one, telling what happens", cxxopts::value<std::uint64_t>())("help", "this");
  const auto arguments = options.parse(argc, argv);
  if (arguments.count("help") > 0) {
    std::puts(options.help().c_str());
    return 0;
  }
  std::signal(SIGABRT, tell_seed);
  if (arguments.count("seed") > 0) {
    const auto seed = arguments["seed"].as<std::uint64_t>();
    fmt::print("seed {}\n", seed);
    Outcome outcome;
    const auto wrong = examine(seed, true, outcome);
    fmt::print("{}\n",
               wrong ? "BROKEN: " + *wrong : fmt::format("all rules hold; digest {:016x}", outcome.digest));
    return wrong ? 1 : 0;
  }
  const auto first = arguments["first"].as<std::uint64_t>();
  const auto count = arguments["seeds"].as<std::uint64_t>();
  fmt::print("seeds {} … {}\n", first, first + count - 1);
  std::fflush(stdout);
  const auto began = std::chrono::steady_clock::now();
  const Totals totals = run_many(first, count);
  if (totals.failure) {
    fmt::print("BROKEN at seed {}: {}\nreplay it with: pq-simulation --seed {}\n", totals.failure->first,
               totals.failure->second, totals.failure->first);
    return 1;
  }
  report(totals, count, std::chrono::steady_clock::now() - began);
  return 0;
}
