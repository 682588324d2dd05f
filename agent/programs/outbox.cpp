#include "agent/programs/outbox.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "agent/limits.h"
#include "common/protocol/limits.h"

namespace pq::programs {
Outbox::Outbox(std::string name, Incarnation incarnation)
    : name_(std::move(name)), incarnation_(incarnation) {}

// ---------------------------------------------------------------- from any thread

void Outbox::log(const RunName& run, Stream stream, std::string_view text, Instant now) {
  const std::lock_guard lock(mutex_);
  if (logs_.add(run, stream, text)) ring_for_logs(now);
}

void Outbox::log_failure(const RunName& run, std::string_view words, Instant now) {
  const std::lock_guard lock(mutex_);
  logs_.add_failure(run, words);
  ring_for_logs(now);
}

void Outbox::ring_for_logs(Instant now) { ring(is_hurried_ ? now : now + limits::log_delay); }

void Outbox::ring(Instant due) {
  if (due >= due_) return;
  due_ = due;
  came_.set();
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
  came_.clear();
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

// As much as fits into one message, in order. At most half of it is logs, so that logs may wait while much is
// collected, but not without end.
void Outbox::fill(Output& message) {
  std::size_t room = limits::outputs_message_bytes_max / 2;
  std::size_t parts_left = limits::outputs_per_message / 2;
  const auto takes = [&](std::size_t bytes) {
    if (parts_left == 0 || bytes > room) return false;
    --parts_left;
    room -= bytes;
    return true;
  };
  while (!logs_.is_empty() && takes(logs_.next_bytes())) message.logs.push_back(logs_.take_next());
  room += limits::outputs_message_bytes_max / 2;
  parts_left += limits::outputs_per_message / 2;
  while (!outputs_.empty() && takes(outputs_.front().text.data.size())) {
    OutputPart& next = outputs_.front();
    if (next.last) sent_runs_.push_back({next.lease, next.run.end});
    message.outputs.push_back(std::move(next));
    outputs_.pop_front();
  }
  if (logs_.is_empty() && outputs_.empty()) due_ = Instant::never();
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
  if (!logs_.is_empty() || !outputs_.empty()) due_ = std::min(due_, now);
}

void Outbox::hurry(Instant now) {
  flush(now);
  const std::lock_guard lock(mutex_);
  is_hurried_ = true;
}

void Outbox::begin_anew(const std::string& name, Incarnation incarnation) {
  const std::lock_guard lock(mutex_);
  name_ = name;
  incarnation_ = incarnation;
  outputs_.clear();
  sent_.reset();
  sent_runs_.clear();
}

bool Outbox::is_empty() const {
  const std::lock_guard lock(mutex_);
  return !sent_ && logs_.is_empty() && outputs_.empty();
}

Instant Outbox::next_deadline() const {
  const std::lock_guard lock(mutex_);
  return sent_ ? again_ : due_;
}

}  // namespace pq::programs
