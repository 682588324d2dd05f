#include "agent/programs/witness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/values/errors.h"

namespace pq::programs {
namespace {

constexpr std::array endings{SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU};

constexpr std::uint64_t bit_of(int number) { return std::uint64_t{1} << (number - 1); }

constexpr std::uint64_t all_endings() {
  std::uint64_t bits = 0;
  for (const int number : endings) bits |= bit_of(number);
  return bits;
}

// `pkill -f` matches the words with which a process was started. These are the agent's, and must not match
// the witness.
void forget_the_agents_words() {
  std::array<char, 4096> words;
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  std::size_t length = 0;
  for (ssize_t more = 1; more > 0 && file >= 0;) {
    more = read(file, words.data(), words.size());
    if (more > 0) length += static_cast<std::size_t>(more);
  }
  if (length > 0) std::memset(program_invocation_name, 0, length);
}

// This is a copy of a process that may have many threads, so it makes system calls only.
[[noreturn]] void bear_witness(int line, pid_t agent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != agent) _exit(0);
  prctl(PR_SET_NAME, "pq-witness");
  forget_the_agents_words();
  dup2(line, 3);
  for (int fd = 0; fd <= 2; ++fd) close(fd);
  close_range(4, ~0U, 0);
  sigset_t waited_for;
  sigemptyset(&waited_for);
  for (const int number : endings) sigaddset(&waited_for, number);
  const int signals = signalfd(-1, &waited_for, SFD_CLOEXEC);
  std::array<pollfd, 2> polled{pollfd{3, POLLIN, 0}, {signals, POLLIN, 0}};
  while (polled[0].revents == 0) {
    if (poll(polled.data(), polled.size(), -1) < 0 || polled[1].revents == 0) continue;
    if (write(3, "", 1) != 1) break;
    polled[1].fd = -1;
  }
  _exit(0);
}

// The bits in a line such as "ShdPnd:\t0000000000004000".
std::uint64_t bits_after(std::string_view text, std::string_view name) {
  std::uint64_t bits = 0;
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return bits;
  text.remove_prefix(at + name.size());
  std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  return bits;
}

}  // namespace

bool Witness::is_ending(int signal) {
  return std::find(endings.begin(), endings.end(), signal) != endings.end();
}

Witness::Witness() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw EnvironmentError("cannot make a socket pair: raise the limit of open files (ulimit -n)");
  line_ = Descriptor(ends[0]);
  const Descriptor other(ends[1]);
  const pid_t agent = getpid();
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  id_ = fork();
  if (id_ == 0) bear_witness(other.fd(), agent);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (id_ < 0) throw EnvironmentError("cannot start the witness: raise the limit of processes (ulimit -u)");
  // Done twice, for whichever comes first.
  setpgid(id_, id_);
  status_ = Descriptor(open(fmt::format("/proc/{}/status", id_).c_str(), O_RDONLY | O_CLOEXEC));
}

bool Witness::was_signalled() const {
  std::array<char, 4096> buffer;
  const ssize_t count = status_.is_open() ? pread(status_.fd(), buffer.data(), buffer.size(), 0) : 0;
  if (count < 0) return true;  // gone
  const std::string_view status(buffer.data(), static_cast<std::size_t>(count));
  const std::uint64_t pending = bits_after(status, "SigPnd:\t") | bits_after(status, "ShdPnd:\t");
  if ((pending & all_endings()) != 0) return true;
  pollfd line{fd(), POLLIN, 0};
  return poll(&line, 1, 0) > 0;
}

}  // namespace pq::programs
