#include "agent/programs/pipe_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>

namespace pq::programs {
namespace {

using namespace std::chrono_literals;

constexpr Duration term_patience = 2s;         // between SIGTERM and SIGKILL
constexpr Duration exit_poll = 5ms;            // if the kernel cannot report an exit
constexpr std::size_t buffer_bytes = 1 << 16;  // a pipe's
constexpr int drains_max = 32;  // of a full pipe; a process that still writes is not part of the run

}  // namespace

timespec to_timespec(Duration duration) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {whole.count(), (duration - whole).count()};
}

PipeReader::Seen PipeReader::watch(Process& process, RunOutput& output, Answers* answers,
                                   Duration time_limit) {
  const auto now = [&] { return clock_.now().instant; };
  Instant deadline = time_limit == 0ns ? Instant::never() : now() + time_limit;
  bool has_timed_out = false;
  while (true) {
    if (answers != nullptr && !has_timed_out) {
      if (answers->has_line()) return Seen::answered;
      if (!process.output().is_open() || answers->bytes() > answer_bytes_max) break;
    }
    std::array<pollfd, 3> polled{pollfd{process.output().fd(), POLLIN, 0},
                                 {process.errors().fd(), POLLIN, 0},
                                 {process.exit_fd(), POLLIN, 0}};
    Duration left = deadline == Instant::never() ? Duration(1h) : std::max<Duration>(deadline - now(), 0ns);
    if (process.exit_fd() < 0) left = std::min(left, exit_poll);
    const timespec patience = to_timespec(left);
    if (ppoll(polled.data(), polled.size(), &patience, nullptr) < 0) continue;
    if (polled[0].revents != 0) read_some(process.output(), Stream::stdout_, output, answers);
    if (polled[1].revents != 0) read_some(process.errors(), Stream::stderr_, output, nullptr);
    if (polled[2].revents != 0 || output.is_too_much()) break;
    if (process.exit_fd() < 0 && process.has_exited()) break;
    if (now() < deadline) continue;
    process.signal(has_timed_out ? SIGKILL : SIGTERM);
    deadline = has_timed_out ? Instant::never() : now() + term_patience;
    has_timed_out = true;
  }
  if (answers != nullptr) drain(process, output, answers);
  if (answers != nullptr && !has_timed_out && answers->has_line()) return Seen::answered;
  return has_timed_out ? Seen::timed_out : Seen::exited;
}

void PipeReader::read_some(Descriptor& from, Stream stream, RunOutput& output, Answers* answers) {
  buffer_.resize(buffer_bytes);
  const ssize_t count = read(from.fd(), buffer_.data(), buffer_.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) return from.close();
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  if (answers != nullptr) {
    answers->add(bytes);
  } else {
    output.add(stream, bytes, clock_.now().instant);
  }
}

void PipeReader::drain(Process& process, RunOutput& output, Answers* answers) {
  for (int i = 0; i < drains_max; ++i) {
    std::array<pollfd, 2> polled{pollfd{process.output().fd(), POLLIN, 0},
                                 {process.errors().fd(), POLLIN, 0}};
    if (poll(polled.data(), polled.size(), 0) <= 0) return;
    if (polled[0].revents != 0) read_some(process.output(), Stream::stdout_, output, answers);
    if (polled[1].revents != 0) read_some(process.errors(), Stream::stderr_, output, nullptr);
  }
}

}  // namespace pq::programs
