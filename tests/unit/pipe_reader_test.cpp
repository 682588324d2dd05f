// What a slot reads of real programs, and what other threads want of its step.
#include "agent/programs/pipe_reader.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "agent/programs/recall.h"
#include "tests/rooms.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;
using Seen = PipeReader::Seen;

struct Shell {
  Process starts(std::string script) {
    std::string name = "sh";
    std::string flag = "-c";
    const std::array<char*, 4> arguments{name.data(), flag.data(), script.data(), nullptr};
    std::string path = "PATH=/usr/bin:/bin";
    const std::array<char*, 2> environment{path.data(), nullptr};
    auto process =
        Process::start({"/bin/sh", arguments.data(), environment.data(), root.fd(), 0, true}, group);
    REQUIRE(process.has_value());
    return *std::move(process);
  }

  const Descriptor root{open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  GroupSlot group{nullptr};
  RunLog log{nullptr, {}};
  PipeReader reader;
};

TEST_CASE("a program is read until it exits, and what is left in its pipes afterwards") {
  Shell shell;
  RunOutput output({.value = true}, shell.log);
  Process process = shell.starts("echo words >&2; echo 7; exit 3");
  CHECK(shell.reader.watch(process, output, nullptr, 0ns) == Seen::exited);
  shell.reader.drain(process, output, nullptr);
  CHECK(output.value_text() == "7");
  CHECK(output.last_words() == "words");
}

TEST_CASE("a program is ended at its time limit, also if it does not heed SIGTERM") {
  Shell shell;
  for (const std::string script : {"exec sleep 600", "trap '' TERM; while :; do sleep 600; done"}) {
    RunOutput output({}, shell.log);
    Process process = shell.starts(script);
    CHECK(shell.reader.watch(process, output, nullptr, 100ms) == Seen::timed_out);
    CHECK(process.has_exited());
  }
}

TEST_CASE("a program that answers with lines is read up to its next line") {
  Shell shell;
  RunOutput output({}, shell.log);
  Answers answers;
  Process process = shell.starts("echo one; read line; echo two");
  CHECK(shell.reader.watch(process, output, &answers, 0ns) == Seen::answered);
  CHECK(answers.take({0, 1}, false)->line == "one\n");
  process.input().close();
  CHECK(shell.reader.watch(process, output, &answers, 0ns) == Seen::answered);
  CHECK(answers.take({1, 2}, false)->line == "two\n");
  CHECK(shell.reader.watch(process, output, &answers, 0ns) == Seen::exited);
}

TEST_CASE("an answer without an end is not read without end") {
  Shell shell;
  RunOutput output({}, shell.log);
  Answers answers;
  Process process = shell.starts("while :; do printf 0123456789; done");
  CHECK(shell.reader.watch(process, output, &answers, 0ns) == Seen::exited);
  CHECK(answers.bytes() > PipeReader::answer_bytes_max);
}

TEST_CASE("a step that is curtailed begins no run beyond the one that its answer covers") {
  Recall recall;
  CHECK(recall.allows({0, 10}, true));
  CHECK(recall.allows({10, 20}, false));
  CHECK(recall.curtail() == 20);
  CHECK_FALSE(recall.allows({20, 30}, false));
  CHECK_FALSE(recall.is_abandoned());
  recall.clear();
  CHECK(recall.curtail() == 0);
  CHECK(recall.allows({20, 30}, true));  // the first run of a step is always computed
  recall.abandon();
  CHECK(recall.is_abandoned());
  recall.clear();
  CHECK_FALSE(recall.is_abandoned());
  CHECK(recall.allows({30, 40}, false));
}

}  // namespace
