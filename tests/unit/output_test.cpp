// What people and programs read from the clients: tables, progress, JSON, exit statuses.
#include "client/output.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "client/failure.h"
#include "client/progress.h"
#include "client/table.h"
#include "client/typography.h"
#include "client/waiting.h"
#include "common/report/figures.h"
#include "common/report/findings.h"
#include "common/report/json.h"
#include "common/values/text.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

using namespace pq;
using namespace pq::tests;

namespace {

// Half-way through the range of the README.
JobReport running_job() {
  JobReport job;
  job.job = JobId{7};
  job.spec.range = {10'000'000, 60'000'000};
  job.state = JobState::running;
  job.done = 25'000'000;
  job.value = Value(Int128{1'500'000});
  job.leases = {.granted = 12, .expired = 1, .yielded = 3};
  job.slots_busy = 2;
  job.rate_per_s = 5e6;
  job.created_unix_ms = 1'700'000'000'000;
  job.started_unix_ms = 1'700'000'000'100;
  return job;
}

JobReport done_job() {
  JobReport job = running_job();
  job.state = JobState::done;
  job.done = job.spec.range.width();
  job.value = Value(Int128{2'897'536});
  job.rate_per_s = 0;
  job.slots_busy = 0;
  job.finished_unix_ms = *job.started_unix_ms + 400;
  return job;
}

// A program with all that one can ask for it.
JobReport program_job() {
  JobReport job = running_job();
  job.spec.kernel = Kernel::exec;
  job.spec.cpus = 4;
  job.spec.require = {{"zone", "eu"}};
  Program& program = job.spec.program.emplace();
  program.words = {"./sim", "{lo}", "a b"};
  program.run_width = 1000;
  program.timeout_ms = 300'000;
  program.memory_bytes = std::uint64_t{2} << 30;
  program.collects = true;
  program.env = {{"A", "1"}};
  program.files = {{"sim", sha256_of("sim"), 2048, FileKind::executable}};
  return job;
}

AgentReport an_agent(const std::string& name) {
  AgentReport report;
  report.name = name;
  report.program_version = "0.1.0";
  report.slots = 4;
  report.busy = 3;
  report.rate_per_s = 1.2e8;
  report.heard_ms_ago = 250;
  report.kernels = {Kernel::primes, Kernel::twins};
  report.labels = {{"arch", "x86_64"}, {"os", "linux"}};
  return report;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The rest of the line that begins with `word`, in a job's block.
std::string field(const std::string& block, const std::string& word) {
  for (const std::string& line : lines_of(block)) {
    if (line.starts_with("  " + word + ' ')) return line.substr(line.find_first_not_of(' ', word.size() + 2));
  }
  return "no line " + word;
}

}  // namespace

TEST_CASE("a job in JSON has every field of pq.job/1, wide integers as decimal strings") {
  const Json expected = Json::parse(R"({
    "schema": "pq.job/1", "id": 7, "name": "", "state": "done", "kernel": "primes", "fold": "sum",
    "begin": "10000000", "end": "60000000", "width": "50000000", "done": "50000000", "failed": "0",
    "value": "2897536", "value_is_final": true, "recomputed": "0",
    "leases": {"granted": 12, "expired": 1, "yielded": 3}, "attempts_failed": 0,
    "created_unix_ms": 1700000000000, "started_unix_ms": 1700000000100, "finished_unix_ms": 1700000000500,
    "rate_per_s": 0.0, "eta_s": null, "error": null, "cpus": 1, "require": {}, "program": null,
     "attempts_max": 3, "failures_max": 100, "crash_limit": 3, "failed_spans": [], "unplaced": null,
     "priority": 0, "slots_busy": 0, "stuck": null, "eta_low_s": null, "eta_high_s": null, "express": 0,
     "discarded": "0", "logs_forgotten": false, "output_forgotten": false, "submitter": "alice"})");
  // Objects of the same fields are equal: pq.job/1 promises no order of them.
  JobReport job = done_job();
  job.submitter = "alice";
  CHECK(nlohmann::json::parse(to_line(to_json(job))) == nlohmann::json::parse(to_line(expected)));
}

