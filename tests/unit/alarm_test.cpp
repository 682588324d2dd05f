// Who was signalled, as real processes and signals.
#include "agent/alarm.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include "agent/programs/exec.h"
#include "agent/programs/run_table.h"
#include "common/os/clock.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

Instant present() { return SystemClock().now().instant; }

bool becomes_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return poll(&polled, 1, 20'000) == 1;
}

// Ends with the process that it has, as nobody else here waits for it.
void await_end(pid_t child) { waitpid(child, nullptr, 0); }

std::string proc(pid_t process, const char* what) {
  std::ifstream in("/proc/" + std::to_string(process) + "/" + what, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("a witness knows at once of every signal that ends programs, and takes none") {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGQUIT, SIGALRM}) {
    CAPTURE(number);
    pid_t process = 0;
    {
      const Witness witness;
      process = witness.id();
      CHECK_FALSE(witness.was_signalled());
      kill(process, number);
      CHECK(witness.was_signalled());
      CHECK(becomes_readable(witness.fd()));
      CHECK(witness.was_signalled());
    }
    await_end(process);
  }
}

TEST_CASE("a witness that was killed was signalled") {
  const Witness witness;
  kill(witness.id(), SIGKILL);
  await_end(witness.id());
  CHECK(witness.was_signalled());
}

TEST_CASE("signals that end nothing are no news") {
  pid_t process = 0;
  {
    const Witness witness;
    process = witness.id();
    for (const int number : {SIGCONT, SIGCHLD, SIGWINCH, SIGURG}) kill(process, number);
    CHECK_FALSE(witness.was_signalled());
  }
  await_end(process);
}

TEST_CASE("a witness is where programs are: a group of its own, the session of the agent") {
  pid_t process = 0;
  {
    const Witness witness;
    process = witness.id();
    CHECK(getpgid(process) == process);
    CHECK(getsid(process) == getsid(0));
    CHECK(proc(process, "cgroup") == proc(getpid(), "cgroup"));
    kill(process, SIGTERM);
    CHECK(becomes_readable(witness.fd()));  // by now it has its own name
    CHECK(proc(process, "comm") == "pq-witness\n");
    CHECK(proc(process, "cmdline").find("pq-unit-tests") == std::string::npos);
  }
  await_end(process);
}

TEST_CASE("an alarm tells once that all were signalled, and has another witness then") {
  Alarm alarm;
  CHECK_FALSE(alarm.look(present()));
  for (std::uint64_t time = 1; time <= 2; ++time) {
    const pid_t first = alarm.witness();
    kill(first, SIGTERM);
    CHECK(alarm.look(present()));
    CHECK(alarm.times() == time);
    CHECK_FALSE(alarm.look(present()));
    CHECK(alarm.witness() != first);
    await_end(first);
  }
  kill(alarm.witness(), SIGKILL);
}

TEST_CASE("what ends is believed when nobody is signalled in time") {
  Alarm alarm;
  const std::atomic<bool> ends = false;
  const Instant ended = present();
  CHECK_FALSE(alarm.rings(ended, ended + 10ms, ends));
  SUBCASE("all were, a moment ago") {
    kill(alarm.witness(), SIGTERM);
    REQUIRE(alarm.look(ended - 900ms));
    CHECK(alarm.rings(ended, ended, ends));
    CHECK_FALSE(alarm.rings(ended + 200ms, ended + 200ms, ends));
  }
  SUBCASE("all are, a moment later") {
    bool rang = false;
    std::thread slot([&] { rang = alarm.rings(ended, ended + 1h, ends); });
    kill(alarm.witness(), SIGTERM);
    CHECK(alarm.look(present()));
    slot.join();
    CHECK(rang);
  }
  SUBCASE("nobody waits for what is of no use") {
    const std::atomic<bool> abandoned = true;
    CHECK_FALSE(alarm.rings(ended, ended + 1h, abandoned));
  }
}

// ---------------------------------------------------------------- programs

