// pq-bench-makespan: how long a job takes on a fleet of mixed speeds whose machines slow down and vanish, as
// a ratio to the ideal (every slot busy with useful work until the very end), beside chunks of a fixed size
// on the same fleet. Virtual time: the real daemon and sessions over a calm network; the same seed gives the
// same fleet and the same figures on every machine.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cxxopts.hpp>
#include <deque>
#include <functional>
#include <numbers>
#include <vector>

#include "daemon/core/limits.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/simulation/fleet.h"
#include "tests/simulation/timeline.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace pq::simulation;

// ---------------------------------------------------------------- the fleet

constexpr double speed_spread = 0.7;     // of the logarithm of a machine's speed; its median is 1
constexpr double lifetime_s = 2 * 3600;  // until a Spot machine vanishes, on average
constexpr double boot_s = 120;           // until another one has come in its place

double normal(Dice& dice) {  // Box and Muller
  return std::sqrt(-2 * std::log(1 - dice.fraction())) * std::cos(2 * std::numbers::pi * dice.fraction());
}

std::vector<Life> draw_fleet(Dice& dice, std::size_t machines, double horizon_s) {
  std::vector<Life> lives;
  for (std::size_t i = 0; i < machines; ++i) {
    for (double t = 0; t < horizon_s;) {
      Life life;
      life.comes = t;
      life.has_tables = false;  // what a kernel adds to its steps is no matter of scheduling
      life.goes = t - lifetime_s * std::log(1 - dice.fraction());
      life.speed = std::exp(speed_spread * normal(dice));
      if (dice.one_in(4)) life.slows_at = t + dice.fraction() * lifetime_s / 4;
      lives.push_back(life);
      t = life.goes + boot_s;
    }
  }
  return lives;
}

// ---------------------------------------------------------------- pq

struct Run {
  double took_s = 0;
  Tally tally;
  std::uint64_t recomputed = 0;
};

Run run_pq(const std::vector<Life>& lives, const Range& range, std::uint64_t seed) {
  pq::simulation::Fleet fleet(seed, true);
  for (const Life& life : lives) fleet.add(life);
  fleet.submit(0, range);
  const double took_s = fleet.run();
  return {took_s, fleet.tally(), fleet.stored().jobs.begin()->second.recomputed};
}

// ---------------------------------------------------------------- chunks of a fixed size

// Each machine takes the next chunk when it has ended one; a chunk whose machine vanishes is given to another
// when that is noticed, after pq's own lease term.
double run_chunks(const std::vector<Life>& lives, double work_s, double chunk_s) {
  const auto chunks = static_cast<std::uint64_t>(std::ceil(work_s / chunk_s));
  const double each_s = work_s / static_cast<double>(chunks);
  const double noticed_s = seconds(limits::lease_term);
  Timeline timeline;
  const Instant began = timeline.now();
  const auto now = [&] { return seconds(timeline.now() - began); };
  std::uint64_t waiting = chunks;
  std::uint64_t done = 0;
  std::deque<const Life*> idle;
  // When this machine has done `each_s` of work that it begins now.
  const auto ends = [&](const Life& life) {
    const double t = now();
    const double before_slow = std::max(0.0, life.slows_at - t) * life.speed;
    if (each_s <= before_slow) return t + each_s / life.speed;
    return std::max(t, life.slows_at) + (each_s - before_slow) / (life.speed * slowed);
  };
  std::function<void(const Life&)> work = [&](const Life& life) {
    if (now() >= life.goes) return;
    if (waiting == 0) return idle.push_back(&life);
    waiting -= 1;
    const double end = ends(life);
    if (end <= life.goes) {
      timeline.at(began + from_seconds(end), [&] { ++done, work(life); });
      return;
    }
    timeline.at(began + from_seconds(life.goes + noticed_s), [&] {
      waiting += 1;
      while (waiting > 0 && !idle.empty()) {
        const Life& next = *idle.front();
        idle.pop_front();
        work(next);
      }
    });
  };
  for (const Life& life : lives) timeline.at(began + from_seconds(life.comes), [&] { work(life); });
  while (done < chunks && timeline.step(Instant::never())) {
  }
  return now();
}

}  // namespace

int main(int argc, char** argv) {
  cxxopts::Options options("pq-bench-makespan",
                           "a job's time on a fleet of mixed speeds, as a ratio to the ideal");
  options.add_options()("machines", "of one slot each", cxxopts::value<std::size_t>()->default_value("200"))(
      "minutes", "that the ideal takes", cxxopts::value<double>()->default_value("30"))(
      "seeds", "fleets", cxxopts::value<std::uint64_t>()->default_value("3"))(
      "at-most", "fail if pq's worst ratio is above", cxxopts::value<double>()->default_value("1e9"))("help",
                                                                                                      "this");
  const auto arguments = options.parse(argc, argv);
  if (arguments.count("help") > 0) {
    std::puts(options.help().c_str());
    return 0;
  }
  const auto machines = arguments["machines"].as<std::size_t>();
  const double ideal_s = 60 * arguments["minutes"].as<double>();
  double worst = 0;
  fmt::print("{} machines, a job of {:.0f} min ideal; ratios to the ideal\n", machines, ideal_s / 60);
  fmt::print("{:>4}  {:>7}  {:>9}  {:>10}  {:>11}   {}\n", "seed", "pq", "5 s chunks", "60 s chunks",
             "300 s chunks", "pq's leases, of them expired, yielded; integers computed again");
  for (std::uint64_t seed = 1; seed <= arguments["seeds"].as<std::uint64_t>(); ++seed) {
    Dice dice(seed);
    const std::vector<Life> lives = draw_fleet(dice, machines, 20 * ideal_s);
    const double work_s = capacity(lives, ideal_s);
    const Run pq = run_pq(lives, range_worth(work_s), seed);
    worst = std::max(worst, pq.took_s / ideal_s);
    fmt::print("{:>4}  {:>7.4f}  {:>10.4f}  {:>11.4f}  {:>12.4f}   {} {} {} {}\n", seed, pq.took_s / ideal_s,
               run_chunks(lives, work_s, 5) / ideal_s, run_chunks(lives, work_s, 60) / ideal_s,
               run_chunks(lives, work_s, 300) / ideal_s, pq.tally.leases, pq.tally.expired, pq.tally.yielded,
               pq.recomputed);
    std::fflush(stdout);
  }
  const double most = arguments["at-most"].as<double>();
  if (worst <= most) return 0;
  fmt::print("pq's worst ratio is {:.4f}, above {:.4f}\n", worst, most);
  return 1;
}
