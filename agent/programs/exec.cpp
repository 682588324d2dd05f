#include "agent/programs/exec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/limits.h"
#include "agent/programs/idleness.h"
#include "common/protocol/limits.h"
#include "common/values/check.h"
#include "common/values/duration.h"
#include "common/values/text.h"

namespace pq::programs {
namespace {

using namespace std::chrono_literals;

constexpr Duration leave_patience = 2s;    // of the agent, for a program whose input was closed
constexpr Duration stream_patience = 10s;  // of a program that reads lines, for the next one
constexpr Duration doubt_least = 25ms;     // how long it is awaited that everybody turns out to be signalled
// How long the agent waits, at a step's end, to see that the program waits for its next line. Most programs
// do so at once.
constexpr Duration settle_longest = 200ms;
constexpr Duration settle_unseen = 5ms;  // the same, if the kernel cannot show it
constexpr Duration settle_pause = 500us;
constexpr Duration exit_pause = 50ms;  // between two looks whether such a program has exited
constexpr Duration step_enough = 3 * limits::step_usual / 2;  // then no further run of a step begins
constexpr std::size_t step_bytes_enough = 1 << 20;            // the same, for collected output
constexpr std::size_t shown_bytes_max = 64;                   // of a line that is not a value

// Runs on other slots may still write while the first files are replaced.
constexpr int files_tries_max = 4;
constexpr const char* words_of_changed_files =
    "files that were sent along are changed again and again, by a program that does not run in its own "
    "directory: write to copies of them";

constexpr std::string_view wanted = "must be an integer or a decimal number (or use --fold none)";

std::string with_words(std::string what, const std::string& words) {
  return words.empty() ? what : std::move(what) + ": " + words;
}

std::string ending_text(int status) {
  if (!WIFSIGNALED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  const char* const name = sigdescr_np(WTERMSIG(status));
  return fmt::format("killed by signal {} ({})", WTERMSIG(status), name == nullptr ? "unknown" : name);
}

// The statuses by which a shell says that it could not start its command.
bool shell_could_not_start(int status) {
  return WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127);
}

// Killed by a signal that ends jobs, or the status that a shell gives for such a program.
bool is_like_a_signal(int status) {
  constexpr int shells_add = 128;
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status) > shells_add;
  return Witness::is_ending(WTERMSIG(status));
}

// Of each run; 0: none.
Duration time_limit(const Step& step) { return std::chrono::milliseconds(step.order->program->timeout_ms); }

std::string timeout_text(const Step& step) {
  return fmt::format("timed out after {}", to_text(time_limit(step)));
}

// Why this line is not a value.
std::string flaw_of_value(std::string_view line) {
  if (line.empty()) return fmt::format("printed no value: its last line {}", wanted);
  const std::string_view digits = line.substr(line.front() == '-' || line.front() == '+' ? 1 : 0);
  const bool is_cut = line.size() > shown_bytes_max;
  const std::string shown = printable(beginning(line, shown_bytes_max)) + (is_cut ? "…" : "");
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos)
    return fmt::format("printed {}, which does not fit into a signed 128-bit integer", shown);
  return fmt::format("printed no value: its last line \"{}\" {}", shown, wanted);
}

// No run of the step counts: all of the step has failed.
void spoil(StepResult& result, std::uint64_t upto, const std::string& words) {
  result.upto = result.step.range.begin;
  result.value.reset();
  result.collected.clear();
  result.failed = StepResult::FailedRun{upto, words};
}

}  // namespace

Exec::Exec(const ExecSettings& settings, std::uint32_t slot)
    : settings_(settings),
      slot_(slot),
      group_(settings.runs == nullptr ? nullptr : &settings.runs->row(slot).group),
      scratch_(settings.scratch / std::to_string(slot)) {}

// ---------------------------------------------------------------- steps

