// One simulated cluster from one seed: a head, machines, clients with jobs, and the weather. First everything
// that is on goes wrong, then nothing does any more, and then every job must end, with its true total, in
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  // `tells`: each fault is printed as it happens, for a seed that is looked at.
  explicit World(std::uint64_t seed, bool tells = false);

  // Throws Broken.
  void run();

  // Of everything that happened: the same for the same seed, or the run cannot be replayed.
  std::uint64_t digest() const { return network_.digest(); }
  const Tally& tally() const { return auditor_.tally; }
  Duration simulated() const { return timeline_.now() - began_; }
  const Weather& weather() const { return weather_; }

 private:
  Machine& add_machine(MachineFacts facts);
  MachineFacts draw_machine();
  void draw_jobs();
  void draw_program(JobSpec& spec);
  void plan_fault();
  void happens(Fault fault);
  void happens_to_head(Fault fault);
  void happens_to(Machine& machine, Fault fault);
  void heal();
  void keep_somebody_running();
  Duration patience() const;
  double fleet() const;
  bool all_have_answers() const;
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
