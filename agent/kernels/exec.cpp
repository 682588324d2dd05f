#include "agent/kernels/exec.h"

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

#include "common/duration.h"
#include "common/limits.h"
#include "common/text.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration term_patience = 2s;     // between SIGTERM and SIGKILL
constexpr Duration stream_patience = 10s;  // of a program that reads lines, for the next one
constexpr Duration exit_poll = 5ms;        // where the kernel cannot tell of an exit
constexpr Duration step_enough = 3 * limits::step_usual / 2;  // then no further run of a step begins
constexpr std::size_t step_bytes_enough = 1 << 20;            // the same, of what is collected
constexpr std::size_t buffer_bytes = 1 << 16;                 // a pipe's
constexpr std::size_t answer_bytes_max = 1 << 16;
constexpr std::size_t shown_bytes_max = 64;  // of a line that is no value
constexpr int drains_max = 32;               // of a full pipe; whoever still writes is no part of the run

constexpr std::string_view wanted = "must be an integer or a decimal number (or use --fold none)";

std::string with_words(std::string what, const std::string& words) {
  return words.empty() ? what : std::move(what) + ": " + words;
}

std::string ending_text(int status) {
  if (!WIFSIGNALED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  const char* const name = sigdescr_np(WTERMSIG(status));
  return fmt::format("killed by signal {} ({})", WTERMSIG(status), name == nullptr ? "unknown" : name);
}

std::string timeout_text(const Step& step) {
  return fmt::format("timed out after {}",
                     to_text(Duration(std::chrono::milliseconds(step.order->program->timeout_ms))));
}

// Why this line is no value.
std::string flaw_of_value(std::string_view line) {
  if (line.empty()) return fmt::format("printed no value: its last line {}", wanted);
  const std::string_view digits = line.substr(line.front() == '-' || line.front() == '+' ? 1 : 0);
  const bool is_cut = line.size() > shown_bytes_max;
  const std::string shown = printable(line.substr(0, shown_bytes_max)) + (is_cut ? "…" : "");
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos)
    return fmt::format("printed {}, which does not fit into a signed 128-bit integer", shown);
  return fmt::format("printed no value: its last line \"{}\" {}", shown, wanted);
}

timespec to_timespec(Duration duration) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {whole.count(), (duration - whole).count()};
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
  while (result.upto < step.range.end && !result.failed && !is_abandoned_) {
    const Range run =
        run_at(*step.order, result.upto, step.range.end).value_or(Range{result.upto, step.range.end});
    Outcome outcome;
    if (flaw) {
      outcome.failure = flaw;
      RunLog(settings_.outbox, {step.job, step.lease, run, step.attempt}).fail(*flaw, now());
    } else {
      outcome = compute_run(step, run);
    }
    if (!take(result, run, outcome) || now() - began >= step_enough) break;
  }
  result.is_typical = !has_started_stream_;
  result.took = now() - began;
  return result;
}

// What all runs of a job share is made once, and kept for as long as steps of that job come.
std::optional<std::string> Exec::get_ready(const Step& step) {
  has_started_stream_ = false;
  path_.reset();
  if (settings_.runs == nullptr || !step.order->program)
    return "this agent runs no programs: start it with --allow-exec";
  if (order_ == step.order) return std::nullopt;
  end_stream();
  buffer_.resize(buffer_bytes);
  order_.reset();
  files_.reset();
  if (!files_needed(*step.order->program).empty()) {
    auto found = settings_.files->find(*step.order);
    if (!found) return found.error();
    files_ = *std::move(found);
  }
  command_.emplace(*step.order, settings_.environment, CommandOwner{settings_.mark, slot_});
  order_ = step.order;
  return std::nullopt;
}

// False: the step ends before this run, or with it.
bool Exec::take(StepResult& result, const Range& run, Outcome& outcome) const {
  if (outcome.is_cut_off) return false;
  if (outcome.failure) {
    result.failed = StepResult::FailedRun{run.end, *std::move(outcome.failure)};
    return false;
  }
  if (outcome.value) {
    const auto both =
        result.value ? fold(result.step.order->fold, *result.value, *outcome.value) : outcome.value;
    if (!both) return false;  // it fits alone: it is computed again, by a step of its own
    result.value = both;
  }
  result.upto = run.end;
  if (!result.step.order->program->collects) return true;
  result.collected.push_back({run, std::move(outcome.collected)});
  std::size_t bytes = 0;
  for (const CollectedRun& kept : result.collected) bytes += kept.text.size();
  return bytes < step_bytes_enough;
}

void Exec::abandon() {
  is_abandoned_ = true;
  group_.kill();
}