StepResult Exec::compute(const Step& step) {
  const Instant began = now();
  StepResult result;
  result.step = step;
  result.upto = step.range.begin;
  const auto flaw = get_ready(step);
  while (result.upto < step.range.end && !result.failed && !recall_.is_abandoned() && !lacks_files_) {
    const Range run =
        run_at(*step.order, result.upto, step.range.end).value_or(Range{result.upto, step.range.end});
    if (!recall_.allows(run, run.begin == step.range.begin)) break;
    Outcome outcome;
    if (flaw) {
      outcome.failure = flaw;
      outcome.cannot_start = true;
      RunLog(settings_.outbox, {step.job, step.lease, run, step.attempt}).fail(*flaw, now());
    } else {
      outcome = compute_run(step, run);
    }
    result.tell_from = std::max(result.tell_from, outcome.tell_from);
    if (outcome.spoils_step && !outcome.is_cut_off) {
      spoil(result, run.end, *outcome.failure);
      break;
    }
    if (!take(result, run, outcome) || now() - began >= step_enough) break;
  }
  settle_stream(result);
  result.lacks_files = lacks_files_;
  result.is_typical = !has_started_stream_;
  result.took = now() - began;
  return result;
}

// What all runs of a job share is made once, and kept while steps of that job come.
std::optional<std::string> Exec::get_ready(const Step& step) {
  has_started_stream_ = lacks_files_ = false;
  if (job_) job_->path.reset();
  if (settings_.runs == nullptr || !step.order->program)
    return "this agent runs no programs: start it with --allow-exec";
  if (job_ && job_->order == step.order) return std::nullopt;
  end_stream();
  job_.reset();
  std::shared_ptr<const JobFiles> files;
  if (!files_needed(*step.order->program).empty()) {
    auto found = settings_.files->find(*step.order);
    lacks_files_ = !found && found.error().kind == FilesFlaw::Kind::cache_changed;
    if (lacks_files_) return std::nullopt;
    if (!found) return found.error().words;
    files = *std::move(found);
  }
  job_.emplace(step.order, std::move(files), settings_.environment, CommandOwner{settings_.mark, slot_},
               settings_.scratch / fmt::format("secrets-{}", slot_));
  return std::nullopt;
}

// False: the step ends before this run, or with it.
bool Exec::take(StepResult& result, const Range& run, Outcome& outcome) const {
  if (outcome.is_cut_off) return false;
  if (outcome.failure) {
    result.failed = StepResult::FailedRun{run.end, *std::move(outcome.failure), outcome.cannot_start};
    return false;
  }
  if (outcome.value && result.value) {
    result.value = fold(result.step.order->fold, *result.value, *outcome.value);
    check(result.value.has_value(), "what programs print can be folded");
  } else if (outcome.value) {
    result.value = std::move(outcome.value);
  }
  result.upto = run.end;
  if (!result.step.order->program->collects) return true;
  result.collected.push_back({run, std::move(outcome.collected)});
  std::size_t bytes = 0;
  for (const CollectedRun& kept : result.collected) bytes += kept.text.size();
  return bytes < step_bytes_enough;
}

void Exec::abandon() {
  recall_.abandon();
  group_.kill();
  if (settings_.alarm != nullptr) settings_.alarm->wake();
}

// ---------------------------------------------------------------- one run

// If somebody wrote to a shared file during a run, the run may have read that. So it does not count, and is
// computed again on a copy of its slot's own.
Exec::Outcome Exec::compute_run(const Step& step, const Range& run) {
  Outcome outcome = try_run(step, run);
  for (int tries = 1; tries < files_tries_max && !outcome.is_cut_off; ++tries) {
    if (!scratch_.shares_what_was_changed()) return outcome;
    stream_.reset();
    outcome = try_run(step, run);
  }
  if (!outcome.is_cut_off && scratch_.shares_what_was_changed()) {
    outcome = {};
    outcome.failure = words_of_changed_files;
  }
  return outcome;
}

