#include "daemon/http/streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "common/os/priority.h"
#include "common/os/wait.h"
#include "daemon/http/changes.h"
#include "daemon/http/nonblocking.h"

namespace pq {
namespace {

// What the kernel keeps for a client that does not take it is bounded too, in bytes and in time. Sockets of
// tests are no TCP, and know neither.
void bound_kernel(int fd) {
  const int bytes = limits::stream_socket_bytes;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  const auto patience = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(limits::stream_behind_longest).count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
}

}  // namespace

Streams::Streams(Snapshots& snapshots, const Clock& clock)
    : snapshots_(snapshots), clock_(clock), asking_(&Streams::ask, this), serving_(&Streams::serve, this) {}

Streams::~Streams() {
  stop_.ring();
  asking_.join();
  serving_.join();
  for (Stream& stream : arrived_) close_socket(stream.fd);
  for (Stream& stream : streams_) close_socket(stream.fd);
}

void Streams::take(Place place, int fd, std::string head) {
  bound_kernel(fd);
  Stream stream{.place = std::move(place), .fd = fd};
  stream.waiting.push_back(
      {.text = std::make_shared<const std::string>(std::move(head)), .since = clock_.now().instant});
  const std::scoped_lock lock(mutex_);
  arrived_.push_back(std::move(stream));
  news_.ring();
}

// ---------------------------------------------------------------- the thread that asks

void Streams::ask() {
  give_way();  // to the turn
  std::shared_ptr<const Snapshot> before;
  while (true) {
    if (!wanted_.is_ringing()) before.reset();
    wait_readable(Duration::max(), std::array{wanted_.fd(), stop_.fd()});
    if (stop_.is_ringing()) return;
    const Instant began = clock_.now().instant;
    if (auto now = snapshots_.fresh()) {
      Pulse pulse{before, now, nullptr};
      if (before) pulse.changes = std::make_shared<const std::string>(changes(*before, *now));
      before = std::move(now);
      const std::scoped_lock lock(mutex_);
      pulses_.push_back(std::move(pulse));
      news_.ring();
    }
    const Duration took = clock_.now().instant - began;
    wait_readable(std::max(limits::stream_pulse - took, limits::stream_pause_shortest),
                  std::array{stop_.fd()});
  }
}

// ---------------------------------------------------------------- the thread that serves

void Streams::serve() {
  give_way();  // to the turn
  constexpr int second_ms = 1000;
  std::vector<pollfd> watched;
  while (true) {
    watched = {{stop_.fd(), POLLIN, 0}, {news_.fd(), POLLIN, 0}};
    for (const Stream& stream : streams_) {
      const int events = stream.waiting.empty() ? POLLIN : POLLIN | POLLOUT;
      watched.push_back({stream.fd, static_cast<short>(events), 0});
    }
    ::poll(watched.data(), watched.size(), streams_.empty() ? -1 : second_ms);
    if (stop_.is_ringing()) return;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const int happened = watched[i + 2].revents;
      if ((happened & ~POLLOUT) != 0) hear(streams_[i]);
      if ((happened & POLLOUT) != 0) send(streams_[i]);
    }
    if (watched[1].revents != 0) hear_news();
    cut_off_slow();
    std::erase_if(streams_, [](const Stream& stream) { return stream.fd == closed_socket; });
    if (streams_.empty()) {
      wanted_.silence();
      latest_.reset();
      whole_.reset();
    }
  }
}

void Streams::hear_news() {
  std::vector<Stream> arrived;
  std::deque<Pulse> pulses;
  {
    const std::scoped_lock lock(mutex_);
    news_.silence();
    arrived.swap(arrived_);
    pulses.swap(pulses_);
  }
  const Instant now = clock_.now().instant;
  // Those that come now are told of the pulses that came with them, too.
  std::move(arrived.begin(), arrived.end(), std::back_inserter(streams_));
  if (!streams_.empty()) wanted_.ring();
  for (const Pulse& pulse : pulses) {
    latest_ = pulse.now;
    whole_.reset();
    for (Stream& stream : streams_) tell(stream, pulse, now);
  }
  for (Stream& stream : streams_) {
    if (stream.fd != closed_socket && !stream.told && latest_) tell_whole(stream, now);
    if (stream.fd != closed_socket) send(stream);
  }
}

void Streams::tell(Stream& stream, const Pulse& pulse, Instant now) {
  if (stream.fd == closed_socket || !stream.told) return;
  // What does not follow from what it knows would mislead it: it is to come back for the whole.
  const bool follows = stream.told == pulse.before;
  if (!follows || stream.backlog > limits::stream_backlog_bytes_max) return close_socket(stream.fd);
  stream.told = pulse.now;
  stream.backlog += pulse.changes->size();
  stream.waiting.push_back({.text = pulse.changes, .since = now, .is_pulse = true});
}

void Streams::tell_whole(Stream& stream, Instant now) {
  if (!whole_) whole_ = std::make_shared<const std::string>(whole_state(*latest_));
  stream.told = latest_;
  stream.waiting.push_back({.text = whole_, .since = now});
}

// It has asked all that it may: whatever comes now is its end, or more than that.
void Streams::hear(Stream& stream) {
  char byte = 0;
  if (stream.fd != closed_socket && (::recv(stream.fd, &byte, 1, 0) >= 0 || !would_wait()))
    close_socket(stream.fd);
}

// As much as the socket takes now.
void Streams::send(Stream& stream) {
  while (stream.fd != closed_socket && !stream.waiting.empty()) {
    const Text& first = stream.waiting.front();
    const std::size_t left = first.text->size() - stream.sent;
    const ssize_t count = ::send(stream.fd, first.text->data() + stream.sent, left, MSG_NOSIGNAL);
    if (count < 0) return would_wait() ? void() : close_socket(stream.fd);
    stream.sent += static_cast<std::size_t>(count);
    if (stream.sent < first.text->size()) return;
    if (first.is_pulse) stream.backlog -= first.text->size();
    stream.waiting.pop_front();
    stream.sent = 0;
  }
}

void Streams::cut_off_slow() {
  const Instant now = clock_.now().instant;
  for (Stream& stream : streams_) {
    if (stream.fd == closed_socket || stream.waiting.empty()) continue;
    if (now - stream.waiting.front().since >= limits::stream_behind_longest) close_socket(stream.fd);
  }
}

}  // namespace pq
