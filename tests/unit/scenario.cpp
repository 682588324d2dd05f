#include "tests/unit/scenario.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "daemon/core/proof/invariants.h"
#include "daemon/core/proof/provenance_findings.h"
#include "tests/rooms.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

struct ShapeOfState {
  const std::uint64_t begin;
  const std::uint64_t end;

  static std::string equals(const std::optional<Value>& value) {
    return value ? " = " + to_text(*value) : "";
  }
  std::string operator()(const Free& free) const {
    const Evidence& known = free.evidence;
    const std::string failed =
        known.attempts_failed > 0 ? fmt::format(" after {}", known.attempts_failed) : "";
    const std::string lost = known.losses > 0 ? fmt::format(" lost {}", known.losses) : "";
    return fmt::format("free {}:{}{}{}", begin, end, failed, lost);
  }
  std::string operator()(const Leased& leased) const {
    return fmt::format("leased {}:{} at {}{}", begin, end, leased.upto, equals(leased.value));
  }
  std::string operator()(const Done& done) const {
    return fmt::format("done {}:{}{}", begin, end, equals(done.value));
  }
  std::string operator()(const Failed& failed) const {
    return fmt::format("failed {}:{} ({})", begin, end, failed.error);
  }
};

}  // namespace

std::string shape(const std::map<std::uint64_t, Span>& spans) {
  std::string text;
  for (const auto& [begin, span] : spans) {
    text += (text.empty() ? "" : ", ") + std::visit(ShapeOfState{begin, span.end}, span.state);
  }
  return text;
}

// ---------------------------------------------------------------- the head's turn

JobSpec collecting() {
  JobSpec spec;
  spec.range = {0, 10};
  spec.fold = Fold::none;
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"./sim"};
  spec.program->run_width = 10;
  spec.program->collects = true;
  return spec;
}

Scenario::Scenario(QueueSettings settings) : settings_(settings), now_{Instant{1h}, 1'700'000'000'000} {
  next_beats_ = now_.instant + settings.beat_interval;
  client_ = new_peer();
  restarts_head();
}

Scenario::~Scenario() {
  if (ends_amid_work_) return;
  if (std::uncaught_exceptions() > 0) return;
  for (const auto& inbox : inboxes_) {
    CHECK_MESSAGE(inbox.second.empty(), "messages are left unread by peer ", inbox.first.value);
  }
  for (const auto& entry : agents_) {
    CHECK_MESSAGE(!entry.second.refusal_, entry.first, " was refused");
    CHECK_MESSAGE(entry.second.granted_.empty(), entry.first, " holds leases that the test does not know of");
  }
}

void Scenario::restores_head(Model backup) {
  model_ = std::move(backup);
  queue_.emplace(settings_, Epoch{++last_epoch_}, model_.as_stored(), now_);
  for (auto& [peer, messages] : inboxes_) messages.clear();
  for (auto& [name, agent] : agents_) agent.reconnects();
  client_ = new_peer();
  leases_live_.clear();
  for (const auto& [id, lease] : queue_->leases().all()) leases_live_.insert(id);
  done_.clear();
  check_turn();
}

void Scenario::turn(const Sender& from, const AgentToHead& said) {
  Effects effects;
  queue_->handle(from, said, now_, effects);
  settle(effects);
}

void Scenario::turn(const Sender& from, const Letter<ClientToHead>& asked) {
  Effects effects;
  queue_->handle(from, asked, now_, effects);
  settle(effects);
}

void Scenario::revokes_key_of(const ScriptedAgent& agent) {
  Effects effects;
  queue_->revoke(agent.sender().public_key, now_, effects);
  settle(effects);
}

void Scenario::disk_is(const Space& space) {
  Effects effects;
  queue_->note_space(space, effects);
  settle(effects);
}

void Scenario::settle(Effects& effects) {
  queue_->settle(now_, effects);
  model_.apply(effects.changes);
  for (const Outgoing& outgoing : effects.outgoing) inbox(outgoing.peer).push_back(outgoing.message);
  for (const Event& event : effects.events) ++happened_[event.what];
  check_turn();
  // As the daemon does at the begin of its next turn, which follows at once.
  const std::set<JobId> wanted = queue_->provenance_wanted();
  if (wanted.empty()) return;
  Effects next;
  for (const JobId job : wanted) queue_->see_provenance(job, model_.provenance(job), now_, next);
  settle(next);
}

HeadToClient Scenario::recomputes(const Recompute& ask) {
  Effects effects;
  HeadToClient answer = queue_->recompute(ask, model_.provenance(ask.job), now_, effects);
  settle(effects);
  return answer;
}

void Scenario::check_turn() {
  const auto broken = broken_invariant(*queue_);
  REQUIRE_MESSAGE(!broken, broken.value_or(""));
  REQUIRE(text_of(model_.rows) == text_of(remembered(*queue_)));
  CHECK(queue_->next_deadline() > now_.instant);  // or the daemon would spin
  for (const auto& [id, job] : queue_->jobs()) {
    const std::uint64_t computed = job.ledger.done() + job.row.discarded;
    CHECK_MESSAGE(computed >= done_[id], "progress_is_monotonic");
    done_[id] = computed;
  }
  check_leases_are_new();
  check_provenance();
}

void Scenario::check_provenance() {
  for (const auto& [id, job] : model_.rows.jobs) {
    for (const Finding& finding : examine_provenance(model_.looked_at(id), id)) {
      if (finding.invariant == "values_agree") continue;  // a test may well want it broken
      if (finding.invariant == "collected_bytes_fit" && output_is_made_up_) continue;
      CHECK_MESSAGE(finding.holds, finding.invariant, ": ", finding.detail);
    }
  }
}

