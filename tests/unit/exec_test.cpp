// Programs of all kinds, well-behaved and not, as real processes.
#include "agent/programs/exec.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/limits.h"
#include "agent/programs/orphans.h"
#include "agent/programs/outbox.h"
#include "agent/programs/run_table.h"
#include "agent/programs/warden.h"
#include "common/os/clock.h"
#include "common/protocol/limits.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/scratch_dir.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr Instant later{std::chrono::hours(1'000'000)};

Program shell(const std::string& script) {
  Program program;
  program.words = {"sh", "-c", script};
  return program;
}

// One slot, and what it reports.
class Bench {
 public:
  explicit Bench(const std::vector<std::string>& environment = {}) {
    signal(SIGPIPE, SIG_IGN);
    settings_.scratch = dir_.path() / "slots";
    settings_.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nowhere", "PQ_JOIN=secret"};
    settings_.environment.insert(settings_.environment.end(), environment.begin(), environment.end());
    settings_.mark = "mark-of-" + dir_.path().filename().string();
    settings_.runs = &runs_;
    settings_.files = &shelf_;
    settings_.outbox = &outbox_;
    exec_.emplace(settings_, 0);
  }
  ~Bench() { CHECK_FALSE(runs_.is_anything_running()); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  StepResult computes(const Program& program, Range range = {0, 1}, Fold fold = Fold::sum) {
    if (!order_ || order_->program != program || order_->fold != fold) {
      JobOrder order{.job = {7}, .kernel = Kernel::exec, .fold = fold, .program = program};
      order_ = std::make_shared<const JobOrder>(std::move(order));
    }
    return exec_->compute({.slot = 0,
                           .lease = {{3}, 5},
                           .kernel = Kernel::exec,
                           .range = range,
                           .job = {7},
                           .attempt = 2,
                           .order = order_});
  }
  StepResult computes(const std::string& script, Range range = {0, 1}, Fold fold = Fold::sum) {
    return computes(shell(script), range, fold);
  }
  // The value of a step that went well.
  std::optional<Value> value(const Program& program, Range range = {0, 1}) {
    const StepResult result = computes(program, range);
    CHECK(result.upto == range.end);
    if (result.failed) FAIL_CHECK(result.failed->error);
    return result.value;
  }
  std::optional<Value> value(const std::string& script, Range range = {0, 1}) {
    return value(shell(script), range);
  }
  // The words of one that did not.
  std::string words(const Program& program, Range range = {0, 1}) {
    const StepResult result = computes(program, range);
    CHECK(result.upto == range.begin);
    CHECK_FALSE(result.value.has_value());
    REQUIRE(result.failed.has_value());
    return result.failed->error;
  }
  std::string words(const std::string& script) { return words(shell(script)); }

  // Everything that was logged of a stream since the last call.
  std::string logged(Stream stream) {
    std::string text;
    for (const LogPart& part : log()) {
      if (part.stream == stream) text += part.text.data;
    }
    return text;
  }
  std::vector<LogPart> log() {
    std::vector<LogPart> parts;
    while (const auto message = outbox_.next_message(later)) {
      parts.insert(parts.end(), message->logs.begin(), message->logs.end());
      outbox_.hear({message->incarnation, message->seq}, later);
    }
    return parts;
  }
  void write_file(const std::string& name, const std::string& text, fs::perms mode = fs::perms::owner_all) {
    std::ofstream(dir_.path() / name) << text;
    fs::permissions(dir_.path() / name, mode);
  }
  // A file of a job, as the cache has it.
  FileRef cached(const std::string& name, const std::string& text, FileKind kind) {
    const Sha256 hash = sha256_of(text);
    fs::create_directories(dir_.path() / "files");
    std::ofstream(dir_.path() / "files" / to_text(hash), std::ios::binary) << text;
    return {name, hash, text.size(), kind};
  }
  const fs::path& path() const { return dir_.path(); }
  Exec& exec() { return *exec_; }
  RunTable& runs() { return runs_; }
  const std::string& mark() const { return settings_.mark; }

 private:
  ScratchDir dir_;
  RunTable runs_{1};
  Outbox outbox_{"a", {1}};
  JobFilesShelf shelf_{dir_.path() / "jobs", dir_.path() / "files"};
  ExecSettings settings_;
  std::shared_ptr<const JobOrder> order_;
  std::optional<Exec> exec_;
};

bool is_alive(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string word;
  char state = 'X';
  stat >> word >> word >> state;
  return state != 'X' && state != 'Z';
}

constexpr int looks_max = 6000;  // each after 10 ms; no test that passes comes near it

bool ends(pid_t process) {
  for (int i = 0; i < looks_max && is_alive(process); ++i) std::this_thread::sleep_for(10ms);
  return !is_alive(process);
}

pid_t number_in(const fs::path& file) {
  for (int i = 0; i < looks_max; ++i) {
    std::ifstream in(file);
    pid_t number = 0;
    if (in >> number) return number;
    std::this_thread::sleep_for(10ms);
  }
  return 0;
}

// ---------------------------------------------------------------- values

TEST_CASE("the value of a run is the last line of its standard output") {
  Bench b;
  CHECK(b.value("echo 42") == Value(Int128{42}));
  CHECK(b.value("echo hello; echo 7; echo -12") == Value(Int128{-12}));
  CHECK(b.value("printf '  3.5 \\r\\n\\n  \\n'") == Value(3.5));
  CHECK(b.value("printf 9") == Value(Int128{9}));
  CHECK(b.value("echo 170141183460469231731687303715884105727") == Value(~(Int128{1} << 127)));
}

TEST_CASE("a program is told what to compute by its words and by its environment") {
  Bench b;
  Program program;
  program.words = {"sh",
                   "-c",
                   "echo $1 $2 $PQ_LO $PQ_HI $PQ_JOB $PQ_LEASE $PQ_ATTEMPT $PQ_SLOT {x} {item} >&2; echo 1",
                   "{lo}",
                   "{lo}-{hi}",
                   "{hi}"};
  CHECK(b.value(program, {20, 30}) == Value(Int128{1}));
  CHECK(b.logged(Stream::stderr_) == "20-30 30 20 30 7 " + to_text(LeaseId{{3}, 5}) + " 2 0 {x} {item}\n");
}

TEST_CASE("its environment is the agent's without what is pq's own, with its job's settings above it") {
  Bench b;
  Program program = shell("echo $HOME $PYTHONUNBUFFERED $MINE ${PQ_JOIN-none} >&2; echo 1");
  program.env = {{"MINE", "a b"}};
  b.value(program);
  CHECK(b.logged(Stream::stderr_) == "/nowhere 1 a b none\n");
  program.env = {{"HOME", "/there"}, {"PYTHONUNBUFFERED", ""}};
  b.value(program);
  CHECK(b.logged(Stream::stderr_) == "/there none\n");
}

TEST_CASE(
    "a program begins with nothing open but the three, no signal blocked or ignored, and in its own group") {
  Bench b;
  sigset_t stopping;
  sigset_t before;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stopping, &before);
  Program lister;
  lister.words = {"/usr/bin/python3", "-c",
                  "import os, sys; print(*sorted(os.listdir('/proc/self/fd')), file=sys.stderr); print(1)"};
  b.value(lister);
  CHECK(b.logged(Stream::stderr_) == "0 1 2 3\n");  // the last is that of the list itself
  b.value("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\\t\\n' ' ' >&2; echo 1");
  CHECK(b.logged(Stream::stderr_) == "SigBlk: 0000000000000000 SigIgn: 0000000000000000 ");
  CHECK(b.words("kill -TERM $$; echo 1") == "killed by signal 15 (Terminated)");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("what is no value is a failure that quotes it") {
  Bench b;
  CHECK(b.words("true") ==
        "printed no value: its last line must be an integer or a decimal number (or use --fold none)");
  CHECK(says(b.words("echo 1; echo nonsense"), "its last line \"nonsense\" must be"));
  CHECK(says(b.words("printf '\\377\\376\\n'"), "its last line \"??\""));
  CHECK(says(b.words("echo 170141183460469231731687303715884105728"),
             "does not fit into a signed 128-bit integer"));
  CHECK(says(b.words("echo nan"), "\"nan\""));
  CHECK(says(b.words("exec >&-; sleep 0.1"), "printed no value"));
  CHECK(says(b.words("head -c 200000 /dev/zero | tr '\\0' 1"), "printed no value"));
}

TEST_CASE("without a fold no value is wanted, and all that is printed is logged") {
  Bench b;
  const StepResult result = b.computes("echo 1; echo two", {0, 1}, Fold::none);
  CHECK(result.upto == 1);
  CHECK_FALSE(result.value.has_value());
  CHECK_FALSE(result.failed.has_value());
  CHECK(b.logged(Stream::stdout_) == "1\ntwo\n");
}

// ---------------------------------------------------------------- failures

TEST_CASE("a failure says how the program ended and its last words") {
  Bench b;
  CHECK(b.words("exit 3") == "exit status 3");
  CHECK(b.words("echo one >&2; echo 'two  ' >&2; echo >&2; echo 5; exit 3") == "exit status 3: two");
  CHECK(b.words("echo 5; exit 1") == "exit status 1: 5");
  CHECK(b.words("echo so; kill -SEGV $$") == "killed by signal 11 (Segmentation fault): so");
  CHECK(b.words("printf 'a\\033b\\377' >&2; exit 1") == "exit status 1: a?b?");
  const auto log = b.log();
  REQUIRE_FALSE(log.empty());
  CHECK(log.back().failed);
  CHECK(log.back().stream == Stream::pq);
  CHECK(log.back().text.data == "exit status 1: a?b?");
  CHECK(log.back().attempt == 2);
}

TEST_CASE("a program that cannot be started says why") {
  Bench b;
  Program program;
  program.words = {"nosuch"};
  CHECK(b.words(program) == "nosuch: command not found");
  program.words = {"./nosuch"};
  CHECK(b.words(program) == "./nosuch: No such file or directory");
  b.write_file("plain", "#!/bin/sh\necho 1\n", fs::perms::owner_read);
  program.words = {(b.path() / "plain").string()};
  CHECK(says(b.words(program), "plain: Permission denied"));
  b.write_file("bare", "echo 1\n");
  program.words = {(b.path() / "bare").string()};
  CHECK(says(b.words(program), "bare: no program that this machine runs; a script needs a first line"));
  b.write_file("orphan", "#!/no/such/interpreter\n");
  program.words = {(b.path() / "orphan").string()};
  CHECK(says(b.words(program), "is not on this machine"));
  program.words = {"sim"};
  program.files = {b.cached("sim", "#!/bin/sh\necho 1\n", FileKind::executable)};
  CHECK(b.words(program) == "sim: command not found; the file that travels with the job is ./sim");
}

TEST_CASE("of several runs those before the first failure count, and none after it is begun") {
  Bench b;
  Program program = shell("test $PQ_LO -lt 30 || exit 9; echo $PQ_LO");
  program.run_width = 10;
  const StepResult result = b.computes(program, {5, 60});
  CHECK(result.upto == 30);
  CHECK(result.value == Value(Int128{5 + 10 + 20}));
  REQUIRE(result.failed.has_value());
  CHECK(result.failed->upto == 40);
  CHECK(result.failed->error == "exit status 9");
}

TEST_CASE("the runs of a step are summed up without rounding, and beyond 128 bits") {
  Bench b;
  // In any number of steps: on a busy machine a step may end before its third run.
  const auto sum_of = [&](const std::string& script) {
    Program program = shell(script);
    program.run_width = 1;
    StepResult all = b.computes(program, {0, 3});
    while (all.upto < 3 && !all.failed) {
      const StepResult more = b.computes(program, {all.upto, 3});
      all.value = fold(Fold::sum, *all.value, *more.value);
      all.upto = more.upto;
      all.failed = more.failed;
    }
    CHECK_FALSE(all.failed.has_value());
    return *all.value;
  };
  CHECK(same(sum_of("set 1e16 1.0 -1e16; shift $PQ_LO; echo $1"), 1.0));
  const Value twice = *fold(Fold::sum, int128_max, int128_max);
  CHECK(same(sum_of("echo 170141183460469231731687303715884105727"), *fold(Fold::sum, twice, int128_max)));
}

TEST_CASE("a step of many runs ends after about a second, with what it has") {
  Bench b;
  Program program = shell("sleep 0.2; echo 1");
  program.run_width = 1;
  const StepResult result = b.computes(program, {0, 1000});
  CHECK(result.upto > 0);
  CHECK(result.upto < 12);
  CHECK_FALSE(result.failed.has_value());
}

// ---------------------------------------------------------------- time and memory

TEST_CASE("a run that takes too long is asked to end, then made to") {
  Bench b;
  Program program = shell("echo waiting >&2; sleep 1000; echo 1");
  program.timeout_ms = 2000;  // in which a shell gets as far as that on a busy machine too
  CHECK(b.words(program) == "timed out after 2s: waiting");
  program = shell("trap '' TERM; while :; do sleep 0.1; done");
  program.timeout_ms = 100;
  const StepResult result = b.computes(program);
  REQUIRE(result.failed.has_value());
  CHECK(result.failed->error == "timed out after 100ms");
  CHECK(result.took > 2s);
  CHECK(result.took < 500s);
}

TEST_CASE("a run gets no more memory than it is given") {
  Bench b;
  Program program;
  program.words = {"/usr/bin/python3", "-c", "x = bytearray(400 * 1000 * 1000); print(len(x))"};
  CHECK(b.value(program) == Value(Int128{400'000'000}));
  program.memory_bytes = 100'000'000;
  CHECK(says(b.words(program), "MemoryError"));
}

TEST_CASE("an abandoned program is killed at once, and its step has neither value nor failure") {
  Bench b;
  std::thread impatient([&] {
    number_in(b.path() / "slots" / "0" / "1" / "pid");
    b.exec().abandon();
  });
  const StepResult result = b.computes("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000; echo 1");
  impatient.join();
  CHECK(result.upto == 0);
  CHECK_FALSE(result.failed.has_value());
  CHECK(result.took < 500s);
  b.exec().welcome();
  CHECK(b.value("echo 1") == Value(Int128{1}));
}

// ---------------------------------------------------------------- output

TEST_CASE("megabytes on both streams are read while they come, and logged from both ends") {
  Bench b;
  CHECK(b.value("yes aaaaaaaaaaaaaaa | head -c 3000000 & yes b | head -c 3000000 >&2; wait; echo; echo 5") ==
        Value(Int128{5}));
  std::size_t bytes = 0;
  bool tells = false;
  for (const LogPart& part : b.log()) {
    bytes += part.text.data.size();
    tells = tells || (part.stream == Stream::pq && says(part.text.data, " bytes are left out here"));
    CHECK(part.text.data.size() <= limits::log_part_bytes_max);
  }
  CHECK(tells);
  CHECK(bytes <= limits::log_run_bytes_max + 100);
  CHECK(bytes > limits::log_run_bytes_max / 2);
}

TEST_CASE("what precedes the value is logged, and the value is not") {
  Bench b;
  b.value("echo a; echo b; echo 5");
  CHECK(b.logged(Stream::stdout_) == "a\nb\n");
  b.words("echo a; echo b; exit 1");
  CHECK(b.logged(Stream::stdout_) == "a\nb\n");
}

TEST_CASE("a job that collects keeps all of standard output of each run, and logs none") {
  Bench b;
  Program program = shell("echo from $PQ_LO; echo 5");
  program.collects = true;
  program.run_width = 2;
  const StepResult result = b.computes(program, {0, 4});
  REQUIRE(result.collected.size() == 2);
  CHECK(result.collected[0].run == Range{0, 2});
  CHECK(result.collected[1].text == "from 2\n5\n");
  CHECK(b.logged(Stream::stdout_).empty());
  program = shell("head -c 20000000 /dev/zero; sleep 1000");
  program.collects = true;
  CHECK(says(b.words(program), "printed more than 16777216 bytes"));
}

// ---------------------------------------------------------------- what is left behind

TEST_CASE("a child in the background neither holds a run up nor outlives it") {
  Bench b;
  const StepResult result = b.computes("sleep 1000 & echo $! > " + (b.path() / "pid").string() + "; echo 5");
  CHECK(result.value == Value(Int128{5}));
  CHECK(result.took < 500s);
  CHECK(ends(number_in(b.path() / "pid")));
}

TEST_CASE("a child that has left the group does not hold a run up, and is killed as an orphan") {
  Bench b;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Orphans orphans(b.runs(), b.mark(), 0);
  const std::string pid_file = (b.path() / "pid").string();
  const StepResult result =
      b.computes("setsid sh -c 'echo $$ > " + pid_file + "; exec sleep 1000' & until [ -s " + pid_file +
                 " ]; do sleep 0.01; done; echo 5");
  CHECK(result.value == Value(Int128{5}));
  CHECK(result.took < 500s);
  const pid_t left = number_in(b.path() / "pid");
  REQUIRE(left > 0);
  CHECK(is_alive(left));
  orphans.look_after();
  CHECK(ends(left));
  orphans.look_after();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("each run begins in an empty directory, whatever the last one has left") {
  Bench b;
  for (const char* const mess : {"touch a .b", "mkdir -p c/d; touch c/d/e", "mkdir f; touch f/g; chmod 500 f",
                                 "chmod 500 .", "rmdir $PWD", "ln -s / root"}) {
    b.computes(std::string(mess) + "; echo 1");
    CHECK(b.value("ls -A | wc -l") == Value(Int128{0}));
    CHECK(b.value("touch x && ls -A | wc -l") == Value(Int128{1}));
  }
}

TEST_CASE("when the agent dies its warden kills what runs, and removes what is left") {
  const ScratchDir dir;
  RunTable runs(1);
  const fs::path scratch = dir.path() / "own";
  fs::create_directories(scratch / "x");
  const std::string mark = "mark-of-" + dir.path().filename().string();
  Warden warden(runs, mark, scratch);
  const std::string pid_file = (dir.path() / "pid").string();
  const std::string script = "echo $$ > " + pid_file + "; exec sleep 1000";
  std::string setting = "PQ_AGENT=" + mark;
  const pid_t runaway = fork();
  if (runaway == 0) {
    setsid();
    char* const environment[] = {setting.data(), nullptr};
    execle("/bin/sh", "sh", "-c", script.c_str(), nullptr, environment);
    _exit(1);
  }
  REQUIRE(number_in(pid_file) == runaway);
  warden.finish();
  CHECK(ends(runaway));
  CHECK_FALSE(fs::exists(scratch));
}

// ---------------------------------------------------------------- files and lists

TEST_CASE("the files of a job are there by their names for every run, whatever the last one did to them") {
  Bench b;
  Program program;
  program.files = {
      b.cached("sim", "#!/bin/sh\nwc -c < $1; rm -f data; echo no > sim\n", FileKind::executable),
      b.cached("data", "12345", FileKind::plain)};
  program.run_width = 1;
  program.words = {"sh", "-c", "./sim data 2>/dev/null; rm -f sim"};
  const StepResult result = b.computes(program, {0, 3});
  if (result.failed) FAIL_CHECK(result.failed->error);
  CHECK(result.value == Value(Int128{15}));
}

TEST_CASE("the secrets of a job are files of mode 0600, whole for each run, and go when it leaves the slot") {
  Bench bench;
  Program program = shell(
      "cd \"$PQ_SECRETS\" && stat -c %a . TOKEN EMPTY | tr '\\n' ' ' && cat TOKEN && wc -c <EMPTY && pwd >&2 "
      "&& "
      "echo spoilt >TOKEN && rm EMPTY");
  program.secrets = {{"TOKEN", "hush\n"}, {"EMPTY", ""}};
  program.collects = true;
  const StepResult result = bench.computes(program, {0, 3}, Fold::none);
  if (result.failed) FAIL_CHECK(result.failed->error);
  REQUIRE(result.collected.size() >= 1);
  for (const CollectedRun& run : result.collected) CHECK(run.text == "700 600 600 hush\n0\n");
  const std::string where = bench.logged(Stream::stderr_);
  const fs::path dir = where.substr(0, where.find('\n'));
  CHECK(fs::exists(dir));
  CHECK(bench.value("echo ${PQ_SECRETS-7}") == Value(Int128{7}));
  CHECK_FALSE(fs::exists(dir));
}

TEST_CASE("a directory comes as a tar and is unpacked") {
  Bench b;
  fs::create_directories(b.path() / "tree" / "sub");
  b.write_file("tree/sub/number", "33\n");
  const std::string tar = (b.path() / "tree.tar").string();
  REQUIRE(system(("tar -C " + (b.path() / "tree").string() + " -cf " + tar + " .").c_str()) == 0);
  Program program = shell("cat input/sub/number");
  program.files = {b.cached("input", bytes_of(tar), FileKind::directory)};
  CHECK(b.value(program) == Value(Int128{33}));
  program.files = {b.cached("input", "this is no tar", FileKind::directory)};
  CHECK(says(b.words(program), "cannot unpack"));
}

TEST_CASE("a run over a list gets its line") {
  Bench b;
  Program program;
  program.words = {"sh", "-c", "echo \"$1|$PQ_ITEM\" >&2; echo 1", "sh", "<{item}>"};
  program.run_width = 1;
  program.items = b.cached("list", "one\n two  {lo}\n\nlast", FileKind::plain);
  CHECK(b.value(program, {1, 5}) == Value(Int128{4}));
  CHECK(b.logged(Stream::stderr_) == "<one>|one\n< two  {lo}>| two  {lo}\n<>|\n<last>|last\n");
  CHECK(b.words(program, {5, 6}) == "the list has no line 5");
}

// ---------------------------------------------------------------- streams

Program stream(const std::string& script, std::uint64_t run_width = 0) {
  Program program = shell(script);
  program.streams = true;
  program.run_width = run_width;
  return program;
}

TEST_CASE("a program that reads lines is started once and answers each") {
  Bench b;
  const Program program = stream("echo started >&2; while read lo hi; do echo $((hi - lo)); done", 10);
  StepResult result = b.computes(program, {0, 50});
  CHECK(result.value == Value(Int128{50}));
  CHECK_FALSE(result.is_typical);
  result = b.computes(program, {50, 70});
  CHECK(result.value == Value(Int128{20}));
  CHECK(result.is_typical);
  CHECK(b.logged(Stream::stderr_) == "started\n");
  CHECK(b.exec().rests_until() != Instant::never());
  b.exec().rest(later);
  CHECK(b.exec().rests_until() == Instant::never());
  CHECK_FALSE(b.computes(program, {70, 80}).is_typical);
  b.exec().rest(later);
}

TEST_CASE("a step of another job ends the program that reads lines") {
  Bench b;
  const Program program =
      stream("echo $$ > " + (b.path() / "pid").string() + "; while read lo hi; do echo 1; done; echo bye > " +
             (b.path() / "bye").string());
  CHECK(b.value(program) == Value(Int128{1}));
  CHECK(b.value("echo 2") == Value(Int128{2}));
  CHECK(bytes_of(b.path() / "bye") == "bye\n");
}

TEST_CASE("a program that dies instead of answering fails that run only, and is started anew") {
  Bench b;
  const Program program =
      stream("while read lo hi; do test $lo = 2 && { echo no two >&2; exit 4; }; echo $lo; done", 1);
  StepResult result = b.computes(program, {0, 5});
  CHECK(result.upto == 2);
  REQUIRE(result.failed.has_value());
  CHECK(result.failed->error == "exit status 4 without an answer: no two");
  result = b.computes(program, {3, 5});
  CHECK(result.value == Value(Int128{7}));
  b.exec().rest(later);
}

TEST_CASE("programs that do not answer as they should fail with words that say it") {
  Bench b;
  CHECK(says(b.words(stream("while read lo hi; do echo what; done")), "its last line \"what\" must be"));
  CHECK(says(b.words(stream("exec >&-; sleep 1000")), "closed its standard output without an answer"));
  CHECK(says(b.words(stream("read lo hi; head -c 100000 /dev/zero; sleep 1000")),
             "answered with a line of more"));
  CHECK(b.words(stream("exit 0")) == "exit status 0 without an answer");
  Program slow = stream("while read lo hi; do sleep 1000; done");
  slow.timeout_ms = 200;
  CHECK(b.words(slow) == "timed out after 200ms");
}

TEST_CASE("an answer that nobody has asked for fails all runs of its step") {
  Bench b;
  const Program twice = stream("while read lo hi; do echo $lo; echo $lo; done", 1);
  CHECK(says(b.words(twice, {3, 6}), "without being asked: it must write one line for each"));
  for (const char* const pause : {"", "sleep 0.002;", "sleep 0.03;"}) {
    CAPTURE(pause);
    const Program late = stream("n=0; while read lo hi; do n=$((n+1)); echo 1; if test $n = 5; then " +
                                    std::string(pause) + " echo 1000; fi; done",
                                1);
    const StepResult result = b.computes(late, {0, 20});
    CHECK(result.upto == 0);
    CHECK_FALSE(result.value.has_value());
    REQUIRE(result.failed.has_value());
    CHECK(says(result.failed->error, "without being asked"));
    CHECK(b.computes(late, {0, 4}).value == Value(Int128{4}));  // by a new one
    b.exec().rest(later);
  }
}

TEST_CASE("a line too many that comes after its step fails the next one") {
  Bench b;
  const Program program =
      stream("while read lo hi; do echo 1; (sleep 0.05; test $lo = 3 && echo 7) & done", 1);
  CHECK(b.computes(program, {3, 4}).upto <= 4);
  std::this_thread::sleep_for(500ms);
  const StepResult next = b.computes(program, {4, 6});
  CHECK(next.value != Value(Int128{8}));
  b.exec().rest(later);
}

TEST_CASE("an answer with its question before it is taken for no other's") {
  Bench b;
  const Program program = stream("while read lo hi; do echo $lo $hi $lo; done", 1);
  CHECK(b.computes(program, {3, 6}).value == Value(Int128{12}));
  b.exec().rest(later);
  const Program shifted = stream("l=0; h=1; while read lo hi; do echo $l $h 1; l=$lo; h=$hi; done", 1);
  const StepResult result = b.computes(shifted, {0, 5});
  CHECK(result.upto == 0);
  REQUIRE(result.failed.has_value());
  CHECK(says(result.failed->error, "answered for 0 1 when it was asked for 1 2"));
}

TEST_CASE("a program that reads lines keeps its directory, and what it leaves there, until it ends") {
  Bench b;
  Program program =
      stream("while read lo hi; do echo $lo >> note && cat data > copy && wc -l < note; done", 1);
  program.files = {b.cached("data", "x\n", FileKind::plain)};
  CHECK(b.computes(program, {0, 4}).value == Value(Int128{1 + 2 + 3 + 4}));
  CHECK(b.computes(program, {4, 5}).value == Value(Int128{5}));
  b.exec().rest(later);
  CHECK(b.computes(program, {5, 6}).value == Value(Int128{1}));
  b.exec().rest(later);
}

TEST_CASE("a run is told its own directory, and nothing of the shell that the agent was started by") {
  Bench b({"PWD=/wrong", "OLDPWD=/old", "SHLVL=7", "_=/bin/agent"});
  Program program = shell("test \"$PWD\" -ef . && test -z \"$OLDPWD$(printenv _)\" && echo ${SHLVL-1}");
  program.words = {"env"};
  CHECK(b.computes(program, {0, 1}, Fold::none).upto == 1);
  const std::string told = b.logged(Stream::stdout_);
  CHECK(says(told, "\nPWD=" + (b.path() / "slots" / "0").string()));
  for (const char* const name : {"OLDPWD=", "SHLVL=", "\n_=", "/wrong"}) CHECK_FALSE(says(told, name));
}

TEST_CASE("a run that writes to what is shared is computed again, with files of its own") {
  Bench b;
  const std::string text(limits::copied_file_bytes_max + 1, 'x');
  Program program = shell("chmod u+w big; printf y >> big; wc -c < big");
  program.run_width = 1;
  program.files = {b.cached("big", text, FileKind::plain)};
  CHECK(b.value(program, {0, 3}) == Value(Int128{3 * (static_cast<int>(text.size()) + 1)}));
  Program streaming = stream("chmod u+w big; while read lo hi; do printf y >> big; wc -c < big; done", 1);
  streaming.files = program.files;
  CHECK(b.value(streaming, {0, 3}) == Value(Int128{3 * static_cast<int>(text.size()) + 6}));
  b.exec().rest(later);
}

TEST_CASE("a step whose files are not what was sent any more waits for them") {
  Bench b;
  Program program = shell("cat data");
  program.files = {b.cached("data", "12345", FileKind::plain)};
  std::ofstream(b.path() / "files" / to_text(program.files[0].hash)) << "54321";
  StepResult result = b.computes(program);
  CHECK(result.lacks_files);
  CHECK(result.upto == 0);
  CHECK_FALSE(result.failed.has_value());
  b.cached("data", "12345", FileKind::plain);
  result = b.computes(program);
  CHECK_FALSE(result.lacks_files);
  CHECK(result.value == Value(Int128{12345}));
}

TEST_CASE("a step that is curtailed begins no further run, and ends where it says") {
  Bench b;
  Program program = shell("echo $PQ_LO >> " + (b.path() / "begun").string() + "; sleep 0.02; echo 1");
  program.run_width = 1;
  StepResult result;
  std::thread computes([&] { result = b.computes(program, {0, 40}); });
  const std::string begun = (b.path() / "begun").string();
  for (int tries = 0; tries < 60'000 && !fs::exists(begun); ++tries) std::this_thread::sleep_for(1ms);
  const std::uint64_t end = b.exec().curtail();
  computes.join();
  CHECK(result.upto <= end);
  CHECK(end < 40);
  CHECK(result.upto > 0);
  b.exec().welcome();
  CHECK(b.computes(program, {0, 3}).upto == 3);
}

}  // namespace