TEST_CASE("a program in JSON is told whole, with what failed of it and why it waits") {
  JobReport job = program_job();
  job.failed_spans = {{{17, 18}, 3, "exit status 3: no \xff"}};
  job.unplaced = "no agent has zone=eu";
  const Json json = Json::parse(to_line(to_json(job)));
  CHECK(json.at("kernel") == "exec");
  CHECK(json.at("cpus") == 4);
  CHECK(json.at("require") == Json{{"zone", "eu"}});
  CHECK(json.at("failed_spans") ==
        Json::parse(R"([{"begin": "17", "end": "18", "attempts": 3, "error": "exit status 3: no \ufffd",
      "losses": 0}])"));
  CHECK(json.at("unplaced") == "no agent has zone=eu");
  Json program = json.at("program");
  CHECK(program.at("files").at(0).at("sha256") == to_text(sha256_of("sim")));
  program.at("files").at(0).erase("sha256");
  CHECK(to_line(program) ==
        R"({"words":["./sim","{lo}","a b"],"command":"./sim {lo} 'a b'","stream":false,"step":"1000",)"
        R"("timeout_ms":300000,"memory_bytes":"2147483648","collect":true,"env":{"A":"1"},"secrets":{},)"
        R"("files":[{"name":"sim","bytes":2048,"kind":"executable"}],"items":null,"express":false})");
  for (const char* key : {"cpus", "require", "program", "attempts_max", "failures_max"})
    CHECK(to_json(job.spec).at(key) == to_json(job).at(key));
}

TEST_CASE("logs and outputs in JSON are a line a part, whatever bytes a program wrote") {
  LogEntry entry{9, 1'700'000'000'000, "vm-3", {17, 18}, 2, Stream::stderr_, true, {"no \xff\n"}};
  CHECK(to_line(to_json(JobId{7}, entry)) ==
        R"({"schema":"pq.log/1","job":7,"number":9,"unix_ms":1700000000000,"agent":"vm-3","begin":"17",)"
        R"("end":"18","attempt":2,"stream":"stderr","failed":true,"text":"no �\n"})");
  CHECK(to_line(to_json(JobId{7}, OutputEntry{{17, 18}, 4096, {"5\n"}})) ==
        R"({"schema":"pq.output/1","job":7,"begin":"17","end":"18","offset":"4096","text":"5\n"})");
}

TEST_CASE("what is not known of a job is null in JSON") {
  JobReport job;
  job.job = JobId{1};
  job.spec.range = {0, 18'446'744'073'709'551'615U};
  const Json json = to_json(job);
  for (const char* key : {"value", "started_unix_ms", "finished_unix_ms", "eta_s", "error"})
    CHECK(json.at(key).is_null());
  CHECK(json.at("state") == "queued");
  CHECK(json.at("width") == "18446744073709551615");
  CHECK(json.at("value_is_final") == false);
}

