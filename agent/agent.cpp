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
#include "common/limits.h"
#include "common/os/random.h"
#include "common/os/wait.h"
#include "common/version.h"
#include "common/wire.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration backoff_first = 250ms;
constexpr Duration backoff_longest = 15s;
constexpr int silent_beats_max = 5;  // a link that is up but brings nothing for so many beats is made anew

std::vector<Label> labels_of_cloud(const AgentOptions& options) {
  if (!options.cloud && !options.imds_endpoint) return {};
  const AskMetadata ask = ask_over_http(options.imds_endpoint.value_or(metadata_usual));
  const auto cloud = options.cloud ? options.cloud : recognise(ask);
  return cloud ? cloud_labels(*cloud, ask) : std::vector<Label>{};
}

Hello introduction(const AgentOptions& options) {
  Hello hello;
  hello.name = options.name;
  hello.incarnation = {random_bits()};
  hello.program_version = program_version;
  hello.slots = options.slots;
  hello.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
  if (options.allow_exec) hello.kernels.push_back(Kernel::exec);
  hello.labels = machine_labels(labels_of_cloud(options), options.labels);
  return hello;
}

std::unique_ptr<InterruptionSource> source(const AgentOptions& options) {
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

AgentLoop::AgentLoop(AgentOptions options, StopSignals& signals, Supervisor& supervisor, const Clock& clock)
    : options_(std::move(options)),
      signals_(signals),
      supervisor_(supervisor),
      clock_(clock),
      introduction_(introduction(options_)),
      outbox_(introduction_.name, introduction_.incarnation),
      programs_(options_.allow_exec ? std::make_optional<Programs>(options_, introduction_, outbox_)
                                    : std::nullopt),
      slots_(options_.slots, programs_ ? programs_->settings() : ExecSettings{}),
      session_({introduction_, options_.head_timeout, options_.idle_exit}, clock.now().instant) {
  if (options_.heeds_cloud && (options_.cloud || options_.imds_endpoint))
    lookout_.emplace(source(options_), clock);
}

ExitStatus AgentLoop::run() {
  spdlog::info("{} with {} slots, pq {}", options_.name, options_.slots, program_version);
  supervisor_.say_ready();  // also while no head answers: to wait for one is this program's work
  while (!session_.ending()) turn();
  supervisor_.say_stopping();
  for (std::uint32_t slot = 0; slot < options_.slots; ++slot) slots_.abandon(slot);
  dealer_.reset();
  finish_sending();  // the process ends without destructors, and the goodbye must not be lost with it
  if (programs_) programs_->end();
  return report_ending();
}

// Everything that has happened, then what to do about it, then sleep until the next thing can happen.
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
  session_.owe_output(!outbox_.is_empty());
  session_.settle(now);
  for (const std::uint32_t slot : session_.next_abandoned()) slots_.abandon(slot);
  for (const Step& step : session_.next_steps()) slots_.start(step);
  send_messages(now);
  report(now);
  if (!session_.ending()) sleep();
}

void AgentLoop::take_results(Instant now) {
  for (const StepResult& result : slots_.take_results()) {
    session_.finish(result, now);
    outbox_.collect(result.step, result.collected, now);
    outbox_.flush(now);
  }
}

// Those of jobs that wait for them.
void AgentLoop::get_files() {
  FileCache& cache = programs_->cache();
  cache.look();
  for (const auto& job : session_.unready_jobs()) {
    const auto is_here = cache.has(files_needed(*job->program));
    if (!is_here) {
      spdlog::warn("job {}: {}", job->job.value, is_here.error());
      session_.set_unready(job->job, is_here.error());
    } else if (*is_here) {
      session_.set_ready(job->job);
      cache.make_room(files_in_use(session_.jobs()));
    }
  }
}

// What programs printed goes before the beat that tells what they computed.
void AgentLoop::send_messages(Instant now) {
  if (is_up() && !session_.ending()) {
    if (const auto message = outbox_.next_message(now)) dealer_->send(encode(AgentToHead(*message)));
    const auto wish = programs_ ? programs_->cache().next_message(now) : std::nullopt;
    if (wish) dealer_->send(encode(AgentToHead(*wish)));
  }
  while (const auto message = session_.next_message(now)) {
    if (dealer_) dealer_->send(encode(*message));
  }
}

void AgentLoop::report(Instant now) {
  supervisor_.feed_watchdog(now);
  if (!supervisor_.takes_status(now)) return;
  Doings doings{.slots = options_.slots,
                .slots_busy = session_.slots_busy(),
                .jobs_without_files = session_.unready_jobs().size(),
                .is_draining = session_.is_draining()};
  if (!is_up() || !session_.is_introduced())
    doings.trouble = complaint_.empty() ? "no word from the head yet" : complaint_;
  supervisor_.tell_status(status_line(doings), now);
}

