// How text is fitted to a terminal, and what pq-status --watch shows on one.
#include "client/layout.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "client/table.h"
#include "client/typography.h"
#include "client/watch.h"
#include "tests/rooms.h"

using namespace pq;
using namespace pq::tests;

namespace {

using Lines = std::vector<std::string>;

Section section(const std::string& noun, std::size_t rows) {
  Section made{.heading = {noun + "S"}, .rows = {}, .noun = noun};
  for (std::size_t i = 1; i <= rows; ++i) made.rows.push_back(noun + std::to_string(i));
  return made;
}

JobReport job(std::uint64_t number, JobState state, const std::string& name) {
  JobReport report;
  report.job = JobId{number};
  report.spec.range = {1'000'000'000'000, 1'200'000'000'000};
  report.spec.name = name;
  report.state = state;
  report.done = 100'000'000'000;
  report.rate_per_s = 1e9;
  return report;
}

AgentReport an_agent(const std::string& name, AgentState state = AgentState::active) {
  AgentReport report;
  report.name = name;
  report.state = state;
  report.program_version = "0.1.0";
  report.slots = 4;
  report.busy = 3;
  report.labels = {{"arch", "x86_64"}, {"os", "Linux 6.1"}};
  return report;
}

Sight cluster(std::uint64_t jobs, std::size_t agents) {
  const std::vector<std::string> names = {"", "nightly", "素数を数える夜", "e\u0301te\u0301", "🦀🦀🦀"};
  Sight sight;
  for (std::uint64_t i = 1; i <= jobs; ++i) {
    sight.jobs.jobs.push_back(
        job(i, i % 2 == 0 ? JobState::running : JobState::done, names[i % names.size()]));
  }
  for (std::size_t i = 1; i <= agents; ++i)
    sight.agents.agents.push_back(an_agent("vm-" + std::to_string(i)));
  return sight;
}

Lines shown(const Sight& sight, TerminalSize size, const std::string& trouble = "") {
  return picture(sight, "tcp://10.0.0.5:7700", trouble, size, Colours::none);
}

bool has_line(const Lines& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("a text is as wide as a terminal draws it") {
  CHECK(columns_of("job 7") == 5);
  CHECK(columns_of("素数") == 4);
  CHECK(columns_of("한국") == 4);
  CHECK(columns_of("e\u0301") == 1);
  CHECK(columns_of("🦀") == 2);
  CHECK(columns_of("naïve …") == 7);
  CHECK(columns_of("⌚ ⏩ 🤝 ᄀ ꥠ") == 14);
  CHECK(columns_of("a\u200D\u0302\uFE0F") == 1);
  CHECK(columns_of("\xff\xe7") == 2);
  CHECK(shortened("素数を", 6) == "素数を");
  CHECK(shortened("素数を", 5) == "素数…");
  CHECK(shortened("素数を", 4) == "素…");
}

TEST_CASE("a line is cut in whole characters, and colours end with it") {
  CHECK(cut("job 7", 5) == "job 7");
  CHECK(cut("job 77", 5) == "job …");
  CHECK(cut("素数を数える", 5) == "素数…");
  CHECK(cut("素数を数える", 4) == "素…");
  CHECK(cut("\x1b[32mdone\x1b[0m", 4) == "\x1b[32mdone\x1b[0m");
  CHECK(cut("\x1b[32mrunning\x1b[0m", 4) == "\x1b[32mrun…\x1b[0m");
  CHECK(cut("a\x1b[32mbc\x1b[0m", 1) == "…");
}

TEST_CASE("what does not fit below its heading is counted") {
  CHECK(laid_out({section("job", 3)}, {.columns = 80, .lines = 4}) == Lines{"jobS", "job1", "job2", "job3"});
  CHECK(laid_out({section("job", 9)}, {.columns = 80, .lines = 4}) ==
        Lines{"jobS", "job1", "job2", "… 7 more jobs"});
  CHECK(laid_out({section("job", 9)}, {.columns = 80, .lines = 2}) == Lines{"jobS", "… 9 jobs"});
  CHECK(laid_out({section("job", 9)}, {.columns = 80, .lines = 1}) == Lines{"jobS"});
  Section partial = section("job", 2);
  partial.left_out = 40;
  CHECK(laid_out({partial}, {.columns = 80, .lines = 9}) == Lines{"jobS", "job1", "job2", "… 40 more jobs"});
  CHECK(laid_out({}, {.columns = 80, .lines = 9}).empty());
}

TEST_CASE("sections share a screen, and who needs less leaves it to the other") {
  const Lines even = laid_out({section("job", 50), section("agent", 50)}, {.columns = 80, .lines = 13});
  CHECK(even == Lines{"jobS", "job1", "job2", "job3", "job4", "… 46 more jobs", "", "agentS", "agent1",
                      "agent2", "agent3", "agent4", "… 46 more agents"});
  const Lines uneven = laid_out({section("job", 2), section("agent", 50)}, {.columns = 80, .lines = 13});
  CHECK(uneven == Lines{"jobS", "job1", "job2", "", "agentS", "agent1", "agent2", "agent3", "agent4",
                        "agent5", "agent6", "agent7", "… 43 more agents"});
}

TEST_CASE("no size of a terminal is exceeded, however small or large") {
  const std::vector<Sight> sights = {cluster(0, 0), cluster(3, 2), cluster(60, 60), [] {
                                       Sight sight = cluster(0, 30);
                                       sight.job = job(7, JobState::running, "素数を数える夜");
                                       return sight;
                                     }()};
  for (const Sight& sight : sights) {
    for (std::size_t lines = 1; lines < 70; lines += 1 + lines / 8) {
      for (std::size_t columns = 1; columns < 130; columns += 1 + columns / 16) {
        const Lines drawn = shown(sight, {.columns = columns, .lines = lines});
        REQUIRE(drawn.size() <= lines);
        REQUIRE_FALSE(drawn.empty());
        for (const std::string& line : drawn) REQUIRE(columns_of(line) <= columns);
      }
    }
  }
}

TEST_CASE("a table leaves out what can be spared first, and lines up whatever its names are written in") {
  const std::vector<Column> columns = {
      {"JOB", Align::right}, {"NAME", Align::left, 1}, {"STATE", Align::left, 2}};
  const std::vector<std::vector<Cell>> rows = {{{"1"}, {"素数"}, {"done", "32"}},
                                               {{"12"}, {"night"}, {"queued"}}};
  CHECK(table_lines(columns, rows, 18) ==
        Lines{"JOB  NAME   STATE", "  1  素数   \x1b[32mdone\x1b[0m", " 12  night  queued"});
  CHECK(table_lines(columns, rows, 17) == Lines{"JOB  NAME", "  1  素数", " 12  night"});
  CHECK(table_lines(columns, rows, 9) == Lines{"JOB", "  1", " 12"});
  CHECK(table_lines(columns, rows, 1) == Lines{"JOB", "  1", " 12"});
}

TEST_CASE("a watch shows jobs that go on first, then agents, and what there is of both above") {
  Sight sight = cluster(5, 2);
  sight.agents.agents.push_back(an_agent("gone", AgentState::gone));
  const Lines lines = shown(sight, {.columns = 120, .lines = 40});
  CHECK(lines[0] == "2 running   2 agents, 6 of 8 slots busy   tcp://10.0.0.5:7700");
  CHECK(lines[2].starts_with("JOB  NAME"));
  CHECK(lines[3].starts_with("  4  "));
  CHECK(lines[4].starts_with("  2  "));
  CHECK(lines[5].starts_with("  5  "));
  CHECK(lines[9].starts_with("AGENT"));
  CHECK(lines.size() == 13);
  CHECK(shown(sight, {.columns = 40, .lines = 40})[0] == "2 running   2 agents, 6 of 8 slots busy");
  CHECK(shown(sight, {.columns = 120, .lines = 40}, "no answer for 9s")[0].starts_with(
      "no answer for 9s   2 run"));
}

TEST_CASE("a watch tells why jobs wait and agents will leave, and what is not there") {
  Sight sight = cluster(2, 1);
  sight.jobs.jobs[1].unplaced = "no agent has zone=eu";
  CHECK(has_line(shown(sight, {.columns = 80, .lines = 24}), "job 2 waits: no agent has zone=eu"));
  const Lines none = shown(cluster(0, 0), {.columns = 80, .lines = 24});
  CHECK(has_line(none, "no jobs yet"));
  CHECK(has_line(none, "no agents; start pq-agent"));
}

TEST_CASE("a watch of one job shows its bar, its block and its agents") {
  Sight sight;
  sight.job = job(7, JobState::running, "nightly");
  AgentReport other = an_agent("vm-1");
  AgentReport its = an_agent("vm-2");
  other.leases = {{JobId{6}, {}}};
  its.leases = {{JobId{6}, {}}, {JobId{7}, {}}};
  sight.agents = agents_of({.agents = {other, its}}, JobId{7});
  const Lines lines = shown(sight, {.columns = 80, .lines = 40});
  CHECK(has_line(lines, "job 7   50.0 %  [##########"));
  CHECK(has_line(lines, "job 7 \"nightly\""));
  CHECK(has_line(lines, "vm-2"));
  CHECK_FALSE(has_line(lines, "vm-1"));
  sight.agents = {};
  CHECK(has_line(shown(sight, {.columns = 80, .lines = 40}), "no agent computes job 7 now"));
  CHECK(shown(sight, {.columns = 80, .lines = 40})[0] == "tcp://10.0.0.5:7700");
}

TEST_CASE("a watch in a pipe is the whole text, with nothing that steers a terminal") {
  const std::string text = plain_picture(cluster(60, 60), Colours::none);
  CHECK(std::count(text.begin(), text.end(), '\n') == 123);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("a text is wrapped between words, below the first word of its first line") {
  CHECK(wrapped("- ", "one two three", 9) == Lines{"- one two", "  three"});
  CHECK(wrapped("", "unbreakable word", 4) == Lines{"unbreakable", "word"});
  CHECK(wrapped("1. ", "", 4) == Lines{"1. "});
  CHECK(wrapped("", "素数 素数", 8) == Lines{"素数", "素数"});
}