TEST_CASE("a value in JSON keeps all of its digits, or says that it is a double") {
  JobReport job = running_job();
  job.value = Value(Int128{-170'141'183'460'469'231} * 1'000'000'000);
  CHECK(to_json(job).at("value") == "-170141183460469231000000000");
  job.value = Value(0.5);
  CHECK(to_json(job).at("value") == "0.5");
  CHECK(to_json(job).at("eta_s") == 5.0);
}

TEST_CASE("a job that has failed or was cancelled has a partial value, and no total") {
  JobReport job = running_job();
  for (const JobState state : {JobState::failed, JobState::cancelled}) {
    job.state = state;
    job.error = "exit status 3";
    for (const std::uint64_t failed : {std::uint64_t{0}, job.spec.range.width() - job.done}) {
      job.failed = failed;
      CHECK(to_json(job).at("value") == "1500000");
      CHECK(to_json(job).at("value_is_final") == false);
      CHECK(printed_value(job, Printing::total) == std::nullopt);
      CHECK(printed_value(job, Printing::partial_too) == job.value);
      CHECK(printed_value(job, Printing::json) == std::nullopt);
    }
    CHECK(to_json(job).at("failed") == "25000000");
    CHECK(to_json(job).at("error") == "exit status 3");
    CHECK(field(job_block(job, Colours::none), "value") ==
          "1 500 000, partial: of 25 000 000 of its 50 000 000 integers");
  }
  CHECK(printed_value(done_job(), Printing::total) == done_job().value);
  CHECK(printed_value(done_job(), Printing::partial_too) == done_job().value);
  CHECK(printed_value(done_job(), Printing::json) == std::nullopt);
}

TEST_CASE("jobs, agents, findings and errors in JSON carry their schemas") {
  const Json jobs = to_json(JobsReport{.jobs = {done_job(), running_job()}, .left_out = 4});
  CHECK(jobs.at("schema") == "pq.jobs/1");
  CHECK(jobs.at("jobs").size() == 2);
  CHECK(jobs.at("jobs").at(1) == to_json(running_job()));
  CHECK(jobs.at("left_out") == 4);
  CHECK(jobs.at("live_left_out") == 0);
  CHECK(to_json(JobsReport{.jobs = {}, .left_out = 4, .live_left_out = 3}).at("live_left_out") == 3);

  CHECK(to_line(to_json(AgentsReport{.agents = {an_agent("left")}})) ==
        R"({"schema":"pq.agents/1","agents":[{"name":"left","state":"active","slots":4,"busy":3,)"
        R"("rate_per_s":120000000.0,"version":"0.1.0","heard_ms_ago":250,"kernels":["primes","twins"],)"
        R"("labels":{"arch":"x86_64","os":"linux"},"notice":null,"notice_errors":0,"beats_missed":0,)"
        R"("leases":[],"express":false}],"left_out":0})");
  CHECK(to_json(AgentsReport{}).at("agents").is_array());

  const Verification broken = {.job = JobId{7},
                               .findings = {{"tiling", true, "3 spans"}, {"one_holder", false, "two"}}};
  CHECK(to_line(to_json(broken)) == R"({"schema":"pq.verification/1","job":7,"holds":false,"findings":[)"
                                    R"({"invariant":"tiling","holds":true,"detail":"3 spans"},)"
                                    R"({"invariant":"one_holder","holds":false,"detail":"two"}]})");
  CHECK(json_line(FileVerification{"one.db", {broken}, {{"holders_are_known", true, "none"}}}) ==
        R"({"schema":"pq.verifications/1","file":"one.db","holds":false,"findings":[)"
        R"({"invariant":"holders_are_known","holds":true,"detail":"none"}],"jobs":[)" +
            json_line(broken) + "]}");
  CHECK(to_line(to_json(BackedUp{"/b/one.db", 4096})) ==
        R"({"schema":"pq.backup/1","path":"/b/one.db","bytes":4096,"removed":0})");
  CHECK(to_line(error_json("usage", "no \"range\"")) ==
        R"({"schema":"pq.error/1","error":{"word":"usage","text":"no \"range\""}})");
}

TEST_CASE("a text that is not UTF-8 does not break the JSON around it") {
  JobReport job = running_job();
  job.spec.name = "caf\xe9";
  CHECK(Json::parse(to_line(to_json(job))).at("name") == "caf\xef\xbf\xbd");
}

TEST_CASE("a table keeps words to the left and numbers to the right of their columns") {
  const std::string text =
      table({{"NAME"}, {"N", Align::right}, {"NOTE"}},
            {{{"a"}, {"1000"}, {"first"}}, {{"größer"}, {"7"}, {""}}, {{""}, {"42"}, {"x"}}});
  CHECK(text ==
        "NAME       N  NOTE\n"
        "a       1000  first\n"
        "größer     7\n"
        "          42  x\n");
}

