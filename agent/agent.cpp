#include "agent/agent.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "agent/machine.h"
#include "agent/status_line.h"
#include "common/os/random.h"
#include "common/protocol/wire.h"
#include "common/values/text.h"
#include "common/version.h"

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr int names_drawn_max = 8;  // one is enough, except for a head that refuses every name

std::vector<Label> labels_of_cloud(const AgentOptions& options) {
  if (!options.cloud && !options.imds_endpoint) return {};
  const AskMetadata ask = ask_over_http(options.imds_endpoint.value_or(metadata_usual));
  const auto cloud = options.cloud ? options.cloud : recognise(ask);
  return cloud ? cloud_labels(*cloud, ask) : std::vector<Label>{};
}

// Null: there is no cloud to look at.
std::unique_ptr<InterruptionSource> source(const AgentOptions& options) {
  if (!options.heeds_cloud || (!options.cloud && !options.imds_endpoint)) return nullptr;
  AskMetadata ask = ask_over_http(options.imds_endpoint.value_or(metadata_usual));
  return options.cloud ? source_of(*options.cloud, std::move(ask)) : source_of_any_cloud(std::move(ask));
}

std::set<Sha256> files_in_use(const std::vector<std::shared_ptr<const JobOrder>>& jobs) {
  std::set<Sha256> hashes;
  for (const auto& job : jobs) {
    if (!job->program) continue;
    for (const FileRef& file : files_needed(*job->program)) hashes.insert(file.hash);
  }
  return hashes;
}

}  // namespace

Hello introduction_of(const AgentOptions& options) {
  Hello hello;
  hello.name = options.name;
  hello.incarnation = {random_bits()};
  hello.program_version = program_version;
  hello.slots = options.slots;
  hello.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
  if (options.allow_exec) hello.kernels.push_back(Kernel::exec);
  hello.labels = machine_labels(options.cpus, labels_of_cloud(options), options.labels);
  return hello;
}

AgentLoop::AgentLoop(AgentOptions options, const Hello& introduction, StopSignals& signals,
                     Supervisor& supervisor, const Clock& clock)
    : options_(std::move(options)),
      signals_(signals),
      supervisor_(supervisor),
      clock_(clock),
      outbox_(introduction.name, introduction.incarnation),
      programs_(options_.allow_exec ? std::make_optional<Programs>(options_, introduction, outbox_)
                                    : std::nullopt),
      slots_(options_.slots, programs_ ? programs_->settings() : ExecSettings{}),
      session_({introduction, options_.head_timeout, options_.idle_exit, true}, clock.now().instant),
      notices_(source(options_), clock),
      link_(options_.credentials) {}

ExitStatus AgentLoop::run() {
  spdlog::info("{} with {}: {}; pq {}", options_.name, count_of(options_.slots, "slot"), options_.slots_are,
               program_version);
  supervisor_.say_ready();  // also while no head answers: to wait for one is this program's work
  while (!session_.ending()) turn();
  supervisor_.say_stopping();
  for (std::uint32_t slot = 0; slot < slots_.places(); ++slot) slots_.abandon(slot);
  link_.close();
  finish_sending();  // the process ends without destructors, and the goodbye must not be lost with it
  if (programs_) programs_->end();
  return report_ending();
}

// Handles everything that has happened, then acts, then sleeps until the next thing can happen.
void AgentLoop::turn() {
  const Now both = clock_.now();
  const Instant now = both.instant;
  take_signals(now);
  take_notices(both);
  take_results(now);
  take_messages(now);
  keep_link(now);
  if (programs_) {
    get_files();
    programs_->look_after_orphans(now);
  }
  if (session_.is_draining()) outbox_.hurry(now);
  // One that ends does not wait for space at the head: nobody knows when there is some.
  session_.owe_output(!outbox_.is_empty() && !session_.holds_output());
  session_.settle(now);
  for (const std::uint32_t slot : session_.work().next_abandoned()) slots_.abandon(slot);
  for (const std::uint32_t slot : session_.work().next_curtailed()) {
    if (const auto end = slots_.curtail(slot)) session_.work().curtail(slot, *end);
  }
  for (const Step& step : session_.work().next_steps()) slots_.start(step);
  send_messages(now);
  report(now);
  if (!session_.ending()) sleep();
}

void AgentLoop::take_results(Instant now) {
  for (const StepResult& result : slots_.take_results()) {
    session_.finish(result);
    if (result.lacks_files && programs_) {
      programs_->cache().doubt(files_needed(*result.step.order->program));
      session_.work().lack_files(result.step.job);
    }
    outbox_.collect(result.step, result.collected, now);
    outbox_.flush(now);
  }
}

// The files of jobs that wait for them.
void AgentLoop::get_files() {
  FileCache& cache = programs_->cache();
  cache.look();
  for (const auto& job : session_.work().unready_jobs()) {
    const auto is_here = cache.has(files_needed(*job->program));
    if (!is_here) {
      spdlog::warn("job {}: {}", job->job.value, is_here.error());
      session_.work().set_unready(job->job, is_here.error());
    } else if (*is_here) {
      session_.work().set_ready(job->job);
      cache.make_room(files_in_use(session_.work().jobs()));
    }
  }
}

// The output of programs is sent before the beat that reports what they computed.
void AgentLoop::send_messages(Instant now) {
  if (link_.is_up() && !session_.ending()) {
    const auto message = session_.holds_output() ? std::nullopt : outbox_.next_message(now);
    if (message) link_.send(*message);
    const auto wish = programs_ ? programs_->cache().next_message(now) : std::nullopt;
    if (wish) link_.send(*wish);
  }
  while (const auto message = session_.next_message(now)) link_.send(*message);
}

