// Any program of the user's, over ranges: one slot's. DESIGN.md says what a program is told and what it must
// answer.
//
// Of a step of many runs as many are computed as take about a second: the rest is another step's, so that no
// more is lost with the machine, and a job that ends waits for no more, than one run.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/job_files.h"
#include "agent/kernels/command.h"
#include "agent/kernels/run_output.h"
#include "agent/outbox.h"
#include "agent/process.h"
#include "agent/run_table.h"
#include "agent/scratch.h"
#include "agent/step.h"
#include "common/instant.h"
#include "common/os/clock.h"

namespace pq {

// What all slots share; it must outlive them. Without a run table no programs are run.
struct ExecSettings {
  std::filesystem::path scratch;         // a directory of this agent's own
  std::vector<std::string> environment;  // NAME=VALUE
  std::string mark;                      // of this agent, in the environment of whatever it starts
  RunTable* runs = nullptr;
  JobFilesShelf* files = nullptr;
  Outbox* outbox = nullptr;  // none: logs are dropped
};

class Exec {
 public:
  Exec(const ExecSettings& settings, std::uint32_t slot);

  // Runs programs until the step is done, one of them fails, or about a second is over.
  StepResult compute(const Step& step);

  // A program that has been waiting for too long for its next line is ended.
  void rest(Instant now);
  // When to call that; never, if none waits.
  Instant rests_until() const;

  // From any thread: what compute() does is of no use any more. It ends soon, with whatever it has.
  void abandon();
  // The next call of compute() is of use again.
  void welcome() { is_abandoned_ = false; }

 private:
  struct Outcome {
    std::optional<Value> value;
    std::optional<std::string> failure;
    bool is_cut_off = false;  // abandoned: neither of both
    std::string collected;
  };
  // A program that reads lines, and what it has written and nobody has taken yet.
  struct Streaming {
    Process process;
    std::string answers;
    Instant used;
  };
  enum class Watched { exited, answered, timed_out };

  std::optional<std::string> get_ready(const Step& step);
  bool take(StepResult& result, const Range& run, Outcome& outcome) const;
  Outcome compute_run(const Step& step, const Range& run);
  tl::expected<Process, std::string> start(bool reads);
  Outcome run_once(const Step& step, RunLog& log);
  Outcome ask_stream(const Step& step, const Range& run, RunLog& log);
  std::optional<std::string> ask(const Range& run, RunOutput& output);
  std::string why_no_answer(const Step& step, Watched how, const RunOutput& output);
  void end_stream();

  // Reads what it writes until it has exited, was ended for its time, or (a stream) has answered with a line.
  Watched watch(Process& process, RunOutput& output, std::string* answers);
  void read_some(Descriptor& from, Stream stream, RunOutput& output, std::string* answers);
  // What is there already.
  void drain(Process& process, RunOutput& output, std::string* answers);
  Instant now() const { return clock_.now().instant; }

  const ExecSettings settings_;
  const std::uint32_t slot_;
  const SystemClock clock_;
  GroupSlot group_;
  std::atomic<bool> is_abandoned_ = false;
  Scratch scratch_;
  std::vector<char> buffer_;

  std::shared_ptr<const JobOrder> order_;  // that the following are for
  std::shared_ptr<const JobFiles> files_;
  std::optional<ProgramCommand> command_;
  std::optional<std::string> path_;  // of its program, once that is found
  std::optional<Streaming> stream_;
  bool has_started_stream_ = false;  // in the present step
};

}  // namespace pq