TEST_CASE("colours take no room in a table") {
  const std::string plain = jobs_table({.jobs = {running_job(), done_job()}}, Colours::none);
  std::string coloured = jobs_table({.jobs = {running_job(), done_job()}}, Colours::ansi);
  CHECK(plain.find('\x1b') == std::string::npos);
  REQUIRE(coloured.find("\x1b[32mdone\x1b[0m") != std::string::npos);
  for (const std::string sequence : {"\x1b[32m", "\x1b[34m", "\x1b[0m"}) {
    for (std::size_t at; (at = coloured.find(sequence)) != std::string::npos;)
      coloured.erase(at, sequence.size());
  }
  CHECK(coloured == plain);
}

TEST_CASE("the table of jobs shows a row each and says how many were left out") {
  JobReport named = running_job();
  named.job = JobId{12};
  named.spec.name = "a name that is longer than its column";
  const auto lines = lines_of(jobs_table({.jobs = {done_job(), named}, .left_out = 1200}, Colours::none));
  REQUIRE(lines.size() == 4);
  CHECK(
      lines[0] ==
      "JOB  NAME                      STATE    KERNEL  RANGE              PROGRESS      VALUE   RATE  LEFT");
  CHECK(
      lines[1] ==
      "  7                            done     primes  10000000:60000000   100.0 %  2 897 536      -     -");
  CHECK(lines[2].starts_with(
      " 12  a name that is longer t…  running  primes  10000000:60000000    50.0 %  1 500 000  "));
  CHECK(lines[2].find("5 M/s") != std::string::npos);
  CHECK(lines[3] == "and 1 200 older ones");
}

TEST_CASE("the table names submitters where there are several, and the block always") {
  JobReport hers = done_job();
  hers.submitter = "alice";
  JobReport his = running_job();
  his.submitter = "b\x1b[2J";
  const auto both = lines_of(jobs_table({.jobs = {hers, his}}, Colours::none));
  CHECK(both[0].ends_with("LEFT  SUBMITTER"));
  CHECK(both[1].ends_with("-  alice"));
  CHECK(both[2].ends_with("b?[2J"));
  CHECK(lines_of(jobs_table({.jobs = {hers, hers}}, Colours::none))[0].ends_with("LEFT"));
  CHECK(field(job_block(hers, Colours::none), "submitter") == "alice");
  JobsReport none_of_his;
  none_of_his.only_of = "bob";
  CHECK(jobs_table(none_of_his, Colours::none) == "no jobs of bob yet; pq-submit --range A:B submits one\n");
}

TEST_CASE("an empty table says how to fill it") {
  CHECK(jobs_table({}, Colours::none) == "no jobs yet; pq-submit --range A:B submits one\n");
  CHECK(agents_table({}, Colours::none) == "no agents; start pq-agent on each machine that should compute\n");
}

TEST_CASE("the block of one job tells everything, and nothing that could steer a terminal") {
  JobReport job = running_job();
  job.spec.name = "evil\x1b[2J";
  job.failed = 3;
  job.attempts_failed = 9;
  job.recomputed = 1500;
  job.discarded = 18;
  job.error = "last words";
  const std::string block = job_block(job, Colours::none);
  CHECK(lines_of(block)[0] == "job 7 \"evil?[2J\"");
  CHECK(field(block, "state") == "running");
  CHECK(field(block, "range") == "10 000 000:60 000 000, 50 000 000 integers");
  CHECK(field(block, "progress") == "50.0 %, 25 000 000 done");
  CHECK(field(block, "value") == "1 500 000 so far");
  CHECK(field(block, "rate").starts_with("5 M/s on 2 slots, time left "));
  CHECK(field(block, "failed") == "3 integers, 9 failed attempts");
  CHECK(field(block, "recomputed") == "1 500 integers");
  CHECK(field(block, "discarded") == "18 integers that were done, and are computed again");
  CHECK(field(block, "leases") == "12 granted, 1 expired, 3 yielded");
  CHECK(field(block, "submitted") == "2023-11-14 22:13:20 UTC, started 2023-11-14 22:13:20 UTC");
  CHECK(field(block, "error") == "last words");

  const std::string ended = job_block(done_job(), Colours::none);
  CHECK(field(ended, "value") == "2 897 536");
  CHECK(field(ended, "rate") == "no line rate");
  CHECK(field(ended, "discarded") == "no line discarded");
  CHECK(field(ended, "forgotten") == "no line forgotten");
}

