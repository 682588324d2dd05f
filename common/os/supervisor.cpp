#include "common/os/supervisor.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "common/values/text.h"

namespace pq::os {
namespace {

using namespace std::chrono_literals;

constexpr Duration status_pause = 1s;
constexpr timeval send_patience{1, 0};           // with a supervisor that does not read
constexpr std::uint64_t day_us = 86400'000'000;  // a longer watchdog counts as none

std::string take_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// A path, or the name of an abstract socket: its @ becomes a zero byte.
std::string socket_address(std::string name) {
  const bool is_known = !name.empty() && (name[0] == '/' || name[0] == '@') && name.size() > 1;
  if (!is_known || name.size() >= sizeof(sockaddr_un::sun_path)) return {};
  if (name[0] == '@') name[0] = '\0';
  return name;
}

}  // namespace

Supervisor::Supervisor() : address_(socket_address(take_from_environment("NOTIFY_SOCKET"))) {
  const auto interval_us = parse_number(take_from_environment("WATCHDOG_USEC"));
  const std::string watched = take_from_environment("WATCHDOG_PID");
  if (address_.empty()) return;
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &send_patience, sizeof send_patience);
  const bool is_watched = watched.empty() || parse_number(watched) == static_cast<std::uint64_t>(getpid());
  if (is_watched && interval_us && *interval_us > 0 && *interval_us <= day_us)
    watchdog_ = std::chrono::microseconds(*interval_us);
}

Supervisor::~Supervisor() {
  if (fd_ >= 0) close(fd_);
}

void Supervisor::say_ready() { send("READY=1", 0); }

void Supervisor::say_stopping() { send("STOPPING=1", 0); }

// A message that could not be sent counts as sent. A loop that tried again at once would never sleep, and
// there is time for another message.
void Supervisor::feed_watchdog(Instant now) {
  if (!watchdog_ || now < feed_at_) return;
  send("WATCHDOG=1", 0);
  feed_at_ = now + *watchdog_ / 2;
}

Instant Supervisor::next_deadline() const { return watchdog_ ? feed_at_ : Instant::never(); }

bool Supervisor::takes_status(Instant now) const { return !address_.empty() && now >= status_at_; }

// Not worth waiting for.
void Supervisor::tell_status(std::string_view text, Instant now) {
  if (!takes_status(now)) return;
  status_at_ = now + status_pause;
  const std::string line = printable(std::string(text));
  if (line != status_ && send("STATUS=" + line, MSG_DONTWAIT)) status_ = line;
}

bool Supervisor::send(std::string_view state, int flags) {
  if (address_.empty()) return false;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const bool is_abstract = address_[0] == '\0';  // and ends with its last byte, others with a zero
  const std::size_t size = offsetof(sockaddr_un, sun_path) + address_.size() + (is_abstract ? 0 : 1);
  const ssize_t sent = sendto(fd_, state.data(), state.size(), flags | MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(size));
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace pq::os
