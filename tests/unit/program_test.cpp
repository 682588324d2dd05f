// What a job may be, and hashes of files.
#include "common/values/program.h"

#include <doctest/doctest.h>

#include <string>

#include "common/values/job.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

Program runs(std::vector<std::string> words) {
  Program program;
  program.words = std::move(words);
  return program;
}

JobSpec spec_of(const Program& program) {
  JobSpec spec;
  spec.range = {0, 10};
  spec.kernel = Kernel::exec;
  spec.program = program;
  return spec;
}

bool is_refused(const JobSpec& spec, const std::string& why) {
  const auto flaw = flaw_of(spec);
  return flaw && says(*flaw, why);
}

}  // namespace

TEST_CASE("hashes are those of FIPS 180-4, also of bytes that come in parts") {
  CHECK(to_text(sha256_of("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_text(sha256_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256Builder builder;
  std::string whole;
  for (int i = 0; i < 1000; ++i) {
    const std::string part(static_cast<std::size_t>(i), static_cast<char>(i));
    builder.add(part);
    whole += part;
  }
  CHECK(builder.finish() == sha256_of(whole));
  CHECK(parse_sha256(to_text(sha256_of("abc"))) == sha256_of("abc"));
  CHECK_FALSE(parse_sha256(to_text(sha256_of("abc")) + "0"));
  CHECK_FALSE(parse_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
  CHECK_FALSE(parse_sha256(""));
}

TEST_CASE("a command is told as one would type it") {
  CHECK(command_text(runs({"./sim", "{lo}", "--x=1"})) == "./sim {lo} --x=1");
  CHECK(command_text(runs({"sh", "-c", "echo $A; it's", ""})) == "sh -c 'echo $A; it'\\''s' ''");
}

TEST_CASE("a job has a program if its kernel is exec, and only then") {
  CHECK_FALSE(flaw_of(spec_of(runs({"true"}))));
  JobSpec least = spec_of(runs({"true"}));
  least.fold = Fold::min;
  CHECK_FALSE(flaw_of(least));
  least.program.reset();
  least.kernel = Kernel::primes;
  CHECK(is_refused(least, "--fold min is for a program of your own"));
  JobSpec spec = spec_of(runs({"true"}));
  spec.kernel = Kernel::primes;
  CHECK(is_refused(spec, "leave out --kernel"));
  spec = JobSpec{};
  spec.range = {0, 1};
  CHECK_FALSE(flaw_of(spec));
  spec.kernel = Kernel::exec;
  CHECK(is_refused(spec, "needs a program"));
}

TEST_CASE("what cannot be run is refused with what to do about it") {
  CHECK(is_refused(spec_of(runs({})), "no program after --"));
  CHECK(is_refused(spec_of(runs({""})), "no program after --"));
  CHECK(is_refused(spec_of(runs({"echo", std::string("a\0b", 3)})), "NUL"));
  CHECK(is_refused(spec_of(runs({"echo", std::string(limits::program_bytes_max, 'x')})), "--file"));
  CHECK(is_refused(spec_of(runs(std::vector<std::string>(limits::words_max + 1, "x"))), "--file"));
  Program program = runs({"true"});
  program.env = {{"1A", "x"}};
  CHECK(is_refused(spec_of(program), "\"1A\" is not the name of a variable"));
  program.env = {{"PQ_LO", "x"}};
  CHECK(is_refused(spec_of(program), "PQ_"));
  program.env = {{"A", "1"}, {"A", "2"}};
  CHECK(is_refused(spec_of(program), "twice"));
  program.env = {};
  program.files = {{"a b", {}, 1, FileKind::plain}};
  CHECK(is_refused(spec_of(program), "rename it"));
  program.files = {{"sim", {}, 1, FileKind::plain}, {"sim", {}, 2, FileKind::plain}};
  CHECK(is_refused(spec_of(program), "two files of the name sim"));
  program.files = {{"sim", {}, limits::file_bytes_max + 1, FileKind::plain}};
  CHECK(is_refused(spec_of(program), "--file sim has"));
  program.files = {};
  program.items = FileRef{"items", {}, 1, FileKind::plain};
  CHECK(is_refused(spec_of(program), "leave out --step"));
  program.run_width = 1;
  CHECK_FALSE(flaw_of(spec_of(program)));
  program.streams = true;
  CHECK(is_refused(spec_of(program), "do not go together"));
}

TEST_CASE("a secret is named as a variable is, once, and has a value") {
  const auto with = [](std::vector<Setting> secrets) {
    Program program = runs({"true"});
    program.secrets = std::move(secrets);
    return spec_of(program);
  };
  CHECK_FALSE(flaw_of(with({{"TOKEN", std::string("a\0b", 3)}, {"OTHER", ""}})));
  CHECK(is_refused(with({{"../TOKEN", "x"}}), "--secret"));
  CHECK(is_refused(with({{std::string(256, 'X'), "x"}}), "--secret"));
  CHECK(is_refused(with({{"PQ_X", "x"}}), "--secret PQ_X"));
  CHECK(is_refused(with({{"X", "x"}, {"X", "y"}}), "--secret X is given twice"));
  CHECK(is_refused(with({{"X", "", true}}), "hidden"));
  CHECK(is_refused(with({{"X", std::string(limits::program_bytes_max, 'x')}}), "--secret"));
}

TEST_CASE("what need not wait for slots ends soon, and holds none") {
  Program program = runs({"date"});
  program.express = true;
  CHECK(is_refused(spec_of(program), "--express needs a limit of each run: give --timeout 10s or less"));
  program.timeout_ms = 10'001;
  CHECK(is_refused(spec_of(program), "--express ends a run after 10s: --timeout 10s is more"));
  program.timeout_ms = 60'000;
  CHECK(is_refused(spec_of(program), "--express ends a run after 10s: --timeout 1m is more"));
  program.timeout_ms = 10'000;
  CHECK_FALSE(flaw_of(spec_of(program)));
  JobSpec spec = spec_of(program);
  spec.cpus = 2;
  CHECK(is_refused(spec, "leave out --cpus 2 or --express"));
}

TEST_CASE("slots and labels are within their bounds") {
  JobSpec spec = spec_of(runs({"true"}));
  for (const std::uint32_t cpus : {0U, limits::slots_max + 1}) {
    spec.cpus = cpus;
    CHECK(is_refused(spec, "--cpus"));
  }
  spec.cpus = limits::slots_max;
  CHECK_FALSE(flaw_of(spec));
  spec.require = {{"", "x"}};
  CHECK(is_refused(spec, "is not a label"));
  spec.require = {{"a=b", "x"}};
  CHECK(is_refused(spec, "is not a label"));
  spec.require = {{"zone", "a\nb"}};
  CHECK(is_refused(spec, "is not a label"));
  spec.require.assign(limits::labels_max + 1, {"zone", "a"});
  CHECK(is_refused(spec, "times --require"));
}

TEST_CASE("runs of a fixed width are counted from the begin of the range, and end with it") {
  constexpr Range range{5, 32};
  CHECK(run_boundary(range, 10, 5) == 5);
  CHECK(run_boundary(range, 10, 6) == 15);
  CHECK(run_boundary(range, 10, 15) == 15);
  CHECK(run_boundary(range, 10, 26) == 32);
  CHECK(run_boundary(range, 10, 32) == 32);
  CHECK(run_boundary(range, 0, 17) == 17);
  constexpr std::uint64_t top = UINT64_MAX;
  CHECK(run_boundary({0, top}, top, 1) == top);
  CHECK(run_boundary({1, top}, std::uint64_t{1} << 63U, top - 1) == top);
}

}  // namespace pq::tests
