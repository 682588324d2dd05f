// One simulated cluster from one seed: a head, machines, clients with jobs, and the weather. First the chosen
// faults happen, then none any more. Then every job must end in time with its true total.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/rooms.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/client.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/head.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/network.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/weather.h"

namespace pq::simulation {

class World {
 public:
  // `tells`: prints each fault as it happens, to examine a seed.
  explicit World(std::uint64_t seed, bool tells = false);

  // Throws Broken.
  void run();

  // A hash of everything that happened: the same for the same seed, or the run cannot be replayed.
  std::uint64_t digest() const { return network_.digest(); }
  const Tally& tally() const { return auditor_.tally; }
  Duration simulated() const { return timeline_.now() - began_; }
  const Weather& weather() const { return weather_; }

 private:
  Machine& add_machine(MachineFacts facts);
  MachineFacts draw_machine();
  void draw_jobs();
  void draw_small_counts();
  void draw_program(JobSpec& spec);
  void plan_fault();
  void happens(Fault fault);
  void happens_to_head(Fault fault);
  void happens_to(Machine& machine, Fault fault);
  void heal();
  void keep_somebody_running();
  Duration patience() const;
  double fleet() const;
  std::optional<CommittedPart> known_of(LeaseId id) const;
  bool all_have_answers() const;
  void check_deaths();
  std::string describe() const;
  void tell_regularly();

  Dice dice_;
  Weather weather_;
  bool tells_;
  Timeline timeline_;
  Instant began_ = timeline_.now();
  Instant heals_at_ = began_ + weather_.faulty_for;
  Network network_;
  Disk disk_;
  Auditor auditor_;
  Head head_;
  Programs programs_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::uint64_t last_machine_ = 0;
};

}  // namespace pq::simulation
