#include "tests/simulation/weather.h"
#include "tests/rooms.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace pq::simulation {

using namespace std::chrono_literals;

std::string_view to_text(Fault fault) {
  switch (fault) {
    case Fault::kill_agent:
      return "kill_agent";
    case Fault::vanish_agent:
      return "vanish_agent";
    case Fault::stop_agent:
      return "stop_agent";
    case Fault::double_agent:
      return "double_agent";
    case Fault::slow_agent:
      return "slow_agent";
    case Fault::drain_agent:
      return "drain_agent";
    case Fault::hurry_agent:
      return "hurry_agent";
    case Fault::warn_agent:
      return "warn_agent";
    case Fault::advise_agent:
      return "advise_agent";
    case Fault::reconnect_agent:
      return "reconnect_agent";
    case Fault::cut_both_ways:
      return "cut_both_ways";
    case Fault::cut_to_head:
      return "cut_to_head";
    case Fault::cut_from_head:
      return "cut_from_head";
    case Fault::kill_head:
      return "kill_head";
    case Fault::stop_head:
      return "stop_head";
    case Fault::cut_power:
      return "cut_power";
    case Fault::fill_disk:
      return "fill_disk";
    case Fault::crowd_disk:
      return "crowd_disk";
    case Fault::restore_head:
      return "restore_head";
    case Fault::step_the_clock:
      return "step_the_clock";
  }
  return "";
}

namespace {

// Or makes the head take their ends for such, or forget them.
bool ends_agents(Fault fault) {
  switch (fault) {
    case Fault::kill_agent:
    case Fault::vanish_agent:
    case Fault::double_agent:
    case Fault::drain_agent:
    case Fault::hurry_agent:
    case Fault::warn_agent:
    case Fault::advise_agent:
    case Fault::restore_head:
      return true;
    default:
      return false;
  }
}

}  // namespace

Weather::Weather(Dice& dice) {
  const bool everything = dice.one_in(8);
  for (int kind = 0; kind < fault_kinds; ++kind) {
    if (everything || dice.one_in(3)) faults.push_back(static_cast<Fault>(kind));
  }
  fault_pause = dice.between(500ms, 10s);
  faulty_for = dice.one_in(50) ? dice.between(100s, 600s) : dice.between(10s, 50s);
  const auto sometimes = [&](std::uint64_t likely) { return dice.one_in(2) ? likely + dice.below(20) : 0; };
  roughness.dropped = sometimes(4);
  roughness.repeated = sometimes(4);
  roughness.late = sometimes(8);
  roughness.keeps_stale = dice.one_in(2);
  roughness.delay_usual = dice.one_in(4) ? dice.between(10ms, 200ms) : dice.between(50us, 2ms);
  programs_fail = dice.one_in(4);
  poison = !programs_fail && dice.one_in(4);
  clients_steer = dice.one_in(3);
  programs = dice.one_in(2);
  broken_machine = programs && !poison && dice.one_in(4);
  few_attempts = broken_machine && dice.one_in(2);
  if (few_attempts) {
    faults.clear();
    programs_fail = clients_steer = false;
    roughness = {.delay_usual = roughness.delay_usual};
  }
  hangs = programs && !broken_machine && dice.one_in(4);
  killers = programs && !few_attempts && !hangs && !clients_steer && dice.one_in(6);
  if (killers) std::erase_if(faults, ends_agents);
  // A head from a backup knows less than the liar was sent, and might take a lie for the truth.
  lying_machine =
      std::find(faults.begin(), faults.end(), Fault::restore_head) == faults.end() && dice.one_in(4);
}

bool Weather::agents_die() const { return std::any_of(faults.begin(), faults.end(), ends_agents); }

std::string Weather::describe() const {
  std::string text =
      fmt::format("{:.0f} s of faults, one in {:.1f} s:", seconds(faulty_for), seconds(fault_pause));
  for (const Fault fault : faults) text += fmt::format(" {}", to_text(fault));
  text +=
      fmt::format("; of messages 1/{} dropped, 1/{} repeated, 1/{} late, stale ones {}", roughness.dropped,
                  roughness.repeated, roughness.late, roughness.keeps_stale ? "kept" : "lost");
  if (programs_fail) text += "; programs fail now and then";
  if (poison) text += "; some integers always fail";
  if (hangs) text += "; on one machine some integers never end";
  if (killers) text += "; some integers kill their agents";
  if (programs) text += "; jobs run programs";
  if (broken_machine) {
    text += few_attempts ? "; on some machines all programs fail, and that costs no attempts"
                         : "; on one machine all programs fail";
  }
  if (lying_machine) text += "; one machine lies";
  if (clients_steer) text += "; clients steer";
  return text;
}

}  // namespace pq::simulation