class SignalledBench {
 public:
  SignalledBench() {
    signal(SIGPIPE, SIG_IGN);
    settings_.scratch = dir_.path() / "slots";
    settings_.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    settings_.mark = "mark";
    settings_.runs = &runs_;
    settings_.alarm = &alarm_;
    exec_.emplace(settings_, 0);
  }
  ~SignalledBench() { kill(alarm_.witness(), SIGKILL); }
  SignalledBench(const SignalledBench&) = delete;
  SignalledBench& operator=(const SignalledBench&) = delete;

  StepResult computes(const std::string& script, bool streams = false) {
    Program program;
    program.words = {"sh", "-c", script};
    program.streams = streams;
    if (!order_ || order_->program != program) {
      JobOrder order{.job = {7}, .kernel = Kernel::exec, .program = program};
      order_ = std::make_shared<const JobOrder>(std::move(order));
    }
    return exec_->compute({.slot = 0,
                           .lease = {{3}, 5},
                           .kernel = Kernel::exec,
                           .range = {0, 1},
                           .job = {7},
                           .attempt = 1,
                           .order = order_});
  }
  std::string file(const std::string& name) { return (dir_.path() / name).string(); }
  std::string witness() { return std::to_string(alarm_.witness()); }
  Alarm& alarm() { return alarm_; }

 private:
  ScratchDir dir_;
  RunTable runs_{1};
  JobFilesShelf shelf_{dir_.path() / "jobs", dir_.path() / "files"};
  Alarm alarm_;
  ExecSettings settings_;
  std::optional<Exec> exec_;
  std::shared_ptr<const JobOrder> order_;
};

TEST_CASE(
    "a program that is signalled with the witness has not failed, in whichever order and however it ends") {
  SignalledBench bench;
  for (const char* ending : {"kill $$", "exit 143", "exit 1", "kill -9 $$"}) {
    CAPTURE(ending);
    // A process that outlives the run would be killed with it, so the one that signals the witness leaves its
    // group.
    const StepResult result = bench.computes("setsid sh -c 'kill " + bench.witness() + "' & wait; " + ending);
    CHECK_FALSE(result.failed.has_value());
    CHECK(result.upto == 0);
    const pid_t first = bench.alarm().witness();
    CHECK(bench.alarm().look(present() - 10s));  // long ago, for the next one
    await_end(first);
  }
  const std::string apart = bench.file("apart");
  const StepResult later =
      bench.computes("setsid sh -c 'touch " + apart + "; sleep 0.1; kill " + bench.witness() +
                     "' & until test -e " + apart + "; do :; done; kill $$");
  CHECK_FALSE(later.failed.has_value());
}

TEST_CASE("a program that is killed alone has failed") {
  SignalledBench bench;
  for (const char* script : {"kill $$", "kill -9 $$", "exit 1", "exit 143"}) {
    CAPTURE(script);
    CHECK(bench.computes(script).failed.has_value());
  }
}

TEST_CASE("a value may be told once its run cannot have been signalled with all others") {
  SignalledBench bench;
  const Instant before = present();
  const StepResult quick = bench.computes("echo 1");
  CHECK(quick.value == Value(Int128{1}));
  CHECK(quick.tell_from >= before + 25ms);
  const StepResult slow = bench.computes("sleep 0.4; echo 1");
  CHECK(slow.tell_from - present() >= 100ms);
  CHECK(slow.tell_from - present() <= Alarm::reach);
  const StepResult answer = bench.computes("while read lo hi; do sleep 0.4; echo 1; done", true);
  CHECK(answer.tell_from - present() >= 100ms);
}

TEST_CASE("a stream that was signalled while it had nothing to do is not asked again") {
  SignalledBench bench;
  const std::string script = "while read lo hi; do echo $$; done";
  const StepResult first = bench.computes(script, true);
  CHECK(bench.computes(script, true).value == first.value);
  const pid_t witness = bench.alarm().witness();
  kill(witness, SIGTERM);
  REQUIRE(bench.alarm().look(present()));
  await_end(witness);
  const StepResult next = bench.computes(script, true);
  REQUIRE(next.value.has_value());
  CHECK(next.value != first.value);
}

}  // namespace