TEST_CASE("the block of a job that runs a program tells how it is run and what failed") {
  JobReport job = program_job();
  job.failed = 40;
  job.failed_spans = {{{17, 18}, 3, "exit status 3: \x1b[2Jboo"}};
  job.unplaced = "no agent has zone=eu";
  const std::string block = job_block(job, Colours::none);
  CHECK(field(block, "waiting") == "no agent has zone=eu");
  CHECK(field(block, "program") == "./sim {lo} 'a b'");
  CHECK(field(block, "runs") ==
        "1 000 integers a run, for 5m at most, in 2 GiB at most, what it prints is kept");
  CHECK(field(block, "files") == "sim (2 KiB)");
  job.spec.program->run_width = 1;
  CHECK(says(field(job_block(job, Colours::none), "runs"), "1 integer a run, "));
  CHECK(field(block, "env") == "A=1");
  JobReport seen_by_a_viewer = program_job();
  hide_settings(*seen_by_a_viewer.spec.program);
  CHECK(to_json(seen_by_a_viewer).at("program").at("env") == Json{{"A", nullptr}});
  CHECK(field(block, "cpus") == "4 slots a step");
  CHECK(field(block, "require") == "zone=eu");
  CHECK(says(block, "    17:18     3 attempts, exit status 3: ?[2Jboo\n    and 39 more integers\n"));
  CHECK(field(submission_block(job.spec), "failures") == "3 attempts of an integer, 100 of the job at most");

  job.spec.program->items = FileRef{"list", sha256_of("list"), 5, FileKind::plain};
  job.spec.range = {1, 1001};
  CHECK(field(job_block(job, Colours::none), "range") == "1 000 items of list");
  CHECK(says(job_block(job, Colours::none), "    line 17   3 attempts"));
}

TEST_CASE("a job that no agent can take says why beneath the table") {
  JobReport job = program_job();
  job.unplaced = "no agent has zone=eu";
  const auto lines = lines_of(jobs_table({.jobs = {done_job(), job}}, Colours::none));
  REQUIRE(lines.size() == 4);
  CHECK(lines[3] == "job 7 waits: no agent has zone=eu");
}

TEST_CASE("the text of a log does not steer a terminal, but keeps its lines") {
  CHECK(harmless("a\tb\n\n\x1b[2J\xff\r\nend") == "a\tb\n\n?[2J??\nend");
  CHECK(harmless("").empty());
  const LogEntry entry{9, 0, "vm-3\n", {17, 18}, 2, Stream::stderr_, false, {}};
  CHECK(log_heading(entry) == "── [17:18) attempt 2 on vm-3?, stderr ──");
}

TEST_CASE("the table of agents shows what each does and when it was heard") {
  AgentReport silent = an_agent("right-hand");
  silent.state = AgentState::silent;
  silent.heard_ms_ago = 17'000;
  const auto lines = lines_of(agents_table({.agents = {an_agent("left"), silent}}, Colours::none));
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].starts_with("left        active      4     3  120 M/s"));
  CHECK(lines[1].ends_with(" ago  0.1.0    arch=x86_64 os=linux"));
  CHECK(lines[2].starts_with("right-hand  silent"));
}

TEST_CASE("the table of keys shows who may do what until when") {
  const KeysReport report{
      {{Role::agent, "spot", "k1", 1'474'309'787'000, 7}, {Role::viewer, "guest", "k2", {}, 0}}, 2};
  const auto lines = lines_of(keys_table(report));
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "spot   agent        7  2016-09-19T18:29:47Z  k1");
  CHECK(lines[2] == "guest  viewer       -  never                 k2");
  CHECK(lines[3] == "and 2 more");
}

TEST_CASE("a key that has expired is shown as such") {
  const KeysReport report{{{Role::agent, "spot", "k1", 1'474'309'787'000, 0, true}}, 0};
  CHECK(lines_of(keys_table(report))[1] == "spot  agent       0  2016-09-19T18:29:47Z (expired)  k1");
}

