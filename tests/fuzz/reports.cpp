// What the head answers, as people and programs see it: whatever texts and numbers are in it, JSON stays
// JSON, and no line steers a terminal.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "client/output.h"
#include "common/check.h"
#include "common/figures.h"
#include "common/json.h"
#include "common/text.h"
#include "common/wire.h"
#include "daemon/http/answer.h"
#include "daemon/http/metrics.h"
#include "tests/fuzz/entry.h"

namespace pq::fuzz {
namespace {

void check_json(std::string_view line) {
  const Json read = Json::parse(line, nullptr, false);
  check(!read.is_discarded() && to_line(read) == line, "a line of JSON is read back as it is");
}

void check_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    check(is_printable(text.substr(0, end)), "a line for people is printable");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void show(const JobReport& report) {
  check_json(to_line(to_json(report)));
  check_json(to_line(to_json(report.spec)));
  for (const auto& text :
       {title(report), range_text(report.spec.range), percent(report), rate_text(report.rate_per_s),
        job_block(report, Colours::none), state_line(report), submission_block(report.spec)}) {
    check_lines(text);
  }
  if (has_ended(report.state)) check_lines(end_line(report));
  const double fraction = fraction_settled(report);
  check(fraction >= 0 && fraction <= 1, "a job is settled from 0 to 100 %");
  const auto left_s = eta_s(report);
  check(!left_s || *left_s >= 0, "no job ends in the past");
  const auto taken = time_taken(report);
  check(!taken || *taken >= Duration{0}, "no job ends before it began");
}

void show(const JobsReport& report) {
  const Snapshot snapshot{{}, report, {}};
  check_json(to_line(to_json(report)));
  check(answer_to("/api/v1/jobs", &snapshot).status == 200, "HTTP shows all jobs");
  check_lines(metrics(snapshot, {}));
  for (const JobReport& job : report.jobs) show(job);
  check_lines(jobs_table(report, Colours::none));
}

void show(const AgentsReport& report) {
  check_json(to_line(to_json(report)));
  check_lines(agents_table(report, Colours::none));
}

void show(const Verification& verification) {
  check_json(to_line(to_json(verification)));
  for (const Finding& finding : verification.findings) check_lines(finding_line(finding));
}

void show(const Refusal& refusal) {
  check_json(to_line(error_json(to_text(refusal.word), sentence(refusal))));
}

void show(const Logs& logs) {
  for (const LogEntry& entry : logs.entries) check_json(to_line(to_json(JobId{7}, entry)));
}

void show(const OutputPage& page) {
  for (const OutputEntry& entry : page.entries) check_json(to_line(to_json(JobId{7}, entry)));
}

void show(const KeysReport& report) {
  check_json(to_line(to_json(report)));
  check_lines(keys_table(report));
}

void show(const EventsReport& events) { check_json(to_line(to_json(events))); }

void show(const Explanation& explanation) { check_json(to_line(to_json(explanation))); }

void show(const AgentPrograms& programs) {
  for (const AgentProgram& program : programs.programs) check_lines(to_text(program.sha256));
}

void show(const Submitted& /*a number*/) {}
void show(const FileStored& /*a hash and a number*/) {}
void show(const Authorized& /*nothing*/) {}
void show(const BackedUp& backup) { check_json(to_line(to_json(backup))); }

}  // namespace

void try_bytes(std::string_view bytes) {
  const auto letter = decode_to_client(bytes);
  if (letter) std::visit([](const auto& body) { show(body); }, letter->body);
  const Snapshot nothing;
  const HttpAnswer answer = answer_to(bytes, &nothing);  // as the path of a page
  if (answer.status != 200) check_json(answer.body.substr(0, answer.body.size() - 1));
}

}  // namespace pq::fuzz
