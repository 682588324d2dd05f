#include "agent/programs/log_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "agent/limits.h"
#include "common/protocol/limits.h"
#include "common/values/text.h"

namespace pq::programs {
namespace {

constexpr std::size_t piece_cost = 256;       // of a part, beyond its text, on the wire and in memory
constexpr std::size_t pieces_looked_at = 64;  // when looking for one to extend: the latest of so many slots

}  // namespace

bool LogQueue::add(const RunName& run, Stream stream, std::string_view text) {
  if (bytes_ + text.size() > limits::log_outbox_bytes_max) {
    lost_bytes_ += text.size();
    return false;
  }
  tell_of_loss(run);
  append(run, stream, text);
  return true;
}

void LogQueue::add_failure(const RunName& run, std::string_view words) {
  tell_of_loss(run);
  for (Piece& piece : pieces_) piece.is_open = piece.is_open && piece.part.lease != run.lease;
  append(run, Stream::pq, beginning(words, limits::log_part_bytes_max));
  pieces_.back().part.failed = true;
  pieces_.back().is_open = false;
}

void LogQueue::tell_of_loss(const RunName& run) {
  if (lost_bytes_ == 0) return;
  append(run, Stream::pq,
         fmt::format("{} bytes of logs were left out: more was printed than the head took\n", lost_bytes_));
  lost_bytes_ = 0;
}

// Joins it with what the same run has just written to the same stream, as long as that fits into one part.
void LogQueue::append(const RunName& run, Stream stream, std::string_view text) {
  while (!text.empty()) {
    const auto is_of_run = [&](const Piece& piece) {
      return piece.part.lease == run.lease && piece.part.run == run.run && piece.part.job == run.job;
    };
    const auto looked_at = static_cast<std::ptrdiff_t>(std::min(pieces_.size(), pieces_looked_at));
    auto latest = std::find_if(pieces_.rbegin(), pieces_.rbegin() + looked_at, is_of_run);
    if (latest == pieces_.rbegin() + looked_at) latest = pieces_.rend();
    const bool joins = latest != pieces_.rend() && latest->is_open && latest->part.stream == stream &&
                       latest->part.text.data.size() < limits::log_part_bytes_max;
    if (!joins) {
      pieces_.push_back({LogPart{run.job, run.lease, run.run, run.attempt, stream, false, {}}});
      bytes_ += piece_cost;
    }
    std::string& data = joins ? latest->part.text.data : pieces_.back().part.text.data;
    const std::string_view part = beginning(text, limits::log_part_bytes_max - data.size());
    if (part.empty()) {  // its next character has no room there
      latest->is_open = false;
      continue;
    }
    data += part;
    bytes_ += part.size();
    text.remove_prefix(part.size());
  }
}

LogPart LogQueue::take_next() {
  LogPart part = std::move(pieces_.front().part);
  bytes_ -= piece_cost + part.text.data.size();
  pieces_.pop_front();
  return part;
}

}  // namespace pq::programs
