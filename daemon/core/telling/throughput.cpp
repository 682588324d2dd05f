#include "daemon/core/telling/throughput.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace pq::core {
namespace {

constexpr std::size_t samples_of_spread_min = 4;
constexpr std::size_t samples_of_spread_max = 30;

}  // namespace

void Throughput::note(Now now, std::uint64_t done, SlotCounts slots) {
  if (began_) {
    const Duration took = now.instant - began_->instant;
    if (took < every_) return;
    // A restore or a retry takes integers back; that is not a negative speed.
    const double more = done > done_then_ ? static_cast<double>(done - done_then_) : 0;
    if (samples_.size() == samples_max_) {
      if (when_full_ == WhenFull::halve) {
        halve();
      } else {
        samples_.erase(samples_.begin());
      }
    }
    samples_.push_back({now.unix_ms, more / seconds(took), slots.busy, slots.all});
  }
  began_ = now;
  done_then_ = done;
}

void Throughput::halve() {
  for (std::size_t i = 0; i + 1 < samples_.size(); i += 2) {
    Sample joined = samples_[i + 1];
    joined.done_per_s = (samples_[i].done_per_s + joined.done_per_s) / 2;
    samples_[i / 2] = joined;
  }
  samples_.resize(samples_.size() / 2);
  every_ *= 2;
}

double Throughput::spread() const {
  if (samples_.size() < samples_of_spread_min) return 0;
  const std::size_t count = std::min(samples_.size(), samples_of_spread_max);
  const auto recent = std::span(samples_).last(count);
  double sum = 0;
  for (const Sample& sample : recent) sum += sample.done_per_s;
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (const Sample& sample : recent) squares += (sample.done_per_s - mean) * (sample.done_per_s - mean);
  return std::sqrt(squares / static_cast<double>(count - 1) / static_cast<double>(count));
}

}  // namespace pq::core
