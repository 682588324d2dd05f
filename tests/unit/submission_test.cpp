// Command lines: flags that come several times, the words of a program, and what pq-submit makes of them.
#include "client/submission.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "common/values/errors.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using Words = std::vector<std::string>;
using std::filesystem::perms;

Arguments understood(const Words& words) {
  return {client_usage({.program = "pq-submit",
                        .synopsis = "",
                        .purpose = "",
                        .flags = submission_flags(),
                        .runs_program = true}),
          words};
}

// Files of one test, in a directory that is its working directory meanwhile.
class Desk {
 public:
  Desk() : before_(std::filesystem::current_path()) { std::filesystem::current_path(dir_.path()); }
  ~Desk() { std::filesystem::current_path(before_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::absolute(name).parent_path());
    std::ofstream(name, std::ios::binary) << text;
  }

  void put_program(const std::string& name) {
    put(name, "#!/bin/sh\n");
    std::filesystem::permissions(name, perms::owner_all);
  }

 private:
  ScratchDir dir_;
  std::filesystem::path before_;
};

Submission submitted(const Words& words) {
  Screen screen;
  return read_submission(understood(words), screen);
}

Program program_of(const Words& words) { return submitted(words).spec.program.value(); }

// "" if it is taken.
std::string refusal(const Words& words) {
  try {
    submitted(words);
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::usage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a flag that comes several times keeps all of its values, as they were typed") {
  const Arguments arguments = understood({"--env", "A=1,2", "--env=B=", "--range", "0:1", "--range=0:2"});
  CHECK(arguments.values("env") == Words{"A=1,2", "B="});
  CHECK(arguments.value("range") == "0:2");
  CHECK(arguments.values("file").empty());
  CHECK(arguments.is_typed("env"));
  CHECK_FALSE(arguments.is_typed("file"));
}

TEST_CASE("the words after two dashes are the program's, whatever they look like") {
  const Arguments arguments = understood({"--range", "0:1", "--", "sim", "--json", "-5", "--"});
  CHECK(arguments.program() == Words{"sim", "--json", "-5", "--"});
  CHECK_FALSE(arguments.has("json"));
  CHECK(arguments.words().empty());
  CHECK_FALSE(understood({"--range", "0:1"}).program());
  CHECK(understood({"--"}).program() == Words{});
}

TEST_CASE("the environment twin of a flag is one value, and is not typed") {
  ::setenv("PQ_ENV", "A=1", 1);
  const Arguments twin = understood({});
  const Arguments typed = understood({"--env", "B=2"});
  ::unsetenv("PQ_ENV");
  CHECK(twin.values("env") == Words{"A=1"});
  CHECK_FALSE(twin.is_typed("env"));
  CHECK(typed.values("env") == Words{"B=2"});
}

TEST_CASE("--express is of a program, whose runs it limits to ten seconds") {
  const Submission usual = submitted({"--range", "0:5", "--express", "--", "date"});
  CHECK(usual.spec.program.value().express);
  CHECK(usual.spec.program->timeout_ms == 10'000);
  const Submission shorter = submitted({"--range", "0:5", "--express", "--timeout", "3s", "--", "date"});
  CHECK(shorter.spec.program.value().timeout_ms == 3'000);
  CHECK(says(refusal({"--range", "0:5", "--express", "--timeout", "11s", "--", "date"}),
             "--timeout 11s is more"));
  CHECK(says(refusal({"--range", "0:5", "--express"}), "a small count goes past long ones by itself"));
  CHECK(says(refusal({"--range", "0:5", "--express", "--cpus", "2", "--", "date"}), "leave out --cpus 2"));
}

TEST_CASE("a submission has all that its flags ask for") {
  const Submission submission = submitted(
      {"--range",   "0:1e6",   "--step",     "1e3",  "--env",          "A=x=y",    "--timeout", "5m",
       "--memory",  "2G",      "--attempts", "5",    "--max-failures", "0",        "--cpus",    "2",
       "--require", "zone=eu", "--require",  "gpu=", "--collect",      "--stream", "--fold",    "max",
       "--",        "sim",     "{lo}"});
  const JobSpec& spec = submission.spec;
  CHECK(spec.range == Range{0, 1'000'000});
  CHECK(spec.kernel == Kernel::exec);
  CHECK(spec.fold == Fold::max);
  CHECK(spec.attempts_max == 5);
  CHECK(spec.failures_max == 0);
  CHECK(spec.cpus == 2);
  CHECK(spec.require == std::vector<Label>{{"zone", "eu"}, {"gpu", ""}});
  const Program& program = spec.program.value();
  CHECK(program.words == Words{"sim", "{lo}"});
  CHECK(program.run_width == 1000);
  CHECK(program.timeout_ms == 300'000);
  CHECK(program.memory_bytes == std::uint64_t{2} << 30);
  CHECK(program.collects);
  CHECK(program.streams);
  CHECK(program.env == std::vector<Setting>{{"A", "x=y"}});
  CHECK(submission.files.empty());
}

TEST_CASE("a job without a program is what it always was") {
  const Submission submission = submitted({"--range", "0:5", "--kernel", "twins", "--timeout", "5s"});
  CHECK(submission.spec.kernel == Kernel::twins);
  CHECK_FALSE(submission.spec.program);
  CHECK(says(refusal({"--range", "0:5", "--memory", "2G"}), "--memory is for a program of your own"));
}

TEST_CASE("a time limit of all commands is none of a run") {
  ::setenv("PQ_TIMEOUT", "5s", 1);
  const std::uint32_t timeout_ms = program_of({"--range", "0:5", "--", "sim"}).timeout_ms;
  ::unsetenv("PQ_TIMEOUT");
  CHECK(timeout_ms == 0);
}

TEST_CASE("files travel under their own names, as what they are") {
  Desk desk;
  desk.put("in/table.csv", "1,2\n");
  desk.put_program("in/sim");
  desk.put("data/deep/a", "a");
  const Submission submission = submitted({"--range", "0:5", "--file", "in/table.csv", "--file", "in/sim",
                                           "--file", "data/", "--", "sh", "-c", "./sim"});
  const auto& files = submission.spec.program->files;
  REQUIRE(files.size() == 3);
  CHECK(files[0] == FileRef{"table.csv", sha256_of("1,2\n"), 4, FileKind::plain});
  CHECK(files[1].kind == FileKind::executable);
  CHECK(files[2].name == "data");
  CHECK(files[2].kind == FileKind::directory);
  REQUIRE(submission.files.size() == 3);
  CHECK(read_part(submission.files[0], 1, 2) == ",2");
  CHECK(read_part(submission.files[0], 4, 2) == "");
  CHECK(submission.spec.program->words == Words{"sh", "-c", "./sim"});
}

TEST_CASE("directories with the same in them have the same hash, wherever they are") {
  Desk desk;
  desk.put("one/data/a", "a");
  desk.put("one/data/b/c", "c");
  desk.put("two/data/b/c", "c");
  desk.put("two/data/a", "a");
  std::filesystem::last_write_time("one/data/a", std::filesystem::file_time_type{});
  const auto packed = [](const char* path) { return open_local_file(path).ref; };
  CHECK(packed("one/data") == packed("two/data"));
  desk.put("two/data/a", "b");
  CHECK(packed("one/data") != packed("two/data"));
}

TEST_CASE("a first word that is a file here is sent along, and called by what it is there") {
  Desk desk;
  desk.put_program("bin/sim");
  desk.put_program("data/run");
  const Program alone = program_of({"--range", "0:5", "--", "bin/sim", "{lo}"});
  CHECK(alone.words == Words{"./sim", "{lo}"});
  REQUIRE(alone.files.size() == 1);
  CHECK(alone.files[0].kind == FileKind::executable);
  CHECK(program_of({"--range", "0:5", "--file", "./bin/sim", "--", "bin/sim"}).files.size() == 1);
  const Program within = program_of({"--range", "0:5", "--file", "data", "--", "data/run"});
  CHECK(within.words == Words{"./data/run"});
  CHECK(within.files.size() == 1);
}

TEST_CASE("a first word that is no file here is left alone") {
  Desk desk;
  desk.put_program("sim");
  for (const std::string word : {"sim", "./nosuch", "/bin/sh"}) {
    CAPTURE(word);
    const Program program = program_of({"--range", "0:5", "--", word});
    CHECK(program.words == Words{word});
    CHECK(program.files.empty());
  }
  desk.put("text", "no program");
  CHECK(says(refusal({"--range", "0:5", "--", "./text"}), "./text is not executable: chmod +x it"));
}

TEST_CASE("a list is its own range, a line a run") {
  Desk desk;
  desk.put("items", "a\nb c\n\nlast");
  const Submission submission = submitted({"--each", "items", "--", "echo", "{item}"});
  CHECK(submission.spec.range == Range{1, 5});
  const Program& program = submission.spec.program.value();
  CHECK(program.run_width == 1);
  CHECK(program.items == FileRef{"items", sha256_of("a\nb c\n\nlast"), 11, FileKind::plain});
  CHECK(program.files.empty());
  CHECK(submission.files.size() == 1);
  desk.put("items", "a\n");
  CHECK(submitted({"--each", "items", "--", "echo"}).spec.range == Range{1, 2});
}

TEST_CASE("a list that cannot be is refused with the line that is wrong") {
  Desk desk;
  desk.put("empty", "");
  desk.put("null", std::string("x\na\0b\n", 6));
  desk.put("wide", "x\n" + std::string(limits::item_bytes_max, 'y') + "\n");
  const auto said = [](const char* list) { return refusal({"--each", list, "--", "echo"}); };
  CHECK(says(said("empty"), "empty has no line"));
  CHECK(says(said("null"), "line 2 has a NUL byte"));
  CHECK(said("wide").empty());
  desk.put("wide", "x\n" + std::string(limits::item_bytes_max + 1, 'y') + "\n");
  CHECK(says(said("wide"), "line 2 has more than 65 536 bytes"));
  CHECK(says(refusal({"--each", "empty", "--range", "0:5", "--", "echo"}), "leave out --range"));
}

TEST_CASE("sizes are powers of 1024") {
  CHECK(parse_size("--memory", "1") == 1);
  CHECK(parse_size("--memory", "3K") == 3072);
  CHECK(parse_size("--memory", "1e3M") == 1000 << 20);
  CHECK(parse_size("--memory", "2g") == std::uint64_t{2} << 30);
  CHECK(parse_size("--memory", "2T") == std::uint64_t{2} << 40);
  for (const char* text : {"", "K", "0", "0G", "1.5G", "2gg", "-1", "99999999999T"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_size("--memory", text, 1), EnvironmentError);
  }
}

}  // namespace pq::tests
