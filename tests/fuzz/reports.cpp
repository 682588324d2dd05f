// The head's answers as people and programs see them. Whatever texts and numbers are in them, JSON stays
// valid, and no line controls a terminal.
#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "client/output.h"
#include "common/protocol/wire.h"
#include "common/report/figures.h"
#include "common/report/json.h"
#include "common/values/check.h"
#include "common/values/text.h"
#include "daemon/core/telling/event_history.h"
#include "daemon/http/assets.h"
#include "daemon/http/own_names.h"
#include "daemon/http/request.h"
#include "daemon/http/response.h"
#include "daemon/view/answer.h"
#include "daemon/view/changes.h"
#include "daemon/view/metrics.h"
#include "tests/fuzz/entry.h"
#include "tests/rooms.h"

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
  const double fraction = fraction_done(report);
  check(fraction >= 0 && fraction <= 1, "a job is done from 0 to 100 %");
  const auto left_s = eta_s(report);
  check(!left_s || *left_s >= 0, "no job ends in the past");
  const auto taken = time_taken(report);
  check(!taken || *taken >= Duration{0}, "no job ends before it began");
}

// Each event of a stream is a line with a word and a line of JSON, whatever it reports.
void check_stream(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    check(end != std::string_view::npos, "each message of a stream ends");
    const std::string_view message = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (message.starts_with("retry: ")) continue;
    const auto line = message.find('\n');
    check(message.starts_with("event: ") && line != std::string_view::npos, "a message begins with its word");
    const std::string_view data = message.substr(line + 1);
    check(data.starts_with("data: "), "and has data");
    check_json(data.substr(6));
  }
}

void stream(const Snapshot& snapshot) {
  check_stream(whole_state(snapshot));
  check_stream(changes({}, snapshot));
  check_stream(changes(snapshot, {}));
  check_stream(changes(snapshot, snapshot));
}

void check_page(std::string_view path, const Snapshot& snapshot, const HttpQuery& query = {}) {
  const HttpAnswer answer = answer_to(path, &snapshot, query);
  check(answer.status == 200, "HTTP shows what there is");
  check_json(std::string_view(answer.body).substr(0, answer.body.size() - 1));
}

void show(const JobsReport& report) {
  const Snapshot snapshot{{}, report, {}};
  stream(snapshot);
  check_json(to_line(to_json(report)));
  check(answer_to("/api/v1/jobs", &snapshot).status == 200, "HTTP shows all jobs");
  check_lines(metrics(snapshot, {}));
  for (const JobReport& job : report.jobs) show(job);
  check_lines(jobs_table(report, Colours::none));
}

void show(const AgentsReport& report) {
  const Snapshot snapshot{{}, {}, report};
  check_page("/api/v1/agents", snapshot);
  stream(snapshot);
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
  Snapshot snapshot;
  snapshot.details[JobId{7}] = JobDetail{};
  snapshot.details[JobId{7}]->failed_logs = logs.entries;
  check_page("/api/v1/jobs/7/logs", snapshot);
  for (const LogEntry& entry : logs.entries) check_json(to_line(to_json(JobId{7}, entry)));
}

void show(const OutputPage& page) {
  for (const OutputEntry& entry : page.entries) check_json(to_line(to_json(JobId{7}, entry)));
}

void show(const KeysReport& report) {
  check_json(to_line(to_json(report)));
  check_lines(keys_table(report));
}

void show(const EventsReport& events) {
  check_json(to_line(to_json(events)));
  std::map<std::uint64_t, EventRow> stored;
  for (const EventEntry& entry : events.events) {
    const auto what = parse<Happening>(entry.what);
    if (!what || !is_kept(*what)) continue;
    stored[entry.number] = {entry.number,
                            entry.unix_ms,
                            {*what, entry.job.value_or(JobId{}), entry.agent.value_or(""), entry.detail}};
  }
  Snapshot snapshot;
  snapshot.events.refresh(EventHistory(stored));
  check_page("/api/v1/events", snapshot);
  check_page("/api/v1/events", snapshot, {{"after", "7"}, {"limit", "3"}});
  check_stream(whole_state(snapshot));
}

void show(const Explanation& explanation) {
  Snapshot snapshot;
  snapshot.details[JobId{7}] = JobDetail{};
  snapshot.details[JobId{7}]->explanation = explanation;
  check_page("/api/v1/jobs/7/explanation", snapshot);
}

// Requests of a stranger: `bytes` as a path, as its query, and as headers.
void ask(std::string_view bytes) {
  const Snapshot nothing;
  const std::string text(bytes);
  for (const HttpAnswer& answer :
       {answer_to(bytes, &nothing), answer_to("/api/v1/events", &nothing, {{text, "1"}}),
        answer_to("/api/v1/events", &nothing, {{"agent", text}}),
        answer_to("/api/v1/events", &nothing, {{"job", text}}),
        answer_to("/api/v1/jobs/" + text, &nothing)}) {
    if (answer.status != 200) check_json(std::string_view(answer.body).substr(0, answer.body.size() - 1));
  }
  static_cast<void>(OwnNames({"head"}).has(bytes));
  const Asset asset{"a.js", "abc", "plain", "packed"};
  const AssetReply reply = reply_with(asset, bytes, bytes);
  check(reply.status == 200 || reply.bytes.empty(), "what is known is not sent");
}

// The same as a whole request.
void request(std::string_view bytes) {
  static const AgentFiles agents("/nowhere");
  const auto request = http::parse_request(bytes);
  if (!request) return;
  static_cast<void>(http::parse_query(request->query));
  const http::Route route = http::route(*request, OwnNames({"head"}), agents);
  const auto* response = std::get_if<http::Response>(&route);
  if (response == nullptr) return;
  check(response->head.find("\r\n\r\n") == response->head.size() - 4, "no request ends a response's head");
  check(response->body.empty() || !request->is_head(), "HEAD has no body");
}

void show(const AgentPrograms& programs) {
  for (const AgentProgram& program : programs.programs) check_lines(to_text(program.sha256));
}

void show(const EachJob& each) {
  for (const JobReport& job : each.reports) show(job);
  for (const RefusedJob& refused : each.refused) show(refused.refusal);
}

void show(const ProvenancePage& page) {
  for (const PartReport& part : page.parts) check_json(to_line(to_json(page.job, part)));
}
void show(const Recomputed& done) { check_json(to_line(to_json(done))); }
void show(const Submitted& /*a number*/) {}
void show(const JobIds& /*numbers*/) {}
void show(const FileStored& /*a hash and a number*/) {}
void show(const Authorized& /*nothing*/) {}
void show(const BackedUp& backup) { check_json(to_line(to_json(backup))); }

}  // namespace

void try_bytes(std::string_view bytes) {
  const auto letter = decode_to_client(bytes);
  if (letter) std::visit([](const auto& body) { show(body); }, letter->body);
  ask(bytes);
  request(bytes);
}

}  // namespace pq::fuzz