Exec::Outcome Exec::try_run(const Step& step, const Range& run) {
  const RunName name{step.job, step.lease, run, step.attempt};
  RunLog log(settings_.outbox, name);
  RunFacts facts{name, std::nullopt, ++settings_.runs->row(slot_).run};
  // A program that reads lines has been in its directory since its start, and what it has left there is its
  // own.
  if (!stream_) {
    if (const auto flaw = prepare()) return without_files(*flaw, log);
  }
  if (job_->files && job_->files->items) {
    facts.item = job_->files->items->item(run.begin);
    if (!facts.item) return without_files({.words = fmt::format("the list has no line {}", run.begin)}, log);
  }
  job_->command.set(facts, scratch_.path());
  return step.order->program->streams ? ask_stream(step, run, log) : run_once(step, log);
}

// Originals that were written to are made again from the cache's files.
std::optional<FilesFlaw> Exec::prepare() {
  // A process that outlives its run may still be in this directory, and write to it by the names that it
  // knew.
  const pid_t witness = settings_.alarm != nullptr ? settings_.alarm->witness() : 0;
  if (settings_.orphans != nullptr && settings_.orphans->are_there(witness)) scratch_.leave();
  for (int tries = 0; tries < files_tries_max; ++tries) {
    const auto ready = scratch_.prepare(job_->files);
    const bool is_good = ready && !scratch_.shares_what_was_changed();
    if (is_good) {
      const auto secrets = job_->secrets.prepare();
      return secrets ? std::nullopt : std::optional(FilesFlaw{FilesFlaw::Kind::environment, secrets.error()});
    }
    if (!ready && ready.error().kind == FilesFlaw::Kind::environment) return ready.error();
    auto renewed = settings_.files->renew(*job_->order, job_->files);
    if (!renewed) return renewed.error();
    job_->files = *std::move(renewed);
  }
  return FilesFlaw{.words = std::string(words_of_changed_files)};
}

Exec::Outcome Exec::without_files(const FilesFlaw& flaw, RunLog& log) {
  Outcome outcome;
  if (flaw.kind == FilesFlaw::Kind::cache_changed) {
    lacks_files_ = outcome.is_cut_off = true;
    job_->order.reset();  // the next step has them found again
    return outcome;
  }
  outcome.failure = flaw.words;
  outcome.cannot_start = true;
  log.fail(flaw.words, now());
  return outcome;
}

tl::expected<Process, std::string> Exec::start(bool reads) {
  ProgramCommand& command = job_->command;
  if (!job_->path || !command.is_of_one_program()) {
    auto found = command.find(scratch_.fd());
    if (!found) return tl::unexpected(found.error());
    job_->path = *std::move(found);
  }
  auto process = Process::start({job_->path->c_str(), command.arguments(), command.environment(),
                                 scratch_.fd(), job_->order->program->memory_bytes, reads},
                                group_);
  if (!process) return tl::unexpected(command.flaw(scratch_.fd(), process.error()));
  if (recall_.is_abandoned()) group_.kill();  // it was not there yet to be killed
  return *std::move(process);
}

Exec::Outcome Exec::run_once(const Step& step, RunLog& log) {
  const bool wants_value = step.order->fold != Fold::none;
  RunOutput output({.value = wants_value, .whole = step.order->program->collects}, log);
  Outcome outcome;
  const Instant began = now();
  auto process = start(false);
  if (!process) {
    outcome.failure = process.error();
    outcome.cannot_start = true;
    output.fail(*outcome.failure, now());
    return outcome;
  }
  const PipeReader::Seen how = reader_.watch(*process, output, nullptr, time_limit(step));
  process->signal(SIGKILL);  // whatever it has left running
  reader_.drain(*process, output, nullptr);
  const int status = process->end();
  outcome.is_cut_off = recall_.is_abandoned();
  const std::string_view line = output.value_text();
  if (output.is_too_much()) {
    outcome.failure = fmt::format("printed more than {} bytes: --collect keeps no more of one run",
                                  limits::output_run_bytes_max);
  } else if (how == PipeReader::Seen::timed_out) {
    outcome.failure = with_words(timeout_text(step), output.last_words());
  } else if (status != 0) {
    outcome.failure = with_words(ending_text(status), output.last_words());
    outcome.cannot_start = shell_could_not_start(status);
  } else if (wants_value) {
    outcome.value = parse_value(line);
    if (!outcome.value) outcome.failure = flaw_of_value(line);
  }
  if (how != PipeReader::Seen::timed_out) doubt(outcome, began, is_like_a_signal(status));
  if (outcome.failure && !outcome.is_cut_off) {
    output.fail(*outcome.failure, now());
  } else {
    output.end(now());
    outcome.collected = output.take_whole();
  }
  return outcome;
}