TEST_CASE("what its cloud has told an agent stands beneath the table") {
  AgentReport warned = an_agent("left");
  warned.notice = Notice{NoticeKind::interruption, "EC2 Spot: terminate", 1'474'309'787'000};
  warned.notice_errors = 1;
  const auto lines = lines_of(agents_table({.agents = {warned, an_agent("right")}}, Colours::none));
  REQUIRE(lines.size() == 5);
  CHECK(lines[3] == "left: notice: EC2 Spot: terminate, at 2016-09-19T18:29:47Z");
  CHECK(lines[4].starts_with("left: 1 question to its cloud's metadata service had no proper answer"));
  const auto json = to_json(AgentsReport{.agents = {warned}});
  CHECK(to_line(json["agents"][0]["notice"]) ==
        R"({"kind":"interruption","text":"EC2 Spot: terminate","ends_unix_ms":1474309787000})");
}

TEST_CASE("an explanation is wrapped to the terminal, with its advice below") {
  const Explanation explanation{.job = JobId{7},
                                .state = JobState::queued,
                                .reasons = {{"no_agents", "no agent is \x1b[2J connected", "start pq-agent"},
                                            {"paused", "it is paused", {}}}};
  CHECK(explanation_block(explanation, 20) ==
        "job 7 is queued\n  - no agent is ?[2J\n    connected\n    → start pq-agent\n  - it is paused\n");
  CHECK(explanation_block(explanation, std::string::npos).find("  - no agent is ?[2J connected\n") !=
        std::string::npos);
}

TEST_CASE("an event is one line, in the colour of its weight") {
  const EventEntry event{.number = 9,
                         .unix_ms = 1'700'000'000'000,
                         .what = "agent_lost",
                         .severity = Severity::warning,
                         .job = JobId{7},
                         .agent = "vm-3",
                         .text = "agent lost",
                         .detail = "silent\nfor 15s"};
  CHECK(event_line(event, Colours::none) ==
        "2023-11-14T22:13:20Z agent lost, job 7, agent vm-3: silent?for 15s");
  CHECK(event_line(event, Colours::ansi).starts_with("2023-11-14T22:13:20Z \x1b[33magent lost\x1b[0m,"));
}

TEST_CASE("a job that has ended is summed up in one line") {
  CHECK(end_line(done_job()).starts_with("job 7 done: 2 897 536 primes in 10 000 000:60 000 000, "));
  JobReport with_failures = done_job();
  with_failures.done -= 2;
  with_failures.failed = 2;
  CHECK(end_line(with_failures).ends_with(", without 2 integers that failed"));
  JobReport cancelled = running_job();
  cancelled.state = JobState::cancelled;
  CHECK(
      end_line(cancelled) ==
      "job 7 cancelled: no total, but a partial 1 500 000 primes of 25 000 000 of its 50 000 000 integers in "
      "10 000 000:60 000 000, ended at 50.0 %");
  JobReport failed = cancelled;
  failed.state = JobState::failed;
  failed.value.reset();
  failed.error = "exit status 3\nbye";
  CHECK(end_line(failed) ==
        "job 7 failed: no value in 10 000 000:60 000 000, ended at 50.0 %: exit status 3?bye");
}

TEST_CASE("the value of a program is called by its fold, and without one there is none") {
  JobReport job = program_job();
  job.state = JobState::done;
  job.value = Value(Int128{123});
  CHECK(end_line(job) == "job 7 done: sum 123 in 10 000 000:60 000 000");
  job.spec.fold = Fold::none;
  job.value.reset();
  CHECK(end_line(job) == "job 7 done: 10 000 000:60 000 000");
  CHECK(field(job_block(job, Colours::none), "value") == "no line value");
}

TEST_CASE("the value of a fold that is no sum is called what it is") {
  JobReport job = done_job();
  job.spec.fold = Fold::max;
  job.value = Value(Int128{-17});
  CHECK(end_line(job).starts_with("job 7 done: max -17 in "));
}

