// The faults in one simulated run, all drawn from the seed: each kind of fault is on or off.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/instant.h"
#include "tests/dice.h"
#include "tests/rooms.h"

namespace pq::simulation {

enum class Fault {
  // agents
  kill_agent,       // and started again under its name
  vanish_agent,     // and another machine comes in its place
  stop_agent,       // SIGSTOP, and continued
  double_agent,     // a second process under the same name
  slow_agent,       // to a tenth
  drain_agent,      // SIGTERM
  hurry_agent,      // SIGTERM twice
  warn_agent,       // its cloud announces its end, and takes that back later, perhaps before it is done
  advise_agent,     // its cloud recommends to move, for a while
  reconnect_agent,  // its connection breaks
  // the network
  cut_both_ways,
  cut_to_head,
  cut_from_head,
  // the head
  kill_head,      // between two turns, before or after a commit, or amid sending
  stop_head,      // it stands still
  cut_power,      // the last commit is there or not
  fill_disk,      // commits fail, with unknown outcome
  crowd_disk,     // others fill it but for what the head keeps free
  restore_head,   // from an old backup
  step_the_clock  // the wall clock
};

inline constexpr int fault_kinds = static_cast<int>(Fault::step_the_clock) + 1;

std::string_view to_text(Fault fault);

// Of messages: one in n; 0: never.
struct Roughness {
  std::uint64_t dropped = 0;
  std::uint64_t repeated = 0;
  std::uint64_t late = 0;    // by up to 20 s, so that others overtake it
  bool keeps_stale = false;  // what is sent to nobody is delivered to whoever is there next
  Duration delay_usual{0};
};

struct Weather {
  explicit Weather(Dice& dice);

  std::vector<Fault> faults;  // those that are on
  Duration fault_pause;       // between two, on average
  Duration faulty_for;        // from then on nothing goes wrong any more
  Roughness roughness;
  bool programs_fail = false;  // now and then, anywhere
  bool poison = false;         // at certain integers, always
  bool killers = false;        // at certain integers, always, they take their agent along
  bool programs =
      false;  // jobs run programs: with runs of a fixed width, in several slots, collecting what they print
  bool broken_machine = false;  // on one machine every program fails
  bool hangs = false;           // on one machine some integers never end
  bool few_attempts = false;    // or on several, while others are always there, and they may cost nothing
  bool lying_machine = false;   // one machine says now and then what is not so
  bool clients_steer = false;   // pause, resume, cancel, retry, change priorities, have work computed again

  // Agents end of more than what they compute, or the head forgets how.
  bool agents_die() const;
  std::string describe() const;
};

}  // namespace pq::simulation