// A batch system that signals everybody reaches some processes before others. The wait grows with the run's
// time, so nobody pays much for it. A failure is rare, and waits here. A value is reported later, while the
// next run is computed.
void Exec::doubt(Outcome& outcome, Instant began, bool is_like_a_signal) {
  if (settings_.alarm == nullptr || outcome.is_cut_off) return;
  const Instant ended = now();
  const Duration usual = std::clamp<Duration>((ended - began) / 2, doubt_least, Alarm::reach);
  if (outcome.failure) {
    const Instant until = ended + (is_like_a_signal ? Alarm::reach : usual);
    outcome.is_cut_off =
        settings_.alarm->rings(ended, until, recall_.is_abandoned()) || recall_.is_abandoned();
  } else {
    outcome.tell_from = ended + usual;
  }
}

// ---------------------------------------------------------------- streams

Exec::Outcome Exec::ask_stream(const Step& step, const Range& run, RunLog& log) {
  RunOutput output({}, log);
  Outcome outcome;
  const Instant began = now();
  const std::uint64_t alarms = settings_.alarm == nullptr ? 0 : settings_.alarm->times();
  if (stream_ && stream_->alarms != alarms) stream_.reset();  // it was signalled while it had nothing to do
  if (!stream_) {
    auto process = start(true);
    if (process) {
      fcntl(process->input().fd(), F_SETFL, O_NONBLOCK);
      stream_.emplace(Streaming{*std::move(process), {}, {}, alarms});
      has_started_stream_ = true;
    } else {
      outcome.failure = process.error();
      outcome.cannot_start = true;
    }
  }
  const bool is_started = !outcome.failure;
  if (is_started) hear_answer(step, run, output, outcome);
  if (is_started) doubt(outcome, began, true);
  // Its next line may answer any question.
  if (outcome.failure || outcome.is_cut_off) stream_.reset();
  if (outcome.failure && !outcome.is_cut_off) {
    output.fail(*outcome.failure, now());
  } else {
    output.end(now());
  }
  return outcome;
}

// Asks, and takes one line as the answer.
void Exec::hear_answer(const Step& step, const Range& run, RunOutput& output, Outcome& outcome) {
  outcome.failure = surplus_of_stream(output, 0ns);
  outcome.spoils_step = outcome.failure.has_value();
  if (!outcome.failure) outcome.failure = ask(run);
  if (outcome.failure) return;
  const PipeReader::Seen how = reader_.watch(stream_->process, output, &stream_->answers, time_limit(step));
  outcome.is_cut_off = recall_.is_abandoned();
  if (how != PipeReader::Seen::answered) {
    outcome.failure = why_no_answer(step, how, output);
    return;
  }
  const bool wants_value = step.order->fold != Fold::none;
  auto answer = stream_->answers.take(run, wants_value);
  stream_->used = now();
  if (!answer) outcome.failure = answer.error();
  if (answer && stream_->answers.surplus()) outcome.failure = surplus_of_stream(output, 0ns);
  outcome.spoils_step = outcome.failure.has_value();
  if (outcome.failure) return;
  outcome.collected = std::move(answer->line);
  if (wants_value) outcome.value = parse_value(answer->value);
  if (!wants_value || outcome.value) return;
  outcome.failure = flaw_of_value(answer->value);
  // Such a line may be one too many, so earlier lines may have answered other questions.
  const Duration patience = stream_->answers.is_echoing() ? 0ns : settle_longest;
  if (auto surplus = surplus_of_stream(output, patience)) {
    outcome.failure = std::move(surplus);
    outcome.spoils_step = true;
  }
}