// ---------------------------------------------------------------- one run

Exec::Outcome Exec::compute_run(const Step& step, const Range& run) {
  const RunName name{step.job, step.lease, run, step.attempt};
  RunLog log(settings_.outbox, name);
  Outcome outcome;
  RunFacts facts{name, std::nullopt, ++settings_.runs->row(slot_).run};
  if (files_ && files_->items) facts.item = files_->items->item(run.begin);
  const auto ready = scratch_.prepare(files_);
  if (!ready) outcome.failure = ready.error();
  if (files_ && files_->items && !facts.item)
    outcome.failure = fmt::format("the list has no line {}", run.begin);
  if (outcome.failure) {
    log.fail(*outcome.failure, now());
    return outcome;
  }
  command_->set(facts);
  return step.order->program->streams ? ask_stream(step, run, log) : run_once(step, log);
}

tl::expected<Process, std::string> Exec::start(bool reads) {
  if (!path_ || !command_->is_of_one_program()) {
    auto found = command_->find(scratch_.fd());
    if (!found) return tl::unexpected(found.error());
    path_ = *std::move(found);
  }
  auto process = Process::start({path_->c_str(), command_->arguments(), command_->environment(),
                                 scratch_.fd(), order_->program->memory_bytes, reads},
                                group_);
  if (!process) return tl::unexpected(command_->flaw(scratch_.fd(), process.error()));
  if (is_abandoned_) group_.kill();  // it was not there yet to be killed
  return *std::move(process);
}

Exec::Outcome Exec::run_once(const Step& step, RunLog& log) {
  const bool wants_value = step.order->fold != Fold::none;
  RunOutput output({.value = wants_value, .whole = step.order->program->collects}, log);
  Outcome outcome;
  auto process = start(false);
  if (!process) {
    outcome.failure = process.error();
    output.fail(*outcome.failure, now());
    return outcome;
  }
  const Watched how = watch(*process, output, nullptr);
  process->signal(SIGKILL);  // whatever it has left running
  drain(*process, output, nullptr);
  const int status = process->end();
  outcome.is_cut_off = is_abandoned_;
  const std::string_view line = output.value_text();
  if (output.is_too_much()) {
    outcome.failure = fmt::format("printed more than {} bytes: --collect keeps no more of one run",
                                  limits::output_run_bytes_max);
  } else if (how == Watched::timed_out) {
    outcome.failure = with_words(timeout_text(step), output.last_words());
  } else if (status != 0) {
    outcome.failure = with_words(ending_text(status), output.last_words());
  } else if (wants_value) {
    outcome.value = parse_value(line);
    if (!outcome.value) outcome.failure = flaw_of_value(line);
  }
  if (outcome.failure && !outcome.is_cut_off) {
    output.fail(*outcome.failure, now());
  } else {
    output.end(now());
    outcome.collected = output.take_whole();
  }
  return outcome;
}

// ---------------------------------------------------------------- streams

Exec::Outcome Exec::ask_stream(const Step& step, const Range& run, RunLog& log) {
  RunOutput output({}, log);
  Outcome outcome;
  if (!stream_) {
    auto process = start(true);
    if (process) {
      fcntl(process->input().fd(), F_SETFL, O_NONBLOCK);
      stream_.emplace(Streaming{*std::move(process), {}, {}});
      has_started_stream_ = true;
    } else {
      outcome.failure = process.error();
    }
  }
  if (!outcome.failure) outcome.failure = ask(run, output);
  if (!outcome.failure) {
    const Watched how = watch(stream_->process, output, &stream_->answers);
    outcome.is_cut_off = is_abandoned_;
    if (how == Watched::answered) {
      std::string& answers = stream_->answers;
      outcome.collected = answers.substr(0, answers.find('\n') + 1);
      answers.erase(0, outcome.collected.size());
      const std::string_view line = stripped(outcome.collected);
      if (step.order->fold != Fold::none) outcome.value = parse_value(line);
      if (step.order->fold != Fold::none && !outcome.value) outcome.failure = flaw_of_value(line);
      stream_->used = now();
    } else {
      outcome.failure = why_no_answer(step, how, output);
    }
  }
  // What it says next may be the answer to anything.
  if (outcome.failure || outcome.is_cut_off) stream_.reset();
  if (outcome.failure && !outcome.is_cut_off) {
    output.fail(*outcome.failure, now());
  } else {
    output.end(now());
  }
  return outcome;
}

