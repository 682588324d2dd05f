#include "agent/outbox.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "common/errors.h"
#include "common/limits.h"

namespace pq {
namespace {

constexpr std::size_t piece_cost = 256;       // of a part beside its text, on the wire and in memory
constexpr std::size_t pieces_looked_at = 64;  // for one to add to: what so many slots have written latest

}  // namespace

Outbox::Outbox(std::string name, Incarnation incarnation)
    : name_(std::move(name)), incarnation_(incarnation), fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw EnvironmentError("cannot make an eventfd: raise the limit of open files (ulimit -n)");
}

Outbox::~Outbox() { close(fd_); }

// ---------------------------------------------------------------- from any thread

void Outbox::log(const RunName& run, Stream stream, std::string_view text, Instant now) {
  const std::lock_guard lock(mutex_);
  if (log_bytes_ + text.size() > limits::log_outbox_bytes_max) {
    lost_bytes_ += text.size();
    return;
  }
  tell_of_loss(run, now);
  add(run, stream, text, now);
}

void Outbox::log_failure(const RunName& run, std::string_view words, Instant now) {
  const std::lock_guard lock(mutex_);
  tell_of_loss(run, now);
  for (Piece& piece : logs_) piece.is_open = piece.is_open && piece.part.lease != run.lease;
  add(run, Stream::pq, words.substr(0, limits::log_part_bytes_max), now);
  logs_.back().part.failed = true;
  logs_.back().is_open = false;
}

void Outbox::tell_of_loss(const RunName& run, Instant now) {
  if (lost_bytes_ == 0) return;
  add(run, Stream::pq,
      fmt::format("{} bytes of logs were left out: more was printed than the head took\n", lost_bytes_), now);
  lost_bytes_ = 0;
}

// Joined with what the same run has just written to the same stream, for as long as that fits into one part.
void Outbox::add(const RunName& run, Stream stream, std::string_view text, Instant now) {
  while (!text.empty()) {
    const auto is_of_run = [&](const Piece& piece) {
      return piece.part.lease == run.lease && piece.part.run == run.run && piece.part.job == run.job;
    };
    const auto looked_at = static_cast<std::ptrdiff_t>(std::min(logs_.size(), pieces_looked_at));
    auto latest = std::find_if(logs_.rbegin(), logs_.rbegin() + looked_at, is_of_run);
    if (latest == logs_.rbegin() + looked_at) latest = logs_.rend();
    const bool joins = latest != logs_.rend() && latest->is_open && latest->part.stream == stream &&
                       latest->part.text.data.size() < limits::log_part_bytes_max;
    if (!joins) {
      logs_.push_back({LogPart{run.job, run.lease, run.run, run.attempt, stream, false, {}}});
      log_bytes_ += piece_cost;
    }
    std::string& data = joins ? latest->part.text.data : logs_.back().part.text.data;
    const std::string_view part = text.substr(0, limits::log_part_bytes_max - data.size());
    data += part;
    log_bytes_ += part.size();
    text.remove_prefix(part.size());
  }
  ring(is_hurried_ ? now : now + limits::log_delay);
}

void Outbox::ring(Instant due) {
  if (due >= due_) return;
  due_ = due;
  const std::uint64_t one = 1;
  // Its count cannot overflow, and a full one would wake the loop too.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

// ---------------------------------------------------------------- from the loop

void Outbox::collect(const Step& step, const std::vector<CollectedRun>& runs, Instant now) {
  const std::lock_guard lock(mutex_);
  for (const CollectedRun& run : runs) {
    std::uint64_t offset = 0;
    do {
      std::string part = run.text.substr(offset, limits::output_part_bytes_max);
      const std::uint64_t next = offset + part.size();
      const bool is_last = next >= run.text.size();
      outputs_.push_back({step.job, step.lease, run.run, offset, is_last, {std::move(part)}});
      offset = next;
    } while (offset < run.text.size());
  }
  if (!runs.empty()) ring(now);
}

std::optional<Output> Outbox::next_message(Instant now) {
  const std::lock_guard lock(mutex_);
  std::uint64_t rung = 0;
  [[maybe_unused]] const ssize_t count = read(fd_, &rung, sizeof rung);
  if (sent_) {
    if (now < again_) return std::nullopt;
  } else {
    if (now < due_) return std::nullopt;
    sent_ = Output{name_, incarnation_, ++seq_, {}, {}};
    fill(*sent_);
  }
  again_ = now + limits::answer_patience;
  return sent_;
}

// As much as one message holds, in order. Half of it at most is logs, which may wait while much is collected,
// but not for ever.
void Outbox::fill(Output& message) {
  std::size_t room = limits::outputs_message_bytes_max / 2;
  std::size_t parts_left = limits::outputs_per_message / 2;
  const auto takes = [&](std::size_t bytes) {
    if (parts_left == 0 || bytes > room) return false;
    --parts_left;
    room -= bytes;
    return true;
  };
  while (!logs_.empty() && takes(logs_.front().part.text.data.size())) {
    LogPart& part = logs_.front().part;
    log_bytes_ -= piece_cost + part.text.data.size();
    message.logs.push_back(std::move(part));
    logs_.pop_front();
  }
  room += limits::outputs_message_bytes_max / 2;
  parts_left += limits::outputs_per_message / 2;
  while (!outputs_.empty() && takes(outputs_.front().text.data.size())) {
    OutputPart& next = outputs_.front();
    if (next.last) sent_runs_.push_back({next.lease, next.run.end});
    message.outputs.push_back(std::move(next));
    outputs_.pop_front();
  }
  if (logs_.empty() && outputs_.empty()) due_ = Instant::never();
}

std::vector<StoredOutput> Outbox::hear(const OutputStored& stored, Instant now) {
  const std::lock_guard lock(mutex_);
  if (!sent_ || stored.incarnation != incarnation_ || stored.seq != sent_->seq) return {};
  sent_.reset();
  if (is_hurried_ && due_ != Instant::never()) due_ = now;
  return std::exchange(sent_runs_, {});
}

void Outbox::reach_head(Instant now) {
  const std::lock_guard lock(mutex_);
  again_ = now;
}

void Outbox::flush(Instant now) {
  const std::lock_guard lock(mutex_);
  if (!logs_.empty() || !outputs_.empty()) due_ = std::min(due_, now);
}

void Outbox::hurry(Instant now) {
  flush(now);
  const std::lock_guard lock(mutex_);
  is_hurried_ = true;
}

bool Outbox::is_empty() const {
  const std::lock_guard lock(mutex_);
  return !sent_ && logs_.empty() && outputs_.empty();
}

Instant Outbox::next_deadline() const {
  const std::lock_guard lock(mutex_);
  return sent_ ? again_ : due_;
}

}  // namespace pq
