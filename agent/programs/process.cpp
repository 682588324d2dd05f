#include "agent/programs/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <utility>
#include <vector>

#include "common/os/private_files.h"

namespace pq::programs {

// ---------------------------------------------------------------- the group

void GroupSlot::kill() {
  const std::lock_guard lock(mutex_);
  if (group_ > 0) ::kill(-group_, SIGKILL);
}

void GroupSlot::set(pid_t group) {
  const std::lock_guard lock(mutex_);
  group_ = group;
}

void GroupSlot::clear() {
  const std::lock_guard lock(mutex_);
  group_ = 0;
  if (shared_ != nullptr) *shared_ = 0;
}

// ---------------------------------------------------------------- the child

namespace {

// A file that was just written cannot be executed while another thread's new child still has it open.
constexpr int busy_tries = 50;
constexpr timespec busy_pause{0, 4'000'000};

struct Pipe {
  Descriptor reader;
  Descriptor writer;

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reader = Descriptor(ends[0]);
    writer = Descriptor(ends[1]);
    return true;
  }
};

// The arguments and the result of the child.
struct Birth {
  const ProcessSpec* spec;
  std::atomic<pid_t>* group;
  int input, output, errors;
  const std::vector<int>* ignored;
  mode_t mask;      // what it makes is as private as its user wants
  int report = -1;  // a descriptor, to which the error is written as well; -1: the memory is shared
  int error = 0;    // of the first call that failed
};

template <class Resource>
bool lower_limit(Resource resource, rlim_t limit) {
  rlimit present{};
  if (getrlimit(resource, &present) != 0) return false;
  if (present.rlim_max < limit) limit = present.rlim_max;
  const rlimit lowered{limit, limit};
  return setrlimit(resource, &lowered) == 0;
}

// A new program keeps ignored signals, but not handlers. This process ignores only SIGPIPE, but its own
// parent may have ignored others.
std::vector<int> ignored_signals() {
  std::vector<int> ignored;
  for (int number = 1; number < 32; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) ignored.push_back(number);
  }
  return ignored;
}

void restore_signals(const std::vector<int>& ignored) {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (const int number : ignored) sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Also descriptors that this process inherited; an old kernel keeps those open. `kept`: -1, or at least 3.
void close_all_but(int kept) {
  if (kept < 0) {
    close_range(3, ~0U, 0);
    return;
  }
  const auto middle = static_cast<unsigned>(kept);
  if (middle > 3) close_range(3, middle - 1, 0);
  close_range(middle + 1, ~0U, 0);
}

bool settle_in(const Birth& birth) {
  if (setpgid(0, 0) != 0) return false;
  if (birth.group != nullptr) *birth.group = getpid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  if (fchdir(birth.spec->directory) != 0) return false;
  umask(birth.mask);
  if (dup2(birth.input, 0) < 0 || dup2(birth.output, 1) < 0 || dup2(birth.errors, 2) < 0) return false;
  close_all_but(birth.report);
  if (!lower_limit(RLIMIT_CORE, 0)) return false;
  if (birth.spec->memory_bytes > 0 && !lower_limit(RLIMIT_DATA, birth.spec->memory_bytes)) return false;
  restore_signals(*birth.ignored);
  return true;
}

// Runs in the parent's memory, while the parent's thread waits, or in a copy of it. So it makes system calls
// only.
__attribute__((no_sanitize("address", "thread", "undefined"))) int be_born(void* told) {
  Birth& birth = *static_cast<Birth*>(told);
  errno = 0;
  if (settle_in(birth)) execve(birth.spec->path, birth.spec->arguments, birth.spec->environment);
  birth.error = errno;
  if (birth.report >= 0 && write(birth.report, &birth.error, sizeof birth.error) < 0) _exit(126);
  _exit(127);
}

int null_device() {
  static const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd;
}

struct Born {
  pid_t id = -1;
  int exit_fd = -1;
};

// Starts the child as vfork does, with a descriptor for its exit. EINVAL: the kernel cannot.
Born bear_in_our_memory(Birth& birth) {
  alignas(64) thread_local std::array<std::byte, 1 << 15> stack;
  Born born;
  born.id = clone(be_born, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                  &birth, &born.exit_fd);
  if (born.id < 0) birth.error = errno;
  return born;
}

// Starts the child in its own memory. It reports through a pipe, which closes once another program runs.
Born bear_in_a_copy(Birth& birth) {
  Born born;
  Pipe report;
  if (report.open()) {
    birth.report = report.writer.fd();
    born.id = fork();
    if (born.id == 0) be_born(&birth);
  }
  birth.error = born.id < 0 ? errno : 0;
  report.writer.close();
  int error = 0;
  while (born.id > 0 && read(report.reader.fd(), &error, sizeof error) < 0 && errno == EINTR) {
  }
  if (error != 0) birth.error = error;
  return born;
}

Born give_birth(Birth& birth) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // No handler may run in the child, because it would run in this process's memory.
  pthread_sigmask(SIG_BLOCK, &all, &before);
  Born born = bear_in_our_memory(birth);
  // An emulator lacks this call, and copies the memory for vfork.
  if (born.id < 0 && (birth.error == EINVAL || birth.error == ENOSYS)) born = bear_in_a_copy(birth);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  // A kernel that does not know the flag ignores it. Nobody else waits for the child, so the number stays its
  // own.
  if (born.id > 0 && born.exit_fd < 0) born.exit_fd = static_cast<int>(syscall(SYS_pidfd_open, born.id, 0));
  return born;
}

}  // namespace

// ---------------------------------------------------------------- the parent

tl::expected<Process, int> Process::start(const ProcessSpec& spec, GroupSlot& group) {
  Pipe input;
  Pipe output;
  Pipe errors;
  if ((spec.reads && !input.open()) || !output.open() || !errors.open()) return tl::unexpected(errno);
  const int reads = spec.reads ? input.reader.fd() : null_device();
  static const std::vector<int> ignored = ignored_signals();
  Process process(group);
  for (int tries = 0;; ++tries) {
    Birth birth{&spec,    group.shared(),  reads, output.writer.fd(), errors.writer.fd(),
                &ignored, umask_of_users()};
    const Born born = give_birth(birth);
    process.id_ = birth.error == 0 ? born.id : 0;
    process.exit_ = Descriptor(born.exit_fd);
    if (birth.error == 0) break;
    if (born.id > 0) waitpid(born.id, nullptr, 0);
    group.clear();
    if (birth.error != ETXTBSY || tries == busy_tries) return tl::unexpected(birth.error);
    nanosleep(&busy_pause, nullptr);
  }
  group.set(process.id_);
  process.input_ = std::move(input.writer);
  process.output_ = std::move(output.reader);
  process.errors_ = std::move(errors.reader);
  return process;
}

Process::Process(Process&& other) noexcept
    : id_(std::exchange(other.id_, 0)),
      group_(other.group_),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      exit_(std::move(other.exit_)) {}

Process::~Process() {
  if (id_ > 0) end();
}

bool Process::has_exited() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == id_;
}

void Process::signal(int number) const { kill(-id_, number); }

// Until the leader is waited for, no other process can get its number.
int Process::end() {
  kill(-id_, SIGKILL);
  group_->clear();
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = 0;
  return status;
}

}  // namespace pq::programs