std::string Scenario::parts(JobId id) const {
  const Provenance provenance = model_.provenance(id);
  std::string text;
  for (const auto& [begin, part] : provenance.parts) {
    std::string names;
    for (const WorkerId worker : part.workers)
      names += (names.empty() ? "" : "+") + provenance.workers.at(worker).name;
    text += fmt::format("{}{} {}:{}{}", text.empty() ? "" : ", ", names.empty() ? "?" : names, begin,
                        part.end, part.value ? " = " + to_text(*part.value) : "");
  }
  return text;
}

void Scenario::check_leases_are_new() {
  std::set<LeaseId> live;
  for (const auto& lease : queue_->leases().all()) {
    const LeaseId id = lease.first;
    live.insert(id);
    if (leases_live_.contains(id)) continue;
    CHECK_MESSAGE(leases_ever_.insert(id).second, "lease_ids_never_repeat: ", to_text(id));
  }
  leases_live_ = std::move(live);
}

// ---------------------------------------------------------------- time

void Scenario::passes(Duration duration) {
  const Instant end = now_.instant + duration;
  while (now_.instant < end) {
    const Duration step = std::min({end, queue_->next_deadline(), next_beats_}) - now_.instant;
    now_.instant = now_.instant + step;
    now_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(step).count();
    Effects effects;
    settle(effects);
    if (now_.instant == next_beats_) all_beat();
  }
}

void Scenario::stands_still(Duration duration) {
  stands_still_until_it_hears(duration);
  Effects effects;
  settle(effects);
}

void Scenario::stands_still_until_it_hears(Duration duration) {
  now_.instant = now_.instant + duration;
  now_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  next_beats_ = std::max(next_beats_, now_.instant);
}

void Scenario::all_beat() {
  next_beats_ = now_.instant + settings_.beat_interval;
  for (auto& [name, agent] : agents_) {
    if (agent.introduced_ && !agent.silent_) agent.beats();
  }
}

// ---------------------------------------------------------------- agents and clients

ScriptedAgent& Scenario::stranger(const std::string& name) {
  return agents_.try_emplace(name, *this, name).first->second;
}

ScriptedAgent& Scenario::another_process_of(const std::string& name) {
  return agents_.try_emplace(name + "'", *this, name).first->second;
}

ScriptedAgent& Scenario::agent(const std::string& name) {
  const bool is_new = !agents_.contains(name);
  return is_new ? stranger(name).joins(1) : agents_.at(name);
}

JobId Scenario::submits(Range range, Fold fold) {
  JobSpec spec;
  spec.range = range;
  spec.fold = fold;
  return submits(spec);
}

JobId Scenario::submits(const JobSpec& spec) {
  const HeadToClient answer = asks(Submit{{1, last_request_}, spec});
  REQUIRE(std::holds_alternative<Submitted>(answer));
  CHECK_FALSE(std::get<Submitted>(answer).repeated);
  return std::get<Submitted>(answer).job;
}

HeadToClient Scenario::asks(const ClientToHead& question, Role role) {
  const RequestNumber number = ++last_request_;
  turn(Sender{client_, "key of a client", role, client_name_}, Letter<ClientToHead>{number, question});
  const auto answer = answer_to(number);
  REQUIRE_MESSAGE(answer, "the client is not answered in the same turn");
  return *answer;
}

JobReport Scenario::job(JobId id) {
  const HeadToClient answer = asks(AskJob{id});
  REQUIRE(std::holds_alternative<JobReport>(answer));
  return std::get<JobReport>(answer);
}

JobReport Scenario::steers(JobId id, Steering what) {
  const HeadToClient answer = asks(Steer{id, what});
  REQUIRE(std::holds_alternative<JobReport>(answer));
  return std::get<JobReport>(answer);
}

Refusal Scenario::is_refused(const ClientToHead& question) {
  const HeadToClient answer = asks(question);
  REQUIRE(std::holds_alternative<Refusal>(answer));
  return std::get<Refusal>(answer);
}

void Scenario::waits(RequestNumber number, const Wait& wait, PeerId peer, Role role) {
  if (peer == PeerId{}) peer = client_;
  turn(Sender{peer, "key of a client", role, client_name_}, Letter<ClientToHead>{number, wait});
}

std::optional<HeadToClient> Scenario::answer_to(RequestNumber number, PeerId peer) {
  auto& letters = inbox(peer == PeerId{} ? client_ : peer);
  const auto letter = std::find_if(letters.begin(), letters.end(), [&](const Message& message) {
    const auto* found = std::get_if<Letter<HeadToClient>>(&message);
    return found != nullptr && found->request == number;
  });
  if (letter == letters.end()) return std::nullopt;
  HeadToClient body = std::get<Letter<HeadToClient>>(*letter).body;
  letters.erase(letter);
  return body;
}

std::vector<LogRow> Scenario::logs() const {
  std::vector<LogRow> rows;
  for (const auto& [key, row] : model_.logs) rows.push_back(row);
  return rows;
}

std::vector<std::string> Scenario::outputs() const {
  std::vector<std::string> texts;
  for (const auto& [key, row] : model_.outputs) texts.push_back(row.entry.text.data);
  return texts;
}

// ---------------------------------------------------------------- two agents

TwoAgents::TwoAgents(Range range) {
  a = &agent("a");
  id = submits(range);
  lease = a->takes_lease();
  REQUIRE(Range{lease.begin, lease.end} == range);
  b = &agent("b");
}

void TwoAgents::measure(double a_s, double b_s) {
  a->measures(id, a_s);
  b->measures(id, b_s);
  a->beats();
  b->beats();
}

}  // namespace pq::tests
