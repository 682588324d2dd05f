#include "daemon/http/entrance.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/os/priority.h"
#include "common/os/wait.h"
#include "daemon/http/nonblocking.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view end_of_head = "\r\n\r\n";

bool is_whole(const std::string& request, std::size_t heard_before) {
  const std::size_t from = heard_before < end_of_head.size() ? 0 : heard_before - end_of_head.size();
  return request.find(end_of_head, from) != std::string::npos;
}

}  // namespace

Entrance::Entrance(const Listener& listener, const Clock& clock)
    : listener_(listener), clock_(clock), thread_(&Entrance::serve, this) {}

Entrance::~Entrance() {
  close();
  stop_.ring();
  thread_.join();
  for (const Newcomer& newcomer : newcomers_) {
    if (!newcomer.is_done) ::close(newcomer.visitor.fd);
  }
  for (const Visitor& visitor : asked_) ::close(visitor.fd);
}

std::optional<Visitor> Entrance::next() {
  std::unique_lock lock(mutex_);
  somebody_asked_.wait(lock, [&] { return is_closed_ || !asked_.empty(); });
  if (is_closed_) return std::nullopt;
  Visitor visitor = std::move(asked_.front());
  asked_.pop_front();
  return visitor;
}

void Entrance::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  somebody_asked_.notify_all();
}

// ---------------------------------------------------------------- the thread that reads

void Entrance::serve() {
  give_way();  // to the turn
  std::vector<pollfd> watched;
  while (true) {
    watched = {{stop_.fd(), POLLIN, 0}, {listener_.fd(), POLLIN, 0}};
    for (const Newcomer& newcomer : newcomers_) watched.push_back({newcomer.visitor.fd, POLLIN, 0});
    ::poll(watched.data(), watched.size(),
           newcomers_.empty() ? -1 : poll_patience_ms(newcomers_.front().deadline, clock_.now().instant));
    if (stop_.is_ringing()) return;
    auto heard = watched.begin() + 2;
    for (Newcomer& newcomer : newcomers_) {
      if ((heard++)->revents != 0) hear(newcomer);
    }
    const Instant now = clock_.now().instant;
    std::erase_if(newcomers_, [&](const Newcomer& newcomer) {
      if (!newcomer.is_done && now >= newcomer.deadline) ::close(newcomer.visitor.fd);
      return newcomer.is_done || now >= newcomer.deadline;
    });
    if (watched[1].revents != 0) accept_some();
  }
}

// Not all at once: those who are here already are heard in between.
void Entrance::accept_some() {
  for (std::size_t i = 0; i < limits::visitors_accepted_at_once; ++i) {
    const auto fd = listener_.accept();
    if (!fd) {
      // No descriptors, no memory: it passes, or others report it.
      if (errno != EAGAIN) wait_readable(limits::accept_pause, std::array{stop_.fd()});
      return;
    }
    newcomers_.push_back({{*fd, {}}, clock_.now().instant + limits::http_exchange_longest});
    hear(newcomers_.back());  // most have said it all by now
    if (newcomers_.back().is_done) newcomers_.pop_back();
    if (newcomers_.size() <= limits::visitors_max) continue;
    ::close(newcomers_.front().visitor.fd);
    newcomers_.pop_front();
  }
}

void Entrance::hear(Newcomer& newcomer) {
  std::array<char, 4096> part;
  std::string& request = newcomer.visitor.request;
  while (!newcomer.is_done) {
    const std::size_t room = std::min(part.size(), limits::http_request_bytes_max - request.size());
    const ssize_t count = ::recv(newcomer.visitor.fd, part.data(), room, 0);
    if (count < 0 && would_wait()) return;
    const std::size_t before = request.size();
    if (count > 0) request.append(part.data(), static_cast<std::size_t>(count));
    // It has said all that it may, or wants to: what is no request is told so by those who answer.
    const bool is_over = count <= 0 || request.size() == limits::http_request_bytes_max;
    if (is_over || is_whole(request, before)) hand_on(newcomer);
  }
}

void Entrance::hand_on(Newcomer& newcomer) {
  newcomer.is_done = true;
  Visitor& visitor = newcomer.visitor;
  const std::scoped_lock lock(mutex_);
  if (visitor.request.empty() || asked_.size() >= limits::visitors_max) {
    ::close(visitor.fd);
  } else {
    asked_.push_back(std::move(visitor));
    somebody_asked_.notify_one();
  }
}

}  // namespace pq
