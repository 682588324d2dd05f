#include "daemon/daemon.h"

#include <fmt/format.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "common/values/text.h"
#include "common/version.h"
#include "daemon/core/proof/bookkeeping.h"
#include "daemon/core/proof/invariants.h"
#include "daemon/core/proof/provenance_findings.h"
#include "daemon/core/telling/explanation.h"
#include "daemon/core/telling/job_list.h"
#include "daemon/core/telling/reports.h"
#include "daemon/event_log.h"
#include "daemon/limits.h"
#include "daemon/view/limits.h"

namespace pq::daemon {
namespace {

std::string encode_outgoing(const Outgoing& outgoing) {
  return std::visit([](const auto& message) { return encode(message); }, outgoing.message);
}

EnvironmentError damaged(const std::string& what) {
  return EnvironmentError("the database is not what pqd wrote: " + what + "; restore a backup");
}

std::vector<ListedKey> as_listed(const std::vector<Principal>& principals) {
  std::vector<ListedKey> keys;
  keys.reserve(principals.size());
  for (const Principal& principal : principals) keys.push_back({principal});
  return keys;
}

Sender sender_of(PeerId peer, const Principal& key) { return {peer, key.public_key, key.role, key.name}; }

// "spot, of role agent, by alice"
Event event_of(const KeyNews& news) {
  std::string key = fmt::format("{}, of role {}", news.key.name, to_text(news.key.role));
  switch (news.what) {
    case KeyChange::added:
      return {Happening::key_added, {}, "", signed_by(std::move(key), news.by)};
    case KeyChange::good_again:
      return {Happening::key_added, {}, "", key + ": by the clock it has not expired"};
    case KeyChange::expired:
      return {Happening::key_expired, {}, "", std::move(key)};
    case KeyChange::revoked:
      break;
  }
  return {Happening::key_revoked, {}, "", signed_by(std::move(key), news.by)};
}

LostMessages as_shown(const Losses& losses) { return {losses.dropped, losses.undelivered}; }

std::optional<DiskUse> as_shown(const std::optional<StoreSizes>& sizes) {
  if (!sizes) return std::nullopt;
  return DiskUse{sizes->bytes, sizes->log_bytes, sizes->unused_bytes, sizes->disk_bytes,
                 sizes->disk_free_bytes};
}

// Pages of the database that are free are room as much as what is free on the disk.
Space space_of(const StoreSizes& sizes) {
  return {.disk_bytes = sizes.disk_bytes,
          .free_bytes = sizes.disk_free_bytes + sizes.unused_bytes,
          .used_bytes = sizes.used_bytes};
}

// Of one job after the other, and only of jobs that have not ended: the provenance of all jobs could be
// large.
void check_provenance(Store& store, Stored& stored) {
  for (const auto& [id, row] : stored.jobs) {
    if (has_ended(row.state)) continue;
    const Provenance provenance = store.read_provenance(id, 0, std::numeric_limits<std::size_t>::max());
    const Finding finding = provenance_tiles_done(row, spans_of(stored, id), provenance);
    if (!finding.holds)
      throw damaged("job " + std::to_string(id.value) + ": " + finding.invariant + ": " + finding.detail);
    stored.parts_counts[id] = provenance.parts.size();
  }
}

// A database that SQLite finds sound may still have been edited by hand, or written by a program with a bug.
void check_stored(const Stored& stored) {
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
         is_one_of<AskJob, AskJobs, AskJobIds, AskEach, AskAgents, Wait, Verify, AskLogs, AskOutput,
                   AskEvents, AskExplanation, AskProvenance>(message);
}

Queue restore_queue(QueueSettings settings, Epoch epoch, Store& store, Now now) {
  Stored stored = store.load();
  check_stored(stored);
  check_provenance(store, stored);
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
  constexpr Instant at_once{};  // work under way must not wait for a message
  const Instant goes_on_at = postponed_.questions.are_none() ? Instant::never() : postponed_.goes_on_at;
  const bool has_more = backups_.is_under_way() || !postponed_.files_wanted.empty() ||
                        !effects_.events.empty() || !postponed_.recomputes.empty() ||
                        postponed_.pages_to_give_back || !queue_.provenance_wanted().empty();
  return has_more ? at_once : std::min({queue_.next_deadline(), floods_.next_deadline(), goes_on_at});
}

void Daemon::turn(Instant latest) {
  const std::vector<Incoming> batch =
      transport_.receive(std::min(next_deadline(), latest), limits::messages_per_turn);
  const Now now = clock_.now();  // one time a turn
  show_provenance(now);
  look_at_space();
  for (const Incoming& incoming : batch) hear(incoming, now);
  act_for_clients(now);
  for (const std::string& key : transport_.take_revoked()) queue_.revoke(key, now, effects_);
  note_key_news();
  queue_.settle(now, effects_);  // what time alone has caused, and what follows from the batch
  if (!effects_.changes.is_empty()) commit();
  hand_out_files();
  tell(now);  // after the commit: a reply must never outlive the change that it reports
  tell_clients();
  if (backups_.is_under_way()) {
    backups_.advance(effects_);
    send();  // the events of its end are stored and logged by the next turn
  } else if (postponed_.pages_to_give_back) {
    store_.give_back_pages();
  }
  measures_.batches.note(static_cast<double>(batch.size()));
  measures_.turns_s.note(clock_.now().instant - now.instant);
}

void Daemon::look_at_space() {
  const std::optional<StoreSizes> sizes = store_.sizes();
  if (sizes) queue_.note_space(space_of(*sizes), effects_);
  postponed_.pages_to_give_back = sizes && sizes->has_slack;
}

// Before anything is decided, so that the stored parts are complete. For the same reason each job is read at
// most once a turn.
void Daemon::show_provenance(Now now) {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  const std::set<JobId> wanted = queue_.provenance_wanted();
  for (const JobId job : wanted)
    queue_.see_provenance(job, store_.read_provenance(job, 0, all), now, effects_);
  if (!wanted.empty() || postponed_.recomputes.empty()) return;
  const RecomputeAsked asked = std::move(postponed_.recomputes.front());
  postponed_.recomputes.pop_front();
  HeadToClient answer =
      queue_.recompute(asked.ask, store_.read_provenance(asked.ask.job, 0, all), now, effects_);
  effects_.outgoing.push_back({asked.peer, Letter<HeadToClient>{asked.request, std::move(answer)}});
}

void Daemon::commit() {
  const Instant begun = clock_.now().instant;
  store_.commit(effects_.changes);
  measures_.commits_s.note(clock_.now().instant - begun);
}

// The same reports that clients get, but a list that is not a message has room for more jobs.
Snapshot Daemon::snapshot(const std::set<JobId>& details) {
  const Now now = clock_.now();
  events_.refresh(queue_.core().story.events);
  Snapshot snapshot{.taken_at = now.instant,
                    .jobs = list_jobs(queue_.core(), shown_by_http),
                    .agents = report_agents(queue_.core().fleet, now),
                    .unix_ms = now.unix_ms,
                    .events = events_,
                    .throughput = queue_.core().story.throughput.samples(),
                    .head = {.measures = measures_,
                             .queue = figures_of(queue_),
                             .losses = as_shown(transport_.losses()),
                             .stored = as_shown(store_.sizes()),
                             .backup_is_under_way = backups_.is_under_way()}};
  for (JobReport& job : snapshot.jobs.jobs) hide_settings(job);
  for (const JobId job : details) snapshot.details.emplace(job, detail(job, now));
  return snapshot;
}

std::optional<JobDetail> Daemon::detail(JobId id, Now now) {
  const auto found = queue_.jobs().find(id);
  if (found == queue_.jobs().end()) return std::nullopt;
  const Job& job = found->second;
  JobDetail detail{.job = whole_report(job, queue_.core()),
                   .ledger = picture_of(queue_.core(), job),
                   .explanation = explain(queue_.core(), job, now),
                   .throughput = job.throughput.samples(),
                   .provenance = provenance_page({.job = id}, limits::parts_shown)};
  hide_settings(detail.job);
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
    queue_.handle(sender_of(incoming.peer, incoming.sender), *said, now, effects_);
    if (const auto* want = std::get_if<WantFile>(said)) {
      // The latest request of each peer: an agent asks for one part at a time, so the list is no longer than
      // the fleet.
      std::erase_if(postponed_.files_wanted,
                    [&](const FileWanted& other) { return other.peer == incoming.peer; });
      postponed_.files_wanted.push_back({incoming.peer, want->hash, want->offset});
    }
  } else {
    ask(incoming, std::get<Letter<ClientToHead>>(*message), now);
  }
}

// ---------------------------------------------------------------- what clients ask

void Daemon::ask(const Incoming& incoming, const Letter<ClientToHead>& letter, Now now) {
  if (!may_say(incoming.sender.role, letter.body)) {
    return refuse(incoming,
                  {ErrorWord::not_allowed, "it is of role " + std::string(to_text(incoming.sender.role))},
                  letter.request);
  }
  Question question{incoming.peer, incoming.sender, letter, incoming.bytes.size(), now.instant};
  if (postponed_.questions.add(std::move(question))) return;
  effects_.outgoing.push_back(
      {incoming.peer, Letter<HeadToClient>{letter.request, Refusal{ErrorWord::too_much,
                                                                   "too many questions of "
                                                                   "yours wait already"}}});
}

// What is to be changed, before anything else is decided; what is only asked waits for the commit. Reports of
// many jobs are large, so a peer gets one a turn.
void Daemon::act_for_clients(Now now) {
  const Instant end = clock_.now().instant + limits::acting_longest;
  std::set<PeerId> had_many;
  postponed_.questions.serve(
      [&](const Question& question) {
        return !only_asks(question.letter.body) && !had_many.contains(question.peer) &&
               transport_.has_room(question.peer);
      },
      [&] { return clock_.now().instant >= end; },
      [&](const Question& question) {
        if (is_one_of<SteerEach, ReprioritizeEach>(question.letter.body)) had_many.insert(question.peer);
        answer(question, now);
      });
}

// Each answer is sent before the next is made, so that there is never more than one of them in memory.
void Daemon::tell_clients() {
  Questions& questions = postponed_.questions;
  for (const PeerId peer : transport_.take_unreached()) questions.forget(peer);
  const Now began = clock_.now();
  if (questions.are_none() || began.instant < postponed_.tells_from) return;
  const std::size_t told = questions.serve(
      [&](const Question& question) {
        return only_asks(question.letter.body) && transport_.has_room(question.peer);
      },
      [&] { return clock_.now().instant - began.instant >= limits::telling_longest; },
      [&](const Question& question) {
        answer(question, began);
        send();
      });
  for (const PeerId peer : transport_.take_unreached()) questions.forget(peer);
  const Instant end = clock_.now().instant;
  const Duration took = end - began.instant;
  postponed_.tells_from = took < limits::telling_longest ? end : end + limits::telling_rest_factor * took;
  postponed_.goes_on_at = postponed_.tells_from;
  if (told == 0) {
    postponed_.goes_on_at = end + limits::reading_looked_at;
    give_up_those_who_do_not_read();
  }
}

void Daemon::give_up_those_who_do_not_read() {
  const Instant now = clock_.now().instant;
  for (const Question* question : postponed_.questions.first()) {
    if (now < question->since + limits::reading_patience || transport_.has_room(question->peer)) continue;
    const std::string name = question->sender.name;
    const std::size_t count = postponed_.questions.forget(question->peer);
    effects_.events.push_back({Happening::message_refused,
                               {},
                               "",
                               fmt::format("of key {}: it does not read what it is sent, so {} are dropped",
                                           name, count_of(count, "question"))});
  }
}

void Daemon::answer(const Question& question, Now now) {
  const Letter<ClientToHead>& letter = question.letter;
  const auto reply = [&](HeadToClient body) {
    effects_.outgoing.push_back({question.peer, Letter<HeadToClient>{letter.request, std::move(body)}});
  };
  if (const auto* ask = std::get_if<Recompute>(&letter.body)) {
    if (postponed_.recomputes.size() >= limits::recomputes_waiting_max) {
      return reply(Refusal{ErrorWord::too_much, std::to_string(limits::recomputes_waiting_max) +
                                                    " recomputations are waiting, which is the limit"});
    }
    return postponed_.recomputes.push_back({question.peer, letter.request, *ask});
  }
  if (const auto* ask = std::get_if<Verify>(&letter.body)) return reply(look_up(*ask));
  if (const auto* ask = std::get_if<AskLogs>(&letter.body)) return reply(look_up(*ask));
  if (const auto* ask = std::get_if<AskOutput>(&letter.body)) return reply(look_up(*ask));
  if (const auto* ask = std::get_if<AskProvenance>(&letter.body)) return reply(look_up(*ask));
  if (const auto* wish = std::get_if<BackUp>(&letter.body)) {
    const auto answer = backups_.ask({question.peer, letter.request}, *wish, now.unix_ms);
    if (answer) reply(*answer);
    return;
  }
  if (const auto* ask = std::get_if<Authorize>(&letter.body)) {
    const auto done = transport_.authorize(*ask, question.sender);
    return done ? reply(*done) : reply(done.error());
  }
  if (std::holds_alternative<AskAgentPrograms>(letter.body)) {
    const auto programs = agent_programs();
    return programs ? reply(*programs) : void();
  }
  if (std::holds_alternative<AskKeys>(letter.body)) return reply(report(transport_.keys()));
  if (const auto* ask = std::get_if<RevokeKey>(&letter.body)) {
    const auto revoked = transport_.revoke(*ask, question.sender);
    return revoked ? reply(report(as_listed(*revoked))) : reply(revoked.error());
  }
  queue_.handle(sender_of(question.peer, question.sender), letter, now, effects_);
}

// Nothing while they are still being read; the client asks again.
std::optional<AgentPrograms> Daemon::agent_programs() const {
  AgentPrograms told{.http = http_, .programs = {}};
  if (agents_ == nullptr) return told;
  const std::vector<AgentFile>* files = agents_->ready();
  if (files == nullptr) return std::nullopt;
  for (const AgentFile& file : *files) told.programs.push_back({file.arch, file.bytes->size(), file.sha256});
  return told;
}

KeysReport Daemon::report(const std::vector<ListedKey>& keys) const {
  KeysReport report;
  const std::size_t told = std::min(keys.size(), limits::keys_reported_max);
  for (const auto& [principal, standing] : std::span(keys).first(told)) {
    report.keys.push_back({principal.role, principal.name, principal.public_key, principal.expires_unix_ms,
                           queue_.agents_of(principal.public_key), standing == Standing::expired});
  }
  report.left_out = keys.size() - told;
  return report;
}

void Daemon::note_key_news() {
  for (const KeyNews& news : transport_.take_key_news()) effects_.events.push_back(event_of(news));
}

// ---------------------------------------------------------------- answers from the store

HeadToClient Daemon::look_up(const AskLogs& ask) {
  const auto job = queue_.jobs().find(ask.job);
  if (job == queue_.jobs().end()) return queue_.core().jobs.no_such(ask.job);
  Logs logs;
  logs.entries = store_.read_logs(ask, limits::logs_answered_max + 1);
  if (job->second.row.logs_forgotten && logs.entries.empty() && ask.after == 0)
    return Refusal{ErrorWord::forgotten, fmt::format("the logs of job {}", ask.job.value)};
  logs.more = logs.entries.size() > limits::logs_answered_max;
  if (logs.more) logs.entries.pop_back();
  logs.next = logs.entries.empty() ? ask.after : logs.entries.back().number;
  logs.state = job->second.row.state;
  return logs;
}

// Output that an agent has sent but not committed may still be collected by another agent.
HeadToClient Daemon::look_up(const AskOutput& ask) {
  const auto job = queue_.jobs().find(ask.job);
  if (job == queue_.jobs().end()) return queue_.core().jobs.no_such(ask.job);
  if (job->second.row.output_forgotten)
    return Refusal{ErrorWord::forgotten, fmt::format("the output of job {}", ask.job.value)};
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

HeadToClient Daemon::look_up(const AskProvenance& ask) {
  if (!queue_.jobs().contains(ask.job)) return queue_.core().jobs.no_such(ask.job);
  return provenance_page(ask, limits::parts_told);
}

ProvenancePage Daemon::provenance_page(const AskProvenance& ask, std::size_t count_max) {
  const Provenance provenance = store_.read_provenance(ask.job, ask.begin, count_max + 1);
  ProvenancePage page;
  page.job = ask.job;
  for (const auto& [begin, part] : provenance.parts) {
    if (page.parts.size() == count_max) {
      page.more = true;
      page.next_begin = begin;
      break;
    }
    PartReport report{{begin, part.end},
                      {},
                      part.value ? rounded(*part.value) : std::nullopt,
                      part.lease,
                      part.output_bytes};
    for (const WorkerId worker : part.workers) report.agents.push_back(provenance.workers.at(worker).name);
    page.parts.push_back(std::move(report));
  }
  return page;
}

// A fleet that starts a job asks for its files all at once; beats are handled in between.
void Daemon::hand_out_files() {
  for (std::size_t left = limits::file_parts_per_turn; left > 0 && !postponed_.files_wanted.empty(); --left) {
    const FileWanted wanted = postponed_.files_wanted.front();
    postponed_.files_wanted.pop_front();
    const std::optional<std::uint64_t> size = queue_.core().files.size_of(wanted.hash);
    FilePart part{wanted.hash, wanted.offset, size.value_or(wanted.offset + 1), {}};
    if (size) part.part.data = store_.read_file(wanted.hash, wanted.offset);
    effects_.outgoing.push_back({wanted.peer, std::move(part)});
  }
}

HeadToClient Daemon::look_up(const Verify& ask) {
  const JobId job = ask.job;
  const std::optional<Stored> stored = store_.read_job(job);
  const auto known = queue_.jobs().find(job);
  if (!stored || known == queue_.jobs().end()) return queue_.core().jobs.no_such(job);
  const JobRow& row = stored->jobs.at(job);
  std::vector<Finding> findings = examine(row, stored->spans, known->second.ledger.value());
  findings.push_back(counters_fit(row, stored->spans));
  for (Finding& finding : examine_provenance(*stored, job)) findings.push_back(std::move(finding));
  for (Finding& finding : examine_leases(*stored)) findings.push_back(std::move(finding));
  return Verification{job, std::move(findings)};
}

void Daemon::refuse(const Incoming& incoming, const Refusal& refusal, RequestNumber request) {
  effects_.outgoing.push_back({incoming.peer, Letter<HeadToClient>{request, refusal}});
  effects_.events.push_back(
      {Happening::message_refused, {}, "", "of key " + incoming.sender.name + ": " + sentence(refusal)});
}

// Repeated, because the first message may be lost, and an agent that has not beaten yet got none.
void Daemon::turn_away(const Incoming& incoming, const ToHead& message) {
  const auto* asked = std::get_if<Letter<ClientToHead>>(&message);
  const RequestNumber request = asked != nullptr ? asked->request : 0;
  effects_.outgoing.push_back(
      {incoming.peer, Letter<HeadToClient>{request, Refusal{ErrorWord::key_revoked, ""}}});
}

void Daemon::send() {
  std::vector<OutgoingBytes> batch;
  batch.reserve(effects_.outgoing.size());
  std::uint64_t bytes = 0;
  for (const Outgoing& outgoing : effects_.outgoing) {
    batch.push_back({outgoing.peer, encode_outgoing(outgoing)});
    bytes += batch.back().bytes.size();
  }
  if (!batch.empty()) transport_.send(batch);
  measures_.note(effects_.outgoing);
  measures_.note_sent(batch.size(), bytes);
  effects_.outgoing.clear();
}

// Sends, logs, and clears the effects.
void Daemon::tell(Now now) {
  send();
  for (const Event& event : effects_.events) {
    if (floods_.lets_pass(event, now.instant)) log(event);
  }
  for (const std::string& line : floods_.take_counts(now.instant)) spdlog::warn("{}", line);
  measures_.note(effects_.events, queue_, now.unix_ms);
  effects_ = {};
}

}  // namespace pq::daemon