// Output that nobody asked for, until the program waits for its next question, but no longer than `patience`.
// Such a line would be taken for the next answer, and each later answer for the one after it.
std::optional<std::string> Exec::surplus_of_stream(RunOutput& output, Duration patience) {
  Process& process = stream_->process;
  const Instant began = now();
  while (true) {
    const Doing doing = patience > 0ns ? doing_of(process.id()) : Doing::waits_for_a_line;
    reader_.drain(process, output, &stream_->answers);
    if (const auto surplus = stream_->answers.surplus()) {
      return fmt::format("wrote \"{}\" without being asked: it must write one line for each that it reads",
                         *surplus);
    }
    const Duration enough = doing == Doing::unknown ? std::min(patience, settle_unseen) : patience;
    const bool is_over =
        doing == Doing::waits_for_a_line || !process.output().is_open() || recall_.is_abandoned();
    if (is_over || now() - began >= enough) return std::nullopt;
    pollfd polled{process.output().fd(), POLLIN, 0};
    const timespec pause = to_timespec(settle_pause);
    ppoll(&polled, 1, &pause, nullptr);
  }
}

// Checked before anything of a step is reported: if there were more answers than questions, nobody knows
// since when.
void Exec::settle_stream(StepResult& result) {
  if (!stream_ || result.upto == result.step.range.begin) return;
  RunLog nowhere(nullptr, {});
  RunOutput ignored({}, nowhere);
  const auto surplus = surplus_of_stream(ignored, stream_->answers.is_echoing() ? 0ns : settle_longest);
  if (!surplus) return;
  stream_.reset();
  const Range last{result.step.range.begin, result.upto};
  RunLog(settings_.outbox, {result.step.job, result.step.lease, last, result.step.attempt})
      .fail(*surplus, now());
  spoil(result, result.upto, *surplus);
}

// Why it cannot be asked.
std::optional<std::string> Exec::ask(const Range& run) {
  const std::string question = fmt::format("{} {}\n", run.begin, run.end);
  const ssize_t written = write(stream_->process.input().fd(), question.data(), question.size());
  if (written < 0 && errno == EAGAIN) return "does not read its standard input";
  return std::nullopt;  // where it is gone, that is seen next
}

std::string Exec::why_no_answer(const Step& step, PipeReader::Seen how, const RunOutput& output) {
  Process& process = stream_->process;
  if (how == PipeReader::Seen::timed_out) return with_words(timeout_text(step), output.last_words());
  if (stream_->answers.bytes() > PipeReader::answer_bytes_max)
    return fmt::format("answered with a line of more than {} bytes", PipeReader::answer_bytes_max);
  // Its exit comes a moment after the end of its output.
  pollfd exit{process.exit_fd(), POLLIN, 0};
  poll(&exit, 1, 200);
  if (!process.has_exited())
    return with_words("closed its standard output without an answer", output.last_words());
  return with_words(ending_text(process.end()) + " without an answer", output.last_words());
}

void Exec::end_stream() {
  if (!stream_) return;
  Process& process = stream_->process;
  process.input().close();
  const Instant deadline = now() + leave_patience;
  RunLog nowhere(nullptr, {});
  RunOutput ignored({}, nowhere);
  while (!process.has_exited() && now() < deadline && !recall_.is_abandoned()) {
    reader_.drain(process, ignored, nullptr);
    pollfd exit{process.exit_fd(), POLLIN, 0};
    const timespec patience = to_timespec(exit_pause);
    ppoll(&exit, 1, &patience, nullptr);
  }
  stream_.reset();
}

void Exec::rest(Instant now) {
  if (now >= rests_until()) end_stream();
}

Instant Exec::rests_until() const { return stream_ ? stream_->used + stream_patience : Instant::never(); }

}  // namespace pq::programs
