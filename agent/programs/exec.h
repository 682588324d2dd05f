// Runs the user's program over ranges, for one slot. README.md says what a program receives and what it must
// answer.
//
// A step may hold many runs. Exec stops after about a second and leaves the rest to the next step. So a
// machine that dies loses at most one run, and a job that ends waits for at most one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/alarm.h"
#include "agent/programs/answers.h"
#include "agent/programs/command.h"
#include "agent/programs/job_files.h"
#include "agent/programs/orphans.h"
#include "agent/programs/outbox.h"
#include "agent/programs/pipe_reader.h"
#include "agent/programs/process.h"
#include "agent/programs/recall.h"
#include "agent/programs/run_output.h"
#include "agent/programs/run_table.h"
#include "agent/programs/scratch.h"
#include "agent/programs/secrets.h"
#include "agent/step.h"
#include "common/os/clock.h"
#include "common/values/instant.h"

namespace pq::programs {

// What all slots share; it must outlive them. Without a run table no programs run.
struct ExecSettings {
  std::filesystem::path scratch;         // a directory of this agent's own
  std::vector<std::string> environment;  // NAME=VALUE
  std::string mark;                      // of this agent, in the environment of whatever it starts
  RunTable* runs = nullptr;
  JobFilesShelf* files = nullptr;
  const Orphans* orphans = nullptr;  // none: nobody looks for orphans
  Outbox* outbox = nullptr;          // none: logs are dropped
  Alarm* alarm = nullptr;            // none: nothing here signals all processes
};

class Exec {
 public:
  Exec(const ExecSettings& settings, std::uint32_t slot);

  // Runs programs until the step is done, one of them fails, or about a second is over.
  StepResult compute(const Step& step);

  // Ends a program that has waited too long for its next line.
  void rest(Instant now);
  // When to call rest(); never, if no program waits.
  Instant rests_until() const;

  // From any thread: compute() must begin no further run of its step. Returns the end of the last run that it
  // may still compute; it begins nothing beyond.
  std::uint64_t curtail() { return recall_.curtail(); }

  // From any thread: the result of compute() is no longer needed. It ends soon, with whatever it has.
  void abandon();
  // Clears both for the next call of compute().
  void welcome() { recall_.clear(); }

 private:
  struct Outcome {
    std::optional<Value> value;
    std::optional<std::string> failure;
    bool cannot_start = false;  // the agent could not start the program
    // Abandoned, signalled together with the agent, or without its files: it has neither a value nor a
    // failure.
    bool is_cut_off = false;
    bool spoils_step = false;  // a failure by which no answer of the step can be trusted
    std::string collected;
    Instant tell_from;
  };
  // A program that reads lines, and its output that nobody has taken yet.
  struct Streaming {
    Process process;
    Answers answers;
    Instant used;
    std::uint64_t alarms = 0;  // that have been when it was started
  };
  // What all runs of one job share: made once, and kept while steps of that job come.
  struct JobInHand {
    JobInHand(std::shared_ptr<const JobOrder> of, std::shared_ptr<const JobFiles> with,
              const std::vector<std::string>& environment, const CommandOwner& owner,
              const std::filesystem::path& secrets_at)
        : order(std::move(of)),
          files(std::move(with)),
          secrets(secrets_at, order->program->secrets),
          command(*order, environment, owner, secrets.are_none() ? std::filesystem::path() : secrets_at) {}

    std::shared_ptr<const JobOrder> order;  // null: the next step has its files found again
    std::shared_ptr<const JobFiles> files;
    Secrets secrets;
    ProgramCommand command;
    std::optional<std::string> path;  // of its program, once that is found
  };

  std::optional<std::string> get_ready(const Step& step);
  bool take(StepResult& result, const Range& run, Outcome& outcome) const;
  Outcome compute_run(const Step& step, const Range& run);
  Outcome try_run(const Step& step, const Range& run);
  std::optional<FilesFlaw> prepare();
  Outcome without_files(const FilesFlaw& flaw, RunLog& log);
  tl::expected<Process, std::string> start(bool reads);
  Outcome run_once(const Step& step, RunLog& log);
  void doubt(Outcome& outcome, Instant began, bool is_like_a_signal);
  Outcome ask_stream(const Step& step, const Range& run, RunLog& log);
  void hear_answer(const Step& step, const Range& run, RunOutput& output, Outcome& outcome);
  std::optional<std::string> ask(const Range& run);
  std::optional<std::string> surplus_of_stream(RunOutput& output, Duration patience);
  void settle_stream(StepResult& result);
  std::string why_no_answer(const Step& step, PipeReader::Seen how, const RunOutput& output);
  void end_stream();
  Instant now() const { return clock_.now().instant; }

  const ExecSettings settings_;
  const std::uint32_t slot_;
  const SystemClock clock_;
  GroupSlot group_;
  Recall recall_;
  Scratch scratch_;
  PipeReader reader_;

  std::optional<JobInHand> job_;
  std::optional<Streaming> stream_;
  bool has_started_stream_ = false;  // in the present step
  bool lacks_files_ = false;         // the same: the cache's files must be fetched again
};

}  // namespace pq::programs