TEST_CASE("steering, verifying and a dry run say one thing a line") {
  JobReport paused = running_job();
  paused.state = JobState::paused;
  paused.spec.priority = -5;
  CHECK(state_line(paused) == "job 7 is paused, 50.0 % done, priority -5");
  CHECK(finding_line({"tiling", true, "3 spans"}) == "ok      tiling: 3 spans");
  CHECK(finding_line({"tiling", false, "gap at 7"}) == "BROKEN  tiling: gap at 7");
  CHECK(verdict_line("job 7", {{"tiling", true, ""}, {"one_holder", true, ""}}) ==
        "job 7: all of 2 promises hold");
  CHECK(verdict_line("job 7", {{"tiling", true, ""}, {"one_holder", false, ""}}) ==
        "job 7: 1 of 2 promises is broken; do not trust its totals: keep the file, and restore a backup that "
        "pq-verify --offline finds whole");
  CHECK(field(submission_block(running_job().spec), "range") == "10 000 000:60 000 000, 50 000 000 integers");
}

TEST_CASE("a hundred percent is said only when all is done") {
  JobReport job = running_job();
  job.spec.range = {0, 1'000'000'000'000'000'000};
  job.done = job.spec.range.width() - 1;
  CHECK(percent(job) == "99.9 %");
  CHECK(fraction_done(job) < 1);
  job.failed = 1;
  CHECK(percent(job) == "99.9 %");
  job.done += 1;
  job.failed = 0;
  CHECK(percent(job) == "100.0 %");
  job.done = 0;
  CHECK(percent(job) == "0.0 %");
}

TEST_CASE("the time left is known only while there is a rate and something left") {
  CHECK(eta_s(running_job()) == 5.0);
  JobReport idle = running_job();
  idle.rate_per_s = 0;
  CHECK_FALSE(eta_s(idle));
  CHECK_FALSE(eta_s(done_job()));
}

TEST_CASE("the time that a job took is never negative, whatever the head's clock did") {
  JobReport job = done_job();
  CHECK(time_taken(job) == Duration(std::chrono::milliseconds(400)));
  job.finished_unix_ms = *job.started_unix_ms - 5;
  CHECK(time_taken(job) == Duration{0});
  job.started_unix_ms = std::numeric_limits<UnixMs>::min();
  job.finished_unix_ms = std::numeric_limits<UnixMs>::max();
  CHECK(*time_taken(job) > std::chrono::years(292));  // as long as a duration can be
  std::swap(job.started_unix_ms, job.finished_unix_ms);
  CHECK(time_taken(job) == Duration{0});
  CHECK_FALSE(time_taken(running_job()));
}

TEST_CASE("numbers are written for reading") {
  CHECK(grouped_digits("7") == "7");
  CHECK(grouped_digits("-123456") == "-123 456");
  CHECK(grouped_digits("1234567") == "1 234 567");
  CHECK(grouped_digits("0.00012345") == "0.00012345");
  CHECK(compact(0) == "0");
  CHECK(compact(5) == "5");
  CHECK(compact(999.4) == "999");
  CHECK(compact(999.6) == "1 k");
  CHECK(compact(1.25e6) == "1.25 M");
  CHECK(compact(1.8446744e19) == "18.4 E");
}

