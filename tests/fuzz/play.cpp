#include "tests/fuzz/play.h"

#include <chrono>

#include "common/values/check.h"
#include "daemon/core/limits.h"
#include "tests/fuzz/cast.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::array<Duration, 12> durations = {
    1ms, 0ms, 20ms, 250ms, 1s, 3s, 5s, 14'999ms, 15s, 31s, 60s, limits::gone_agent_kept + 1s};

}  // namespace

Play::Play(std::string_view bytes)
    : script_(bytes),
      stage_(script_.one_in(4) ? Honesty::anything_is_said : Honesty::commits_are_true),
      has_ending_(script_.one_in(4)) {}

void Play::run() {
  while (!script_.is_over()) act();
  stage_.turns();
  if (has_ending_) end_honestly();
}

// Messages arrive in the next turn, often together with later ones.
void Play::act() {
  const std::size_t what = script_.below(32);
  if (what < 4) {
    hello();
  } else if (what < 14) {
    beat();
  } else if (what < 15) {
    script_.one_in(2) ? goodbye() : print();
  } else if (what < 23) {
    ask();
  } else if (what < 24) {
    say_bytes();
  } else if (what < 25) {
    meet_disaster();
  } else {
    return let_time_pass();
  }
  if (script_.below(4) > 0) stage_.turns();
}

void Play::let_time_pass() {
  const Duration duration = script_.one_of(durations);
  script_.one_in(4) ? stage_.stands_still(duration) : stage_.passes(duration);
}

void Play::meet_disaster() {
  switch (script_.below(6)) {
    case 0:
      return stage_.restarts();
    case 1:
      return stage_.next_commit(CommitEnd::failed_before);
    case 2:
      return stage_.next_commit(CommitEnd::failed_after);
    case 3:
      return stage_.backs_up();
    case 4:
      return stage_.restores_backup();
    default:
      return stage_.turns();
  }
}

// From an agent they might be a commit of anything, with luck.
void Play::say_bytes() {
  const bool may_lie = stage_.honesty() == Honesty::anything_is_said;
  const std::size_t first = may_lie ? 0 : agents_in_cast;
  const Speaker& speaker = cast().at(first + script_.below(cast().size() - first));
  stage_.says_bytes(speaker, std::string(script_.text(script_.byte())));
}

}  // namespace pq::fuzz
