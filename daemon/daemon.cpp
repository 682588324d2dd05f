#include "daemon/daemon.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "common/limits.h"
#include "common/version.h"
#include "common/wire.h"
#include "daemon/core/bookkeeping.h"
#include "daemon/core/explanation.h"
#include "daemon/core/invariants.h"
#include "daemon/event_log.h"

namespace pq {
namespace {

template <class... Messages>
bool is_one_of(const ClientToHead& message) {
  return (std::holds_alternative<Messages>(message) || ...);
}

std::string encode_outgoing(const Outgoing& outgoing) {
  return std::visit([](const auto& message) { return encode(message); }, outgoing.message);
}

// A database that SQLite finds sound may still have been edited by hand, or written by a program with a bug.
void check_stored(const Stored& stored) {
  const auto damaged = [&](const std::string& what) {
    return EnvironmentError("the database is not what pqd wrote: " + what + "; restore a backup");
  };
  for (const auto& [id, row] : stored.jobs) {
    for (const Finding& finding : examine(row, spans_of(stored, id))) {
      if (!finding.holds)
        throw damaged("job " + std::to_string(id.value) + ": " + finding.invariant + ": " + finding.detail);
    }
  }
  for (const Finding& finding : examine_leases(stored)) {
    if (!finding.holds) throw damaged(finding.invariant + ": " + finding.detail);
  }
}

}  // namespace

bool may_say(Role role, const AgentToHead& /*any of them*/) { return role == Role::agent; }

bool may_say(Role role, const ClientToHead& message) {
  if (role == Role::operator_) return true;
  return role == Role::viewer &&
         is_one_of<AskJob, AskJobs, AskAgents, Wait, Verify, AskLogs, AskOutput, AskEvents, AskExplanation>(
             message);
}

Queue restore_queue(QueueSettings settings, Epoch epoch, Store& store, Now now) {
  Stored stored = store.load();
  check_stored(stored);
  store.begin_epoch(epoch);
  return {settings, epoch, std::move(stored), now};
}

Daemon::Daemon(Queue queue, Store& store, Transport& transport, const Clock& clock, const AgentFiles* agents,
               std::optional<std::string> http)
    : store_(store),
      transport_(transport),
      clock_(clock),
      agents_(agents),
      http_(std::move(http)),
      queue_(std::move(queue)),
      backups_(store) {
  effects_.events.push_back({Happening::head_started, {}, "", "pqd " + std::string(program_version)});
  measures_.began_unix_ms = clock_.now().unix_ms;
}

Instant Daemon::next_deadline() const {
  constexpr Instant at_once{};  // what is under way must not wait for a message
  const bool has_more = backups_.is_under_way() || !files_wanted_.empty() || !effects_.events.empty();
  return has_more ? at_once : queue_.next_deadline();
}

void Daemon::turn(Instant latest) {
  const std::vector<Incoming> batch =
      transport_.receive(std::min(next_deadline(), latest), limits::messages_per_turn);
  const Now now = clock_.now();  // one time a turn
  for (const Incoming& incoming : batch) hear(incoming, now);
  for (const std::string& key : transport_.take_revoked()) queue_.revoke(key, effects_);
  queue_.settle(now, effects_);  // what time alone has caused, and what follows from the batch
  if (!effects_.changes.is_empty()) commit();
  answer_from_store();
  hand_out_files();
  tell(now);  // after the commit: a reply must never outlive the change that it reports
  if (backups_.is_under_way()) {
    backups_.advance(effects_);
    send();  // the events of its end are stored and logged by the next turn
  }
  measures_.batches.note(static_cast<double>(batch.size()));
  measures_.turns_s.note(clock_.now().instant - now.instant);
}

void Daemon::commit() {
  const Instant begun = clock_.now().instant;
  store_.commit(effects_.changes);
  measures_.commits_s.note(clock_.now().instant - begun);
}

// The same questions that clients ask, so that both are told the same.
Snapshot Daemon::snapshot(const std::set<JobId>& details) {
  const Now now = clock_.now();
  const auto ask = [&](ClientToHead question) {
    Effects answered;
    queue_.handle({}, Letter<ClientToHead>{0, std::move(question)}, now, answered);
    return std::get<Letter<HeadToClient>>(answered.outgoing.at(0).message).body;
  };
  events_.refresh(queue_.events());
  Snapshot snapshot{.taken_at = now.instant,
                    .jobs = std::get<JobsReport>(ask(AskJobs{})),
                    .agents = std::get<AgentsReport>(ask(AskAgents{})),
                    .unix_ms = now.unix_ms,
                    .events = events_,
                    .throughput = queue_.throughput().samples(),
                    .head = {.measures = measures_,
                             .queue = figures_of(queue_),
                             .losses = transport_.losses(),
                             .stored = store_.sizes(),
                             .backup_is_under_way = backups_.is_under_way()}};
  for (const JobId job : details) snapshot.details.emplace(job, detail(job, now));
  return snapshot;
}

std::optional<JobDetail> Daemon::detail(JobId id, Now now) {
  const auto found = queue_.jobs().find(id);
  if (found == queue_.jobs().end()) return std::nullopt;
  const Job& job = found->second;
  JobDetail detail{.ledger = picture_of(queue_, job),
                   .explanation = explain(queue_, job, now),
                   .throughput = job.throughput.samples(),
                   .failed_spans = job.ledger.failed_spans(limits::failed_spans_told)};
  if (job.row.attempts_failed > 0) {
    detail.failed_logs = store_.read_last_failed_logs(id, limits::failed_logs_shown + 1);
    detail.more_failed_logs = detail.failed_logs.size() > limits::failed_logs_shown;
    if (detail.more_failed_logs) detail.failed_logs.erase(detail.failed_logs.begin());
  }
  return detail;
}

void Daemon::hear(const Incoming& incoming, Now now) {
  measures_.received_bytes += incoming.bytes.size();
  const auto message = decode_to_head(incoming.bytes);
  if (!message) return refuse(incoming, message.error(), 0);
  measures_.note(*message);
  if (incoming.is_revoked) return turn_away(incoming, *message);
  if (const auto* said = std::get_if<AgentToHead>(&*message)) {
    if (!may_say(incoming.sender.role, *said)) {
      return refuse(incoming,
                    {ErrorWord::not_allowed,
                     "a key of role " + std::string(to_text(incoming.sender.role)) + " cannot compute"},
                    0);
    }
    queue_.handle({incoming.peer, incoming.sender.public_key}, *said, now, effects_);
    if (const auto* want = std::get_if<WantFile>(said)) {
      // The latest of each peer: an agent asks for one part at a time, and no list grows beyond the fleet.
      std::erase_if(files_wanted_, [&](const FileWanted& other) { return other.peer == incoming.peer; });
      files_wanted_.push_back({incoming.peer, want->hash, want->offset});
    }
  } else {
    answer(incoming, std::get<Letter<ClientToHead>>(*message), now);
  }
}

void Daemon::answer(const Incoming& incoming, const Letter<ClientToHead>& letter, Now now) {
  const auto reply = [&](HeadToClient body) {
    effects_.outgoing.push_back({incoming.peer, Letter<HeadToClient>{letter.request, std::move(body)}});
  };
  if (!may_say(incoming.sender.role, letter.body)) {
    return refuse(incoming,
                  {ErrorWord::not_allowed, "it is of role " + std::string(to_text(incoming.sender.role))},
                  letter.request);
  }
  const auto look_up = [&](auto ask) { look_ups_.push_back({incoming.peer, letter.request, ask}); };
  if (const auto* ask = std::get_if<Verify>(&letter.body)) return look_up(*ask);
  if (const auto* ask = std::get_if<AskLogs>(&letter.body)) return look_up(*ask);
  if (const auto* ask = std::get_if<AskOutput>(&letter.body)) return look_up(*ask);
  if (const auto* wish = std::get_if<BackUp>(&letter.body)) {
    const auto answer = backups_.ask({incoming.peer, letter.request}, *wish, now.unix_ms);
    if (answer) reply(*answer);
    return;
  }
  if (const auto* ask = std::get_if<Authorize>(&letter.body)) {
    const auto done = transport_.authorize(*ask);
    return done ? reply(*done) : reply(done.error());
  }
  if (std::holds_alternative<AskAgentPrograms>(letter.body)) {
    const auto programs = agent_programs();
    return programs ? reply(*programs) : void();
  }
  if (std::holds_alternative<AskKeys>(letter.body)) return reply(report(transport_.keys()));
  if (const auto* ask = std::get_if<RevokeKey>(&letter.body)) {
    const auto revoked = transport_.revoke(*ask, incoming.sender);
    if (revoked) note_revoked(*revoked, incoming.sender);
    return revoked ? reply(report(*revoked)) : reply(revoked.error());
  }
  queue_.handle({incoming.peer, incoming.sender.public_key}, letter, now, effects_);
}

// Nothing while they are still being read: whoever asks will ask again.
std::optional<AgentPrograms> Daemon::agent_programs() const {
  AgentPrograms told{.http = http_, .programs = {}};
  if (agents_ == nullptr) return told;
  const std::vector<AgentFile>* files = agents_->ready();
  if (files == nullptr) return std::nullopt;
  for (const AgentFile& file : *files) told.programs.push_back({file.arch, file.bytes->size(), file.sha256});
  return told;
}

KeysReport Daemon::report(const std::vector<Principal>& principals) const {
  KeysReport report;
  const std::size_t told = std::min(principals.size(), limits::keys_reported_max);
  for (const Principal& principal : std::span(principals).first(told)) {
    report.keys.push_back({principal.role, principal.name, principal.public_key, principal.expires_unix_ms,
                           queue_.agents_of(principal.public_key)});
  }
  report.left_out = principals.size() - told;
  return report;
}

void Daemon::note_revoked(const std::vector<Principal>& revoked, const Principal& asker) {
  for (const Principal& principal : revoked) {
    effects_.events.push_back({Happening::key_revoked, {}, "", principal.name + ", by " + asker.name});
  }
}

// After the commit, so that what is stored and what the queue says are of the same moment.
void Daemon::answer_from_store() {
  for (const LookUp& asked : std::exchange(look_ups_, {})) {
    HeadToClient answer = std::visit([this](const auto& ask) { return look_up(ask); }, asked.ask);
    effects_.outgoing.push_back({asked.peer, Letter<HeadToClient>{asked.request, std::move(answer)}});
  }
}

HeadToClient Daemon::look_up(const AskLogs& ask) {
  const auto job = queue_.jobs().find(ask.job);
  if (job == queue_.jobs().end()) return Refusal{ErrorWord::no_such_job, std::to_string(ask.job.value)};
  Logs logs;
  logs.entries = store_.read_logs(ask, limits::logs_answered_max + 1);
  logs.more = logs.entries.size() > limits::logs_answered_max;
  if (logs.more) logs.entries.pop_back();
  logs.next = logs.entries.empty() ? ask.after : logs.entries.back().number;
  logs.state = job->second.row.state;
  return logs;
}

// What an agent has sent but not committed may yet be somebody else's to collect.
HeadToClient Daemon::look_up(const AskOutput& ask) {
  const auto job = queue_.jobs().find(ask.job);
  if (job == queue_.jobs().end()) return Refusal{ErrorWord::no_such_job, std::to_string(ask.job.value)};
  OutputPage page;
  page.entries = store_.read_outputs(ask, limits::outputs_answered_max + 1);
  if (page.entries.size() > limits::outputs_answered_max) {
    page.more = true;
    page.next_begin = page.entries.back().run.begin;
    page.next_offset = page.entries.back().offset;
    page.entries.pop_back();
  }
  const Ledger& ledger = job->second.ledger;
  std::erase_if(page.entries, [&](const OutputEntry& entry) { return !ledger.is_counted(entry.run.begin); });
  return page;
}

// A fleet that starts a job asks for its files all at once: beats come in between.
void Daemon::hand_out_files() {
  for (std::size_t left = limits::file_parts_per_turn; left > 0 && !files_wanted_.empty(); --left) {
    const FileWanted wanted = files_wanted_.front();
    files_wanted_.pop_front();
    const std::optional<std::uint64_t> size = queue_.files().size_of(wanted.hash);
    FilePart part{wanted.hash, wanted.offset, size.value_or(wanted.offset + 1), {}};
    if (size) part.part.data = store_.read_file(wanted.hash, wanted.offset);
    effects_.outgoing.push_back({wanted.peer, std::move(part)});
  }
}

HeadToClient Daemon::look_up(const Verify& ask) {
  const JobId job = ask.job;
  const std::optional<Stored> stored = store_.read_job(job);
  const auto known = queue_.jobs().find(job);
  if (!stored || known == queue_.jobs().end())
    return Refusal{ErrorWord::no_such_job, std::to_string(job.value)};
  const JobRow& row = stored->jobs.at(job);
  std::vector<Finding> findings = examine(row, stored->spans, known->second.ledger.value());
  findings.push_back(counters_fit(row, stored->spans));
  for (Finding& finding : examine_leases(*stored)) findings.push_back(std::move(finding));
  return Verification{job, std::move(findings)};
}

void Daemon::refuse(const Incoming& incoming, const Refusal& refusal, RequestNumber request) {
  effects_.outgoing.push_back({incoming.peer, Letter<HeadToClient>{request, refusal}});
  effects_.events.push_back(
      {Happening::message_refused, {}, "", "of key " + incoming.sender.name + ": " + sentence(refusal)});
}

// Whoever was told once may not have heard it, and an agent that has not yet beaten was not told.
void Daemon::turn_away(const Incoming& incoming, const ToHead& message) {
  const auto* asked = std::get_if<Letter<ClientToHead>>(&message);
  const RequestNumber request = asked != nullptr ? asked->request : 0;
  effects_.outgoing.push_back(
      {incoming.peer, Letter<HeadToClient>{request, Refusal{ErrorWord::key_revoked, ""}}});
}

void Daemon::send() {
  std::vector<OutgoingBytes> batch;
  batch.reserve(effects_.outgoing.size());
  for (const Outgoing& outgoing : effects_.outgoing)
    batch.push_back({outgoing.peer, encode_outgoing(outgoing)});
  if (!batch.empty()) transport_.send(batch);
  measures_.note(effects_.outgoing);
  measures_.note(batch);
  effects_.outgoing.clear();
}

// Sends, logs, and begins anew.
void Daemon::tell(Now now) {
  send();
  for (const Event& event : effects_.events) log(event);
  measures_.note(effects_.events, queue_, now.unix_ms);
  effects_ = {};
}

}  // namespace pq
