// A script of who sends what and when, read from a fuzzer's bytes: agents whose reports mostly fit their
// leases, operators, viewers, and disasters of the head. At the end of some plays honest agents must be
// able to finish everything that is left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/script.h"
#include "tests/fuzz/stage.h"
#include "tests/rooms.h"

namespace pq::fuzz {

class Play {
 public:
  explicit Play(std::string_view bytes);
  void run();

 private:
  void act();

  // ---- agents (play_agents.cpp)
  void hello();
  void beat();
  void goodbye();
  void print();
  const Agent* some_agent();
  const Speaker& speaker_of(const Agent& agent);
  Incarnation incarnation_of(const Agent& agent);
  std::optional<LeaseView> view_of(LeaseId id, const Lease& lease);
  LeaseView true_view(LeaseId id, const Lease& lease, std::uint64_t upto) const;
  void perturb(LeaseView& view, const Range& range, std::uint64_t committed);
  LeaseView view_of_a_stranger(const Agent& agent, const Agent* heard);
  const Agent* agent_of(const std::string& public_key, const std::string& name) const;
  std::optional<Value> lie();
  std::vector<PaceView> some_paces();

  // ---- clients (play_clients.cpp)
  void ask();
  ClientToHead some_question();
  Submit some_submission();
  JobSpec some_program(JobSpec spec);
  PutFile some_file_part();
  Range some_range();
  JobId some_job();
  std::vector<JobId> some_jobs();

  // ---- the end (play_ending.cpp)
  void end_honestly();
  void wait_for_silence();
  void resume_all();
  void greet_honestly(const Speaker& speaker);
  void compute_honestly(const Speaker& speaker);
  Beat honest_beat(const Agent& self) const;
  Output honest_output(const Agent& self) const;

  // ---- the world
  void let_time_pass();
  void meet_disaster();
  void say_bytes();

  Script script_;
  Stage stage_;
  bool has_ending_;  // which takes longer than the rest
  std::uint64_t last_request_ = 0;
};

}  // namespace pq::fuzz
