#include "agent/interruption/lookout.h"

#include <utility>

namespace pq::interruption {
namespace {

constexpr std::size_t errors_kept = 100;  // of looks that nobody has taken

}  // namespace

Lookout::Lookout(std::unique_ptr<InterruptionSource> source, const Clock& clock, Duration pause,
                 Duration pause_in_trouble)
    : source_(std::move(source)), clock_(clock), pause_(pause), pause_in_trouble_(pause_in_trouble) {
  thread_ = std::thread([this] { watch(); });
}

Lookout::~Lookout() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::optional<Outlook> Lookout::take() {
  came_.clear();
  const std::lock_guard lock(mutex_);
  return std::exchange(outlook_, std::nullopt);
}

void Lookout::watch() {
  while (true) {
    Outlook outlook = source_->look(clock_.now());
    const bool in_trouble = !outlook.errors.empty();
    std::unique_lock lock(mutex_);
    if (outlook_) {
      outlook.errors.insert(outlook.errors.begin(), outlook_->errors.begin(), outlook_->errors.end());
      if (outlook.errors.size() > errors_kept) outlook.errors.resize(errors_kept);
    }
    outlook_ = std::move(outlook);
    came_.set();
    const Duration pause = in_trouble ? pause_in_trouble_ : pause_;
    if (changed_.wait_for(lock, pause, [this] { return stops_; })) return;
  }
}

}  // namespace pq::interruption
