#include "daemon/daemon.h"

#include <string>
#include <utility>
#include <variant>

#include "common/limits.h"
#include "common/wire.h"
#include "daemon/core/bookkeeping.h"
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
  return role == Role::viewer && is_one_of<AskJob, AskJobs, AskAgents, Wait, Verify>(message);
}

Queue restore_queue(QueueSettings settings, Epoch epoch, Store& store, Now now) {
  Stored stored = store.load();
  check_stored(stored);
  store.begin_epoch(epoch);
  return {settings, epoch, std::move(stored), now};
}

Daemon::Daemon(Queue queue, Store& store, Transport& transport, const Clock& clock)
    : store_(store), transport_(transport), clock_(clock), queue_(std::move(queue)), backups_(store) {}

Instant Daemon::next_deadline() const {
  constexpr Instant at_once{};  // a backup that is under way must not wait for a message
  return backups_.is_under_way() ? at_once : queue_.next_deadline();
}

void Daemon::turn() {
  const std::vector<Incoming> batch = transport_.receive(next_deadline(), limits::messages_per_turn);
  const Now now = clock_.now();  // one time a turn
  for (const Incoming& incoming : batch) hear(incoming, now);
  queue_.settle(now, effects_);  // what time alone has caused, and what follows from the batch
  if (!effects_.changes.is_empty()) store_.commit(effects_.changes);
  verify();
  tell();  // after the commit: a reply must never outlive the change that it reports
  if (backups_.is_under_way()) {
    backups_.advance(effects_);
    tell();
  }
}

// The same questions that clients ask, so that both are told the same.
Snapshot Daemon::snapshot() {
  const Now now = clock_.now();
  const auto ask = [&](ClientToHead question) {
    Effects answered;
    queue_.handle({}, Letter<ClientToHead>{0, std::move(question)}, now, answered);
    return std::get<Letter<HeadToClient>>(answered.outgoing.at(0).message).body;
  };
  return {now.instant, std::get<JobsReport>(ask(AskJobs{})), std::get<AgentsReport>(ask(AskAgents{}))};
}

void Daemon::hear(const Incoming& incoming, Now now) {
  const auto message = decode_to_head(incoming.bytes);
  if (!message) return refuse(incoming, message.error(), 0);
  if (const auto* said = std::get_if<AgentToHead>(&*message)) {
    if (!may_say(incoming.sender.role, *said)) {
      return refuse(incoming,
                    {ErrorWord::not_allowed,
                     "a key of role " + std::string(to_text(incoming.sender.role)) + " cannot compute"},
                    0);
    }
    queue_.handle({incoming.peer, incoming.sender.public_key}, *said, now, effects_);
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
  if (const auto* ask = std::get_if<Verify>(&letter.body)) {
    asked_to_verify_.push_back({incoming.peer, letter.request, ask->job});
    return;
  }
  if (const auto* wish = std::get_if<BackUp>(&letter.body)) {
    const auto answer = backups_.ask({incoming.peer, letter.request}, *wish, now.unix_ms);
    if (answer) reply(*answer);
    return;
  }
  if (const auto* ask = std::get_if<Authorize>(&letter.body)) {
    const auto done = transport_.authorize(*ask);
    return done ? reply(Authorized{}) : reply(done.error());
  }
  queue_.handle({incoming.peer, incoming.sender.public_key}, letter, now, effects_);
}

// After the commit, so that what is stored and what the queue says are of the same moment.
void Daemon::verify() {
  for (const auto& [peer, request, job] : std::exchange(asked_to_verify_, {})) {
    effects_.outgoing.push_back({peer, Letter<HeadToClient>{request, verify(job)}});
  }
}

HeadToClient Daemon::verify(JobId job) {
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

// Sends, logs, and begins anew.
void Daemon::tell() {
  std::vector<OutgoingBytes> batch;
  batch.reserve(effects_.outgoing.size());
  for (const Outgoing& outgoing : effects_.outgoing)
    batch.push_back({outgoing.peer, encode_outgoing(outgoing)});
  if (!batch.empty()) transport_.send(batch);
  for (const Event& event : effects_.events) log(event);
  effects_ = {};
}

}  // namespace pq
