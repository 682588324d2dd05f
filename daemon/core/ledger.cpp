#include "daemon/core/ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/values/check.h"
#include "daemon/core/limits.h"

namespace pq::core {

Ledger::Ledger(JobId job, Range range, Fold how, Changes& changes)
    : job_(job), range_(range), fold_(how), spans_(job, how) {
  spans_.put_free(range.begin, range.end, Free{}, changes);
}

Ledger::Ledger(JobId job, Range range, Fold how, std::map<std::uint64_t, Span> spans)
    : job_(job), range_(range), fold_(how), spans_(job, how, std::move(spans)) {
  for (const auto& [begin, span] : spans_.all()) {
    if (std::holds_alternative<Done>(span.state)) done_ += span.end - begin;
    if (std::holds_alternative<Failed>(span.state)) failed_ += span.end - begin;
    if (const auto* leased = std::get_if<Leased>(&span.state)) {
      ++leased_;
      done_ += leased->upto - begin;
    }
  }
}

// ---------------------------------------------------------------- leases

Range Ledger::grant(std::uint64_t begin, LeaseId lease, AgentId agent, std::uint64_t width_max,
                    Changes& changes) {
  const auto place = spans_.find(begin);
  check(place != spans_.end() && std::holds_alternative<Free>(place->second.state),
        "only what is free is granted");
  check(width_max > 0, "a lease is not empty");
  const Free was = std::get<Free>(place->second.state);
  const std::uint64_t free_end = place->second.end;
  const std::uint64_t end = free_end - begin > width_max ? begin + width_max : free_end;
  ++leased_;
  spans_.put(begin, Span{end, Leased{lease, agent, begin, std::nullopt, was.evidence}}, changes);
  if (end < free_end) spans_.put_free(end, free_end, was, changes);
  return {begin, end};
}

const Leased* Ledger::leased_at(std::uint64_t begin) const {
  const auto place = spans_.all().find(begin);
  return place == spans_.all().end() ? nullptr : std::get_if<Leased>(&place->second.state);
}

Verdict Ledger::commit(const Commit& commit, Changes& changes) {
  const auto place = spans_.find(commit.begin);
  if (place == spans_.end()) return Verdict::refused;
  auto* leased = std::get_if<Leased>(&place->second.state);
  if (leased == nullptr || leased->lease != commit.lease || leased->agent != commit.agent)
    return Verdict::refused;
  if (commit.upto < commit.begin || commit.upto > place->second.end) return Verdict::refused;
  if (commit.upto <= leased->upto) {
    const bool same_point = commit.upto == leased->upto && commit.value && leased->value;
    return same_point && !same(*commit.value, *leased->value) ? Verdict::contradicts : Verdict::duplicate;
  }
  if (commit.value.has_value() != (fold_ != Fold::none)) return Verdict::refused;
  done_ += commit.upto - leased->upto;
  leased->upto = commit.upto;
  leased->value = commit.value;
  if (commit.upto < place->second.end) {
    spans_.note(place, changes);
    return Verdict::advanced;
  }
  end_lease(place, changes);
  return Verdict::finished;
}

// The lease becomes its committed part, with nothing left to compute.
void Ledger::end_lease(SpanMap::Place place, Changes& changes) {
  const Leased leased = std::get<Leased>(place->second.state);
  check(leased.upto == place->second.end, "a lease ends at its committed point");
  --leased_;
  if (leased.upto == place->first) {  // nothing was committed: no empty span stays
    spans_.erase(place, changes);
    return;
  }
  changes.parts[{job_, place->first}] = Part{leased.upto, leased.lease, {}, leased.value, 0};
  place->second.state = Done{leased.value};
  spans_.note(place, changes);
  spans_.join_neighbours(place, changes);
}

void Ledger::take_back(std::uint64_t begin, Changes& changes) {
  const auto place = spans_.find(begin);
  check(place != spans_.end() && std::holds_alternative<Leased>(place->second.state),
        "only a lease is taken back");
  const Leased leased = std::get<Leased>(place->second.state);
  --leased_;
  done_ -= leased.upto - begin;
  spans_.join_neighbours(spans_.put_free(begin, place->second.end, Free{leased.evidence}, changes), changes);
}

// ---------------------------------------------------------------- parts that are discarded

std::uint64_t Ledger::discard(const std::vector<DonePart>& parts, Changes& changes) {
  std::uint64_t discarded = 0;
  for (auto first = parts.begin(); first != parts.end();) {
    const auto place = spans_.holding(first->range.begin);
    check(std::holds_alternative<Done>(place->second.state), "parts are of what is done");
    const std::uint64_t end = place->second.end;
    const auto last =
        std::find_if(first, parts.end(), [&](const DonePart& part) { return part.range.begin >= end; });
    if (std::any_of(first, last, [](const DonePart& part) { return !part.is_kept; }))
      discarded += spans_.replace(place, first, last, changes);
    first = last;
  }
  done_ -= discarded;
  return discarded;
}

bool Ledger::shrink(std::uint64_t begin, std::uint64_t end, Changes& changes) {
  const auto place = spans_.find(begin);
  check(place != spans_.end() && std::holds_alternative<Leased>(place->second.state), "only a lease shrinks");
  const Leased leased = std::get<Leased>(place->second.state);
  const std::uint64_t end_before = place->second.end;
  if (end < leased.upto || end > end_before) return false;
  if (end == end_before) return true;
  place->second.end = end;
  if (end == leased.upto) {
    end_lease(place, changes);
  } else {
    spans_.note(place, changes);
  }
  const SpanMap::Place rest = spans_.put_free(end, end_before, Free{leased.evidence}, changes);
  spans_.join_neighbours(rest, changes);
  return true;
}

void Ledger::release(std::uint64_t begin, Changes& changes) {
  const Leased* leased = leased_at(begin);
  check(leased != nullptr, "only a lease is released");
  check(shrink(begin, leased->upto, changes), "a lease can always end at its committed point");
}

// ---------------------------------------------------------------- failures and losses

namespace {

// The latest last. Beyond the limit the oldest is forgotten, and that agent may try again.
void remember(std::vector<AgentId>& agents, AgentId agent) {
  std::erase(agents, agent);
  if (agents.size() >= limits::evidence_agents_max) agents.erase(agents.begin());
  agents.push_back(agent);
}

}  // namespace

// Ends the lease at `begin`: its committed part becomes done. [committed point, upto) is taken out of the
// ledger for the caller to put back, and what follows is free.
Range Ledger::cut_out(std::uint64_t begin, std::uint64_t upto, Changes& changes) {
  const Leased* leased = leased_at(begin);
  check(leased != nullptr && leased->upto < upto && upto <= end_of(begin), "what is cut out is of its lease");
  const Range part{leased->upto, upto};
  shrink(begin, part.end, changes);  // first what was not tried, then the lease, then what was tried
  const SpanMap::Place place = spans_.find(begin);
  place->second.end = part.begin;
  end_lease(place, changes);
  return part;
}

void Ledger::fail(std::uint64_t begin, const FailedPart& failure, Changes& changes) {
  Evidence evidence = leased_at(begin)->evidence;
  const Range tried = cut_out(begin, failure.upto, changes);
  const bool is_first = evidence.attempts_failed == 0;
  remember(evidence.failed_on, failure.agent);
  if (failure.counts) evidence.attempts_failed += 1;
  if (tried.width() == 1 && failure.is_last_word) {
    failed_ += 1;
    evidence.lost_on.clear();  // an agent that comes back changes nothing
    spans_.put(tried.begin, Span{tried.end, Failed{evidence, failure.error}}, changes);
  } else if (tried.width() == 1 || is_first || !failure.counts) {
    spans_.put_free(tried.begin, tried.end, Free{evidence}, changes);
  } else {
    const std::uint64_t middle = tried.begin + tried.width() / 2;
    evidence.attempts_failed = 1;
    evidence.failed_on = {failure.agent};
    spans_.put_free(tried.begin, middle, Free{evidence}, changes);
    spans_.put_free(middle, tried.end, Free{evidence}, changes);
  }
}

void Ledger::lose(std::uint64_t begin, const LostPart& loss, Changes& changes) {
  Evidence evidence = leased_at(begin)->evidence;
  const Range part = cut_out(begin, loss.upto, changes);
  evidence.losses += 1;
  evidence.losses_alone += part.width() == 1 ? 1 : 0;
  evidence.in_hand += loss.in_hand;
  evidence.lost_width = part.width();
  remember(evidence.lost_on, loss.agent);
  if (part.width() == 1 && loss.last_word) {
    failed_ += 1;
    spans_.put(part.begin, Span{part.end, Failed{evidence, *loss.last_word}}, changes);
  } else {
    spans_.put_free(part.begin, part.end, Free{evidence}, changes);
  }
}

Range Ledger::hand_over(std::uint64_t begin, LeaseId lease, AgentId agent, Changes& changes) {
  Evidence evidence = leased_at(begin)->evidence;
  remember(evidence.failed_on, leased_at(begin)->agent);
  const Range rest = cut_out(begin, end_of(begin), changes);
  ++leased_;
  spans_.put(rest.begin, Span{rest.end, Leased{lease, agent, rest.begin, std::nullopt, evidence}}, changes);
  return rest;
}

std::uint64_t Ledger::absolve(AgentId agent, const Range& part, Changes& changes) {
  std::vector<std::uint64_t> begins;
  const SpanMap::Map& all = spans_.all();
  for (auto place = all.lower_bound(part.begin); place != all.end() && place->first < part.end; ++place)
    begins.push_back(place->first);
  std::uint64_t fewer = 0;
  for (const std::uint64_t begin : begins) {
    const auto place = spans_.find(begin);
    if (place == spans_.end()) continue;  // joined with the one before
    if (const auto* failed = std::get_if<Failed>(&place->second.state);
        failed != nullptr && failed->evidence.was_lost_on(agent)) {
      failed_ -= place->second.end - begin;
      spans_.put_free(begin, place->second.end, Free{Evidence{failed->evidence}}, changes);
    }
    auto* free = std::get_if<Free>(&place->second.state);
    auto* leased = std::get_if<Leased>(&place->second.state);
    Evidence* evidence = free != nullptr ? &free->evidence : leased != nullptr ? &leased->evidence : nullptr;
    if (evidence == nullptr || !evidence->was_lost_on(agent)) continue;
    fewer = std::max<std::uint64_t>(fewer, evidence->losses > 2 ? 1 : evidence->losses == 2 ? 2 : 0);
    evidence->losses -= 1;
    evidence->losses_alone = std::min(evidence->losses_alone, evidence->losses);
    std::erase(evidence->lost_on, agent);
    if (evidence->losses == 0) {
      evidence->lost_on.clear();
      evidence->in_hand = Duration{0};
      evidence->lost_width = 0;
    }
    spans_.note(place, changes);
    if (free != nullptr) spans_.join_neighbours(place, changes);
  }
  return fewer;
}

// ---------------------------------------------------------------- questions

std::uint64_t Ledger::free_width() const {
  std::uint64_t width = 0;
  for (const std::uint64_t begin : spans_.free()) width += spans_.all().at(begin).end - begin;
  return width;
}

namespace {

std::optional<Value> folded(const SpanMap::Map& spans, Fold how) {
  if (how == Fold::none) return std::nullopt;
  Folded total;
  for (const auto& [begin, span] : spans) {
    if (const auto* done = std::get_if<Done>(&span.state))
      total = fold_present(how, total.value, done->value);
    if (const auto* leased = std::get_if<Leased>(&span.state))
      total = fold_present(how, total.value, leased->value);
    if (!total.fits) return std::nullopt;
  }
  return total.value;
}

}  // namespace

std::optional<Value> Ledger::value() const {
  if (!total_ || total_->revision != spans_.revision())
    total_ = Total{spans_.revision(), folded(spans_.all(), fold_)};
  return total_->value;
}

// Spans that were given up, or that are free and have evidence. All are taken out before any is joined,
// because joining removes neighbours.
bool Ledger::forgive(Changes& changes) {
  std::vector<std::uint64_t> failed;
  for (const auto& [begin, span] : spans_.all()) {
    const auto* free = std::get_if<Free>(&span.state);
    if (std::holds_alternative<Failed>(span.state) || (free != nullptr && !free->evidence.is_none()))
      failed.push_back(begin);
  }
  for (const std::uint64_t begin : failed) {
    const Span& span = spans_.all().at(begin);
    if (std::holds_alternative<Failed>(span.state)) failed_ -= span.end - begin;
    spans_.put_free(begin, span.end, Free{}, changes);
  }
  for (const std::uint64_t begin : failed) {
    const auto place = spans_.find(begin);
    if (place != spans_.end()) spans_.join_neighbours(place, changes);
  }
  return !failed.empty();
}

bool Ledger::is_counted(std::uint64_t at) const {
  if (!range_.contains(at)) return false;
  const auto& [begin, span] = *std::prev(spans_.all().upper_bound(at));
  const auto* leased = std::get_if<Leased>(&span.state);
  return leased != nullptr ? at < leased->upto : std::holds_alternative<Done>(span.state);
}

std::optional<std::string> Ledger::first_error() const {
  for (const auto& [begin, span] : spans_.all()) {
    if (const auto* failed = std::get_if<Failed>(&span.state)) return failed->error;
  }
  return std::nullopt;
}

std::vector<FailedSpan> Ledger::failed_spans(std::size_t count_max) const {
  std::vector<FailedSpan> spans;
  for (const auto& [begin, span] : spans_.all()) {
    if (spans.size() == count_max) break;
    const auto* failed = std::get_if<Failed>(&span.state);
    if (failed == nullptr) continue;
    const Evidence& known = failed->evidence;
    spans.push_back({{begin, span.end}, known.attempts_failed, failed->error, known.losses});
  }
  return spans;
}

}  // namespace pq::core
