// Messages of agents in a play. Their beats fit what they hold, except for what the script changes in them.
#include <algorithm>

#include "tests/fuzz/cast.h"
#include "tests/fuzz/play.h"
#include "tests/fuzz/truth.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"

namespace pq::fuzz {
namespace {

constexpr std::array<std::uint32_t, 8> slot_counts = {1, 2, 0, 3, 4, 8, 40, 4'000'000'000};
constexpr std::array<double, 12> costs = {1e-9, 1e-3,  0.5,   4.0,    100.0, 0.0,
                                          -1.0, 1e-15, 2e-15, 1e-300, 1e300, 9e5};

template <class Map>
auto some_of(Script& script, const Map& map) {
  return std::next(map.begin(),
                   static_cast<std::ptrdiff_t>(script.below(std::min<std::size_t>(map.size(), 256))));
}

}  // namespace

// ---------------------------------------------------------------- hello, goodbye

void Play::hello() {
  Hello hello;
  hello.name = script_.one_of(agent_names);
  hello.incarnation = {1 + script_.below(3)};
  hello.slots = script_.one_of(slot_counts);
  hello.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
  if (script_.one_in(8)) hello.kernels.resize(script_.below(sieve_kernels.size()));
  if (script_.one_in(2)) hello.kernels.push_back(Kernel::exec);
  if (script_.one_in(8)) hello.labels = {{std::string(script_.text(3)), std::string(script_.text(3))}};
  const std::size_t who = script_.below(2 * cast().size());
  stage_.says(cast().at(who < cast().size() ? who : who % agents_in_cast), AgentToHead(hello));
}

void Play::goodbye() {
  const Agent* agent = some_agent();
  if (agent == nullptr) return;
  stage_.says(speaker_of(*agent), AgentToHead(Goodbye{agent->row.name, incarnation_of(*agent)}));
}

// A lease that it holds, or any lease.
void Play::print() {
  const Agent* agent = some_agent();
  if (agent == nullptr) return;
  Output output{agent->row.name, incarnation_of(*agent), agent->output_seq + script_.below(3), {}, {}};
  const auto& leases = stage_.queue().leases().all();
  for (const auto& [id, lease] : leases) {
    if (!script_.one_in(2)) continue;
    const Ledger& ledger = stage_.queue().jobs().at(lease.job).ledger;
    const std::uint64_t begin = script_.one_in(4) ? script_.number() : ledger.leased_at(lease.begin)->upto;
    const std::uint64_t end = ledger.end_of(lease.begin);
    const Range run{begin, begin < end ? end : begin + 1};
    if (run.is_empty()) continue;
    output.logs.push_back(
        {lease.job, id, run, 1, Stream::stderr_, script_.one_in(2), {std::string(script_.text(4))}});
    output.outputs.push_back(
        {lease.job, id, run, script_.below(4), script_.one_in(2), {std::string(script_.text(4))}});
  }
  stage_.says(speaker_of(*agent), AgentToHead(output));
  if (script_.one_in(4))
    stage_.says(speaker_of(*agent),
                AgentToHead(WantFile{agent->row.name, agent->row.incarnation, sha256_of("a program"), 0}));
}

const Agent* Play::some_agent() {
  const auto& agents = stage_.queue().roster().all();
  return agents.empty() ? nullptr : &some_of(script_, agents)->second;
}

// The agent for which the head takes the sender of a beat.
const Agent* Play::agent_of(const std::string& public_key, const std::string& name) const {
  for (const auto& [id, agent] : stage_.queue().roster().all()) {
    if (agent.row.public_key == public_key && agent.row.name == name) return &agent;
  }
  return nullptr;
}

// Mostly itself.
const Speaker& Play::speaker_of(const Agent& agent) {
  const std::size_t who = script_.below(16);
  if (who < cast().size()) return cast().at(who);
  for (const Speaker& speaker : cast()) {
    if (speaker.who.public_key == agent.row.public_key) return speaker;
  }
  return cast().front();
}

Incarnation Play::incarnation_of(const Agent& agent) {
  if (script_.one_in(8)) return {script_.below(4)};
  return agent.row.incarnation;
}

// ---------------------------------------------------------------- beats

void Play::beat() {
  const Agent* agent = some_agent();
  if (agent == nullptr) return hello();
  const Speaker& speaker = speaker_of(*agent);
  Beat beat;
  beat.name = agent->row.name;
  beat.incarnation = incarnation_of(*agent);
  beat.seq = script_.one_in(16) ? script_.number() : agent->beat_seq + 1;
  beat.epoch = script_.one_in(16) ? Epoch{script_.number()} : stage_.epoch();
  beat.orders_seen = script_.one_in(8) ? script_.number() : agent->orders_number;
  for (const LeaseId id : agent->leases) {
    const auto view = view_of(id, *stage_.queue().leases().find(id));
    if (!view) continue;
    beat.leases.push_back(*view);
    if (script_.one_in(16)) beat.leases.push_back(*view);
  }
  const Agent* heard = agent_of(speaker.who.public_key, beat.name);
  while (script_.one_in(8)) beat.leases.push_back(view_of_a_stranger(*agent, heard));
  beat.paces = some_paces();
  beat.draining = script_.one_in(16);
  stage_.says(speaker, AgentToHead(beat));
}

// The report of its holder: [begin, upto) is computed.
LeaseView Play::true_view(LeaseId id, const Lease& lease, std::uint64_t upto) const {
  const Job& job = stage_.queue().jobs().at(lease.job);
  return {id,
          lease.begin,
          upto,
          job.ledger.end_of(lease.begin),
          truth(job.row.spec, {lease.begin, upto}),
          std::nullopt,
          std::nullopt};
}

// Nothing: the holder no longer lists it.
std::optional<LeaseView> Play::view_of(LeaseId id, const Lease& lease) {
  const Ledger& ledger = stage_.queue().jobs().at(lease.job).ledger;
  const std::uint64_t committed = ledger.leased_at(lease.begin)->upto;
  const std::uint64_t end = ledger.end_of(lease.begin);
  const std::size_t how = script_.below(16);
  if (how == 0) return std::nullopt;
  const std::uint64_t ahead = how < 4   ? 0
                              : how < 8 ? end - committed
                                        : script_.number() % (end - committed + 1);
  LeaseView view = true_view(id, lease, committed + ahead);
  if (how == 10 || how == 11) view.end = view.upto + script_.number() % (end - view.upto + 1);
  if (how == 12 || how == 13) {
    view.failed_upto = view.upto + std::min(1 + script_.number() % 8, end - view.upto);
    view.error = script_.text(2);
  }
  if (how >= 14) perturb(view, {lease.begin, end}, committed);
  return view;
}

// Changes it into a report that no honest holder sends. A report that breaks a rule, so that it cannot be
// committed, may also lie. Otherwise every value stays true, so that the checks can tell counted values from
// others.
void Play::perturb(LeaseView& view, const Range& range, std::uint64_t committed) {
  const std::size_t how = script_.below(8);
  switch (how) {
    case 0:
      view.begin = script_.one_in(2) ? script_.number() : view.begin + 1;
      break;
    case 1:
      view.upto = range.end + 1 + script_.number() % 4;
      break;
    case 2:
      view.upto = u64_max;
      break;
    case 3:
      view.upto = committed - std::min(committed - range.begin, script_.number());
      break;
    case 4:
      view.end = script_.number();
      break;
    case 5:
      view.failed_upto = script_.number();
      break;
    case 6:
      view.upto = range.begin - std::min<std::uint64_t>(range.begin, 1);
      break;
    default:
      view.value = view.value ? std::nullopt : lie();
      return;
  }
  const bool may_commit = view.begin == range.begin && committed < view.upto && view.upto <= range.end;
  if (!may_commit || stage_.honesty() == Honesty::anything_is_said) {
    view.value = lie();
  } else if (view.value) {
    view.value = true_view(view.lease, *stage_.queue().leases().find(view.lease), view.upto).value;
  }
}

// About a lease that it has lost, that another agent holds, or that nobody holds.
LeaseView Play::view_of_a_stranger(const Agent& agent, const Agent* heard) {
  const LeaseTable& leases = stage_.queue().leases();
  LeaseView view;
  view.lease = {stage_.epoch(), script_.number()};
  view.begin = script_.number();
  if (!agent.lost.empty() && script_.one_in(2)) {
    view.lease = some_of(script_, agent.lost)->first;
  } else if (!leases.all().empty() && script_.one_in(2)) {
    view.lease = some_of(script_, leases.all())->first;
  }
  const Lease* lease = leases.find(view.lease);
  if (lease == nullptr) {
    view.upto = script_.number();
    view.end = script_.number();
  } else {
    view = true_view(view.lease, *lease, stage_.queue().jobs().at(lease->job).ledger.end_of(lease->begin));
    if (heard != nullptr && heard->row.id == lease->agent) return view;
  }
  view.value = lie();
  return view;
}

std::optional<Value> Play::lie() {
  static const std::array<Value, 10> lies = {
      Int128{1}, Int128{0}, int128_max, int128_min,   0.5,
      -0.0,      1.7e308,   -1.7e308,   sum_widest(), *fold(Fold::sum, 1e16, 1.0)};
  return script_.one_of(lies);
}

// For any jobs, each at most once; some values are not valid costs.
std::vector<PaceView> Play::some_paces() {
  std::vector<PaceView> paces;
  for (const auto& job : stage_.queue().jobs()) {
    if (!script_.one_in(4)) continue;
    const double fixed_s = script_.one_in(4) ? script_.one_of(costs) : 0;
    paces.push_back({job.first, fixed_s, script_.one_of(costs)});
  }
  return paces;
}

}  // namespace pq::fuzz