TEST_CASE("only printable text passes to a terminal as it is") {
  CHECK(is_printable("größer → 7"));
  CHECK_FALSE(is_printable("a\nb"));
  CHECK_FALSE(is_printable("\x7f"));
  CHECK_FALSE(is_printable("\xc2\x9b"));      // a control character in two bytes
  CHECK_FALSE(is_printable("\xc0\xaf"));      // overlong
  CHECK_FALSE(is_printable("\xed\xa0\x80"));  // a surrogate
  CHECK_FALSE(is_printable("\xe2\x86"));      // cut off
  CHECK(printable("a\x1b[2J→\xff") == "a?[2J→?");
  for (const char* const turn : {"\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                                 "\u2066", "\u2067", "\u2068", "\u2069"}) {
    CHECK_FALSE(is_printable(turn));
    CHECK(harmless(std::string("gpj.") + turn + "exe") == "gpj.???exe");
  }
  for (const char* const beside : {"\u200d", "\u2010", "\u2029", "\u202f", "\u2065", "\u206a", "שלום"})
    CHECK(is_printable(beside));
}

TEST_CASE(
    "the beginning of a text cuts no character in two, and of other bytes it keeps as many as there may be") {
  CHECK(beginning("größer", 8) == "größer");
  CHECK(beginning("größer", 7) == "größe");
  CHECK(beginning("größer", 5) == "grö");
  CHECK(beginning("größer", 4) == "grö");
  CHECK(beginning("größer", 3) == "gr");
  CHECK(beginning("🦀🦀", 7) == "🦀");
  CHECK(beginning("🦀", 3).empty());
  CHECK(beginning("🦀", 0).empty());
  CHECK(beginning("\x80\x80\x80\x80\x80\x80", 5).size() == 5);
}

TEST_CASE("a text that is too long keeps its beginning, in whole characters") {
  CHECK(shortened("größer", 6) == "größer");
  CHECK(shortened("größer", 4) == "grö…");
  CHECK(shortened("größer", 1) == "…");
}

TEST_CASE("the progress bar fits every width and shows the progress in each that has room") {
  const JobReport job = running_job();
  for (std::size_t columns = 1; columns <= 200; ++columns) {
    CAPTURE(columns);
    const std::string line = progress_bar(job, columns);
    CHECK(columns_of(line) <= columns);
    CHECK((columns < 14 || line.starts_with("job 7   50.0 %")));
  }
  const std::string wide = progress_bar(job, 120);
  CHECK(wide.find('[' + std::string(20, '#') + std::string(20, '-') + ']') != std::string::npos);
  CHECK(wide.find("5 M/s") != std::string::npos);
  CHECK(wide.ends_with(" left"));
  CHECK(progress_bar(job, 20).find('[') == std::string::npos);
}

TEST_CASE("a job that does not run says why in its progress") {
  JobReport job = running_job();
  job.state = JobState::queued;
  job.done = 0;
  CHECK(progress_line(job) == "job 7: 0.0 %, queued, no agent has taken it yet");
  job.unplaced = "no agent has zone=eu";
  CHECK(progress_line(job) == "job 7: 0.0 %, queued, no agent has zone=eu");
  job.state = JobState::paused;
  CHECK(progress_line(job) == "job 7: 0.0 %, paused");
}

TEST_CASE("each way for a job to end has its exit status") {
  JobReport job = done_job();
  CHECK(exit_status_of(job) == ExitStatus::done);
  job.failed = 1;
  CHECK(exit_status_of(job) == ExitStatus::failed);
  job.state = JobState::failed;
  CHECK(exit_status_of(job) == ExitStatus::failed);
  job.state = JobState::cancelled;
  CHECK(exit_status_of(job) == ExitStatus::cancelled);
}

TEST_CASE("each refusal of the head has its exit status, and a bad command line its own word") {
  const auto status = [](ErrorWord word) { return failure_of(Refusal{word, ""}).status; };
  CHECK(status(ErrorWord::no_such_job) == ExitStatus::no_such_job);
  CHECK(status(ErrorWord::not_allowed) == ExitStatus::head_unreachable);
  CHECK(status(ErrorWord::unsupported_version) == ExitStatus::head_unreachable);
  CHECK(status(ErrorWord::malformed) == ExitStatus::usage);
  CHECK(status(ErrorWord::job_has_ended) == ExitStatus::failed);
  CHECK(status(ErrorWord::no_such_agent) == ExitStatus::failed);

  const Refusal refusal{ErrorWord::no_such_job, "17"};
  CHECK(failure_of(refusal) == Failure{ExitStatus::no_such_job, "no_such_job", sentence(refusal)});
  CHECK(failure_of(EnvironmentError("no", ExitStatus::usage)) == Failure{ExitStatus::usage, "usage", "no"});
  CHECK(failure_of(EnvironmentError("no")).word == "environment");
}