void AgentLoop::report(Instant now) {
  supervisor_.feed_watchdog(now);
  if (!supervisor_.takes_status(now)) return;
  Doings doings{.slots = options_.slots,
                .slots_busy = session_.work().slots().slots_busy(),
                .jobs_without_files = session_.work().unready_jobs().size(),
                .is_draining = session_.is_draining()};
  if (!link_.is_up() || !session_.is_introduced())
    doings.trouble = link_.complaint().empty() ? "no message from the head yet" : link_.complaint();
  supervisor_.tell_status(status_line(doings), now);
}

void AgentLoop::sleep() {
  const bool may_send_output = link_.is_up() && !session_.holds_output();
  std::vector<int> wakers{slots_.fd(), signals_.fd()};
  if (!session_.holds_output()) wakers.push_back(outbox_.fd());
  if (const auto fd = notices_.fd()) wakers.push_back(*fd);
  if (programs_) wakers.push_back(programs_->alarm().fd());
  Instant deadline = std::min({session_.next_deadline(), notices_.next_deadline(),
                               supervisor_.next_deadline(), link_.next_deadline()});
  if (may_send_output) deadline = std::min(deadline, outbox_.next_deadline());
  if (link_.is_up() && programs_) deadline = std::min(deadline, programs_->cache().next_deadline());
  link_.wait(std::max<Duration>(deadline - clock_.now().instant, 0ns), wakers);
}

void AgentLoop::take_signals(Instant now) {
  if (programs_ && programs_->alarm().look(now)) {
    spdlog::warn(
        "all processes of this agent were signalled: giving back what its programs computed just now");
    session_.work().give_back(now);
  }
  while (signals_.take()) {
    // A machine that ends also stops its services. The agent knows about that end already, and continues its
    // drain.
    const bool is_news = notices_.ends() && !was_signalled_;
    was_signalled_ = true;
    session_.work().doubt(now + Alarm::reach);
    supervisor_.say_stopping();
    if (session_.is_draining() && !is_news) {
      spdlog::warn("asked again to stop: giving back the present steps too");
      session_.drain_at_once(now);
    } else {
      spdlog::info("draining: finishing the present steps, giving back the rest");
      session_.drain(now, Ending::drained,
                     options_.drain_timeout ? now + *options_.drain_timeout : Instant::never());
    }
  }
}

void AgentLoop::take_notices(Now now) {
  session_.count_notice_errors(notices_.look(now));
  session_.heed(notices_.notice(), notices_.ends(), now.instant);
}

void AgentLoop::take_messages(Instant now) {
  while (const auto bytes = link_.receive()) {
    const auto message = decode_to_agent(*bytes);
    if (!message) {
      spdlog::warn("dropped a message from the head: {}", sentence(message.error()));
      continue;
    }
    const bool was_introduced = session_.is_introduced();
    session_.hear(*message, now);
    if (session_.ending() == Ending::replaced && options_.name_is_drawn && names_drawn_ < names_drawn_max)
      take_another_name(now);
    route(*message, now);
    const bool is_back = link_.settle_complaint();
    if (session_.is_introduced() && !was_introduced) {
      spdlog::info("the head knows this agent");
    } else if (is_back) {
      spdlog::info("the head is back");
    }
  }
}

// Another agent of this key has the same name, drawn or given.
void AgentLoop::take_another_name(Instant now) {
  ++names_drawn_;
  const std::string name = drawn_name(host_name(), random_bits());
  const Incarnation incarnation{random_bits()};
  spdlog::warn("another agent has the name {}; this one continues as {}", options_.name, name);
  options_.name = name;
  session_.begin_anew(name, incarnation, now);
  outbox_.begin_anew(name, incarnation);
  if (programs_) programs_->cache().begin_anew(name, incarnation);
}

// Messages that do not concern the session.
void AgentLoop::route(const HeadToAgent& message, Instant now) {
  if (const auto* stored = std::get_if<OutputStored>(&message)) {
    for (const StoredOutput& output : outbox_.hear(*stored, now))
      session_.work().output_is_stored(output.lease, output.upto);
  }
  const auto* part = std::get_if<FilePart>(&message);
  if (part != nullptr && programs_) programs_->cache().hear(*part);
}

void AgentLoop::keep_link(Instant now) {
  if (!link_.keep(session_.heard_at(), session_.beat_interval(), now)) return;
  session_.reach_head(now);
  outbox_.reach_head(now);
  if (programs_) programs_->cache().reach_head();
}

ExitStatus AgentLoop::report_ending() const {
  const std::string& detail = session_.ending_detail();
  switch (*session_.ending()) {
    case Ending::drained:
      spdlog::info("drained; goodbye{}{}", detail.empty() ? "" : ": ", detail);
      return ExitStatus::done;
    case Ending::interrupted:
      spdlog::info("drained before the machine's end; goodbye{}{}", detail.empty() ? "" : ": ", detail);
      return ExitStatus::done;
    case Ending::idle:
      spdlog::info("nothing to do for --idle-exit; goodbye");
      return ExitStatus::done;
    case Ending::head_lost:
      spdlog::error("no message from the head for --head-timeout; ending");
      return ExitStatus::head_unreachable;
    case Ending::replaced:
      spdlog::error("{}", detail);
      return ExitStatus::replaced;
    case Ending::refused:
      spdlog::error("{}", detail);
      return ExitStatus::head_unreachable;
  }
  return ExitStatus::failed;
}

}  // namespace pq::agent
