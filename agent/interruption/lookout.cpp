#include "agent/interruption/lookout.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "common/errors.h"

namespace pq {
namespace {

constexpr std::size_t errors_kept = 100;  // of looks that nobody takes

}  // namespace

Lookout::Lookout(std::unique_ptr<InterruptionSource> source, const Clock& clock, Duration pause,
                 Duration pause_in_trouble)
    : source_(std::move(source)),
      clock_(clock),
      pause_(pause),
      pause_in_trouble_(pause_in_trouble),
      fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw EnvironmentError("cannot make an eventfd: raise the limit of open files (ulimit -n)");
  thread_ = std::thread([this] { watch(); });
}

Lookout::~Lookout() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_one();
  thread_.join();
  close(fd_);
}

std::optional<Outlook> Lookout::take() {
  eventfd_t ignored = 0;
  eventfd_read(fd_, &ignored);
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
    eventfd_write(fd_, 1);
    const Duration pause = in_trouble ? pause_in_trouble_ : pause_;
    if (changed_.wait_for(lock, pause, [this] { return stops_; })) return;
  }
}

}  // namespace pq