// Why it cannot be asked.
std::optional<std::string> Exec::ask(const Range& run, RunOutput& output) {
  drain(stream_->process, output, &stream_->answers);
  // Such a line would be taken for the answer to this question, and each answer for that to the next.
  const std::string_view unasked = stripped(stream_->answers);
  if (order_->fold != Fold::none && !unasked.empty()) {
    return fmt::format("wrote \"{}\" before it was asked: it must write one line for each that it reads",
                       printable(unasked.substr(0, shown_bytes_max)));
  }
  const std::string question = fmt::format("{} {}\n", run.begin, run.end);
  const ssize_t written = write(stream_->process.input().fd(), question.data(), question.size());
  if (written < 0 && errno == EAGAIN) return "does not read its standard input";
  return std::nullopt;  // where it is gone, that is seen next
}

std::string Exec::why_no_answer(const Step& step, Watched how, const RunOutput& output) {
  Process& process = stream_->process;
  if (how == Watched::timed_out) return with_words(timeout_text(step), output.last_words());
  if (stream_->answers.size() > answer_bytes_max)
    return fmt::format("answered with a line of more than {} bytes", answer_bytes_max);
  // Its end comes a moment after that of its output.
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
  const Instant deadline = now() + term_patience;
  RunLog nowhere(nullptr, {});
  RunOutput ignored({}, nowhere);
  while (!process.has_exited() && now() < deadline && !is_abandoned_) {
    drain(process, ignored, nullptr);
    pollfd exit{process.exit_fd(), POLLIN, 0};
    const timespec patience = to_timespec(10 * exit_poll);
    ppoll(&exit, 1, &patience, nullptr);
  }
  stream_.reset();
}

void Exec::rest(Instant now) {
  if (now >= rests_until()) end_stream();
}

Instant Exec::rests_until() const { return stream_ ? stream_->used + stream_patience : Instant::never(); }

// ---------------------------------------------------------------- reading

Exec::Watched Exec::watch(Process& process, RunOutput& output, std::string* answers) {
  const std::uint32_t timeout_ms = order_->program->timeout_ms;
  Instant deadline = timeout_ms == 0 ? Instant::never() : now() + std::chrono::milliseconds(timeout_ms);
  bool has_timed_out = false;
  while (true) {
    if (answers != nullptr && !has_timed_out) {
      if (answers->find('\n') != std::string::npos) return Watched::answered;
      if (!process.output().is_open() || answers->size() > answer_bytes_max) break;
    }
    std::array<pollfd, 3> polled{pollfd{process.output().fd(), POLLIN, 0},
                                 {process.errors().fd(), POLLIN, 0},
                                 {process.exit_fd(), POLLIN, 0}};
    Duration left = deadline == Instant::never() ? Duration(1h) : std::max<Duration>(deadline - now(), 0ns);
    if (process.exit_fd() < 0) left = std::min(left, exit_poll);
    const timespec patience = to_timespec(left);
    if (ppoll(polled.data(), polled.size(), &patience, nullptr) < 0) continue;
    if (polled[0].revents != 0) read_some(process.output(), Stream::stdout_, output, answers);
    if (polled[1].revents != 0) read_some(process.errors(), Stream::stderr_, output, nullptr);
    if (polled[2].revents != 0 || output.is_too_much()) break;
    if (process.exit_fd() < 0 && process.has_exited()) break;
    if (now() < deadline) continue;
    process.signal(has_timed_out ? SIGKILL : SIGTERM);
    deadline = has_timed_out ? Instant::never() : now() + term_patience;
    has_timed_out = true;
  }
  if (answers != nullptr) drain(process, output, answers);
  if (answers != nullptr && !has_timed_out && answers->find('\n') != std::string::npos)
    return Watched::answered;
  return has_timed_out ? Watched::timed_out : Watched::exited;
}

void Exec::read_some(Descriptor& from, Stream stream, RunOutput& output, std::string* answers) {
  const ssize_t count = read(from.fd(), buffer_.data(), buffer_.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) return from.close();
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  if (answers != nullptr) {
    answers->append(bytes);
  } else {
    output.add(stream, bytes, now());
  }
}

void Exec::drain(Process& process, RunOutput& output, std::string* answers) {
  for (int i = 0; i < drains_max; ++i) {
    std::array<pollfd, 2> polled{pollfd{process.output().fd(), POLLIN, 0},
                                 {process.errors().fd(), POLLIN, 0}};
    if (poll(polled.data(), polled.size(), 0) <= 0) return;
    if (polled[0].revents != 0) read_some(process.output(), Stream::stdout_, output, answers);
    if (polled[1].revents != 0) read_some(process.errors(), Stream::stderr_, output, nullptr);
  }
}

}  // namespace pq