void AgentLoop::sleep() {
  std::vector<int> wakers{slots_.fd(), signals_.fd(), outbox_.fd()};
  if (lookout_) wakers.push_back(lookout_->fd());
  Instant deadline =
      std::min({session_.next_deadline(), forewarning_.next_deadline(), supervisor_.next_deadline()});
  if (!dealer_) deadline = std::min(deadline, next_connect_);
  if (is_up()) deadline = std::min(deadline, outbox_.next_deadline());
  if (is_up() && programs_) deadline = std::min(deadline, programs_->cache().next_deadline());
  const Duration patience = std::max<Duration>(deadline - clock_.now().instant, 0ns);
  if (dealer_) {
    dealer_->wait(patience, wakers);
  } else {
    wait_readable(patience, wakers);
  }
}

void AgentLoop::take_signals(Instant now) {
  while (signals_.take()) {
    // A machine that ends also ends its services: of that it has been told before, and goes on as it does.
    const bool is_news = forewarning_.ends() && !was_signalled_;
    was_signalled_ = true;
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
  if (!lookout_) return;
  const std::optional<Notice> before = forewarning_.notice();
  if (const auto outlook = lookout_->take()) {
    session_.count_notice_errors(outlook->errors.size());
    const std::set<std::string> complaints(outlook->errors.begin(), outlook->errors.end());
    for (const std::string& complaint : complaints) {
      if (!cloud_complaints_.contains(complaint)) spdlog::warn("{}", complaint);
    }
    if (complaints.empty() && !cloud_complaints_.empty())
      spdlog::info("the cloud's metadata service answers as it should again");
    cloud_complaints_ = complaints;
    forewarning_.hear(*outlook, now);
  }
  forewarning_.settle(now);
  const std::optional<Notice>& notice = forewarning_.notice();
  if (notice != before) {
    spdlog::warn("{}",
                 notice ? "notice: " + to_text(*notice) : "the notice is taken back: " + to_text(*before));
  }
  session_.heed(notice, forewarning_.ends(), now.instant);
}

void AgentLoop::take_messages(Instant now) {
  while (dealer_) {
    const auto bytes = dealer_->receive();
    if (!bytes) return;
    const auto message = decode_to_agent(*bytes);
    if (!message) {
      spdlog::warn("dropped a message from the head: {}", sentence(message.error()));
      continue;
    }
    const bool was_introduced = session_.is_introduced();
    session_.hear(*message, now);
    route(*message, now);
    failures_ = 0;
    if (session_.is_introduced() && !was_introduced) {
      spdlog::info("the head knows this agent");
    } else if (!complaint_.empty()) {
      spdlog::info("the head is back");
    }
    complaint_.clear();
  }
}

// What is not the session's business.
void AgentLoop::route(const HeadToAgent& message, Instant now) {
  if (const auto* stored = std::get_if<OutputStored>(&message)) {
    for (const StoredOutput& output : outbox_.hear(*stored, now))
      session_.output_is_stored(output.lease, output.upto);
  }
  const auto* part = std::get_if<FilePart>(&message);
  if (part != nullptr && programs_) programs_->cache().hear(*part);
}

// ---------------------------------------------------------------- the link

void AgentLoop::keep_link(Instant now) {
  if (!dealer_) {
    if (now >= next_connect_) connect(now);
    return;
  }
  const Link link = dealer_->link();
  // What was said while nobody was there is gone, and the next word would be due in a second.
  if (std::exchange(last_link_, link) != Link::up && link == Link::up) {
    session_.reach_head(now);
    outbox_.reach_head(now);
    if (programs_) programs_->cache().reach_head();
  }
  std::string complaint;
  if (link == Link::nobody_listens) complaint = "no head answers yet; trying again";
  if (link == Link::wrong_head) {
    complaint = "the handshake fails: another head, or none of pq's, listens there; trying again";
  } else if (link == Link::key_refused) {
    complaint =
        "the head does not know this agent's key: ask for a token made by pq-key new agent; trying again";
  }
  if (!complaint.empty() && complaint != complaint_) spdlog::warn("{}", complaint_ = complaint);
  const bool is_mute =
      now - std::max(session_.heard_at(), connected_at_) > silent_beats_max * session_.beat_interval() + 5s;
  if (link != Link::key_refused && !is_mute) return;
  dealer_.reset();
  last_link_ = Link::connecting;
  next_connect_ = now + backoff();
}

bool AgentLoop::connect(Instant now) {
  const auto credentials = find_credentials(options_.credentials);
  if (!credentials) {
    if (complaint_ != credentials.error()) spdlog::warn("{}", complaint_ = credentials.error());
    next_connect_ = now + backoff();
    return false;
  }
  dealer_.emplace(*credentials, limits::agent_message_bytes_max);
  connected_at_ = now;
  return true;
}

// Doubles up to its bound, and a random half of it is spread, so that a fleet does not return all at once.
Duration AgentLoop::backoff() {
  const Duration base = std::min<Duration>(backoff_first * (1 << std::min(failures_, 10)), backoff_longest);
  ++failures_;
  return base / 2 +
         Duration(static_cast<std::int64_t>(random_bits() % static_cast<std::uint64_t>(base.count() / 2)));
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
      spdlog::error("no word from the head for --head-timeout; ending");
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

}  // namespace pq
