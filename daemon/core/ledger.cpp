#include "daemon/core/ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/check.h"

namespace pq {

Folded fold_present(Fold how, const std::optional<Value>& left, const std::optional<Value>& right) {
  if (!left || !right) return {left ? left : right, true};
  const std::optional<Value> joined = fold(how, *left, *right);
  return {joined, joined.has_value()};
}

Ledger::Ledger(JobId job, Range range, Fold how, Changes& changes) : job_(job), range_(range), fold_(how) {
  free_from(range.begin, range.end, Free{}, changes);
}

Ledger::Ledger(JobId job, Range range, Fold how, std::map<std::uint64_t, Span> spans)
    : job_(job), range_(range), fold_(how), spans_(std::move(spans)) {
  for (const auto& [begin, span] : spans_) {
    if (std::holds_alternative<Free>(span.state)) free_.insert(begin);
    if (std::holds_alternative<Done>(span.state)) done_ += span.end - begin;
    if (std::holds_alternative<Failed>(span.state)) failed_ += span.end - begin;
    if (const auto* leased = std::get_if<Leased>(&span.state)) {
      ++leased_;
      done_ += leased->upto - begin;
    }
  }
}

// ---------------------------------------------------------------- the rows

void Ledger::note(Place place, Changes& changes) const {
  changes.spans[{job_, place->first}] = place->second;
}

Ledger::Place Ledger::put(std::uint64_t begin, Span span, Changes& changes) {
  const Place place = spans_.insert_or_assign(begin, std::move(span)).first;
  note(place, changes);
  return place;
}

void Ledger::erase(Place place, Changes& changes) {
  changes.spans[{job_, place->first}] = std::nullopt;
  free_.erase(place->first);
  spans_.erase(place);
}

Ledger::Place Ledger::free_from(std::uint64_t begin, std::uint64_t end, Free how, Changes& changes) {
  free_.insert(begin);
  return put(begin, Span{end, how}, changes);
}

// ---------------------------------------------------------------- joining neighbours

bool Ledger::can_join(Place left, Place right) {
  // In the middle of a change there may be a gap where a lease has just ended.
  if (left->second.end != right->first) return false;
  const auto* left_free = std::get_if<Free>(&left->second.state);
  const auto* right_free = std::get_if<Free>(&right->second.state);
  // What a program has failed on stays as narrow as bisection has made it.
  if (left_free && right_free) return left_free->attempts_failed == 0 && right_free->attempts_failed == 0;
  return std::holds_alternative<Done>(left->second.state) &&
         std::holds_alternative<Done>(right->second.state);
}

// Joins `left` with its right neighbour if they are alike. Done spans whose values do not fit into one stay
// apart: the job's end tells (Ledger::value).
bool Ledger::join(Place left, Changes& changes) {
  const Place right = std::next(left);
  if (right == spans_.end() || !can_join(left, right)) return false;
  if (auto* done = std::get_if<Done>(&left->second.state)) {
    const Folded both = fold_present(fold_, done->value, std::get<Done>(right->second.state).value);
    if (!both.fits) return false;
    done->value = both.value;
  }
  left->second.end = right->second.end;
  erase(right, changes);
  note(left, changes);
  return true;
}

// To the end: a sum that did not fit may fit once more is added to it.
void Ledger::join_neighbours(Place place, Changes& changes) {
  for (;;) {
    if (join(place, changes)) continue;
    if (place == spans_.begin()) return;
    const Place left = std::prev(place);
    if (!join(left, changes)) return;
    place = left;
  }
}

// ---------------------------------------------------------------- leases

std::optional<Range> Ledger::next_free(AgentId agent, bool others_can) const {
  for (const std::uint64_t begin : free_) {
    const Span& span = spans_.at(begin);
    if (others_can && std::get<Free>(span.state).failed_on == agent) continue;
    return Range{begin, span.end};
  }
  return std::nullopt;
}

Range Ledger::grant(std::uint64_t begin, LeaseId lease, AgentId agent, std::uint64_t width_max,
                    Changes& changes) {
  const auto place = spans_.find(begin);
  check(place != spans_.end() && std::holds_alternative<Free>(place->second.state),
        "only what is free is granted");
  check(width_max > 0, "a lease is not empty");
  const Free was = std::get<Free>(place->second.state);
  const std::uint64_t free_end = place->second.end;
  const std::uint64_t end = free_end - begin > width_max ? begin + width_max : free_end;
  free_.erase(begin);
  ++leased_;
  put(begin, Span{end, Leased{lease, agent, begin, std::nullopt, was.attempts_failed, was.failed_on}},
      changes);
  if (end < free_end) free_from(end, free_end, was, changes);
  return {begin, end};
}

const Leased* Ledger::leased_at(std::uint64_t begin) const {
  const auto place = spans_.find(begin);
  return place == spans_.end() ? nullptr : std::get_if<Leased>(&place->second.state);
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
    note(place, changes);
    return Verdict::advanced;
  }
  end_lease(place, changes);
  return Verdict::finished;
}

// The lease becomes what it has committed; nothing of it is left to compute.
void Ledger::end_lease(Place place, Changes& changes) {
  const Leased leased = std::get<Leased>(place->second.state);
  check(leased.upto == place->second.end, "a lease ends at its committed point");
  --leased_;
  if (leased.upto == place->first) {  // nothing was committed: an empty span is none at all
    erase(place, changes);
    return;
  }
  place->second.state = Done{leased.value};
  note(place, changes);
  join_neighbours(place, changes);
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
    note(place, changes);
  }
  const Place rest = free_from(end, end_before, Free{leased.attempts_failed, leased.failed_on}, changes);
  join_neighbours(rest, changes);
  return true;
}

void Ledger::release(std::uint64_t begin, Changes& changes) {
  const Leased* leased = leased_at(begin);
  check(leased != nullptr, "only a lease is released");
  check(shrink(begin, leased->upto, changes), "a lease can always end at its committed point");
}

// ---------------------------------------------------------------- failure

void Ledger::fail(std::uint64_t begin, const FailedPart& failure, Changes& changes) {
  const Leased* leased = leased_at(begin);
  check(leased != nullptr && leased->upto < failure.upto && failure.upto <= end_of(begin),
        "a failure is within its lease");
  const Range tried{leased->upto, failure.upto};
  const std::uint32_t failed_before = leased->attempts_failed;
  shrink(begin, tried.end, changes);  // first what was not tried, then the lease, then what was
  const Place place = spans_.find(begin);
  place->second.end = tried.begin;
  end_lease(place, changes);
  const std::uint32_t attempts = failed_before + 1;
  if (tried.width() == 1 && attempts >= failure.attempts_max) {
    failed_ += 1;
    put(tried.begin, Span{tried.end, Failed{attempts, failure.error}}, changes);
  } else if (tried.width() == 1 || failed_before == 0) {
    free_from(tried.begin, tried.end, Free{attempts, failure.agent}, changes);
  } else {
    const std::uint64_t middle = tried.begin + tried.width() / 2;
    free_from(tried.begin, middle, Free{1, failure.agent}, changes);
    free_from(middle, tried.end, Free{1, failure.agent}, changes);
  }
}

// ---------------------------------------------------------------- questions

std::uint64_t Ledger::free_width() const {
  std::uint64_t width = 0;
  for (const std::uint64_t begin : free_) width += spans_.at(begin).end - begin;
  return width;
}

std::optional<Value> Ledger::value() const {
  if (fold_ == Fold::none) return std::nullopt;
  Folded total;
  for (const auto& [begin, span] : spans_) {
    if (const auto* done = std::get_if<Done>(&span.state))
      total = fold_present(fold_, total.value, done->value);
    if (const auto* leased = std::get_if<Leased>(&span.state))
      total = fold_present(fold_, total.value, leased->value);
    if (!total.fits) return std::nullopt;
  }
  return total.value;
}

// Spans that were given up, or are free after failed attempts. They are taken out first and joined then:
// joining takes away neighbours.
bool Ledger::forgive(Changes& changes) {
  std::vector<std::uint64_t> failed;
  for (const auto& [begin, span] : spans_) {
    const auto* free = std::get_if<Free>(&span.state);
    if (std::holds_alternative<Failed>(span.state) || (free != nullptr && free->attempts_failed > 0))
      failed.push_back(begin);
  }
  for (const std::uint64_t begin : failed) {
    const Span& span = spans_.at(begin);
    if (std::holds_alternative<Failed>(span.state)) failed_ -= span.end - begin;
    free_from(begin, span.end, Free{}, changes);
  }
  for (const std::uint64_t begin : failed) {
    const auto place = spans_.find(begin);
    if (place != spans_.end()) join_neighbours(place, changes);
  }
  return !failed.empty();
}

bool Ledger::is_counted(std::uint64_t at) const {
  if (!range_.contains(at)) return false;
  const auto& [begin, span] = *std::prev(spans_.upper_bound(at));
  const auto* leased = std::get_if<Leased>(&span.state);
  return leased != nullptr ? at < leased->upto : std::holds_alternative<Done>(span.state);
}

std::optional<std::string> Ledger::first_error() const {
  for (const auto& [begin, span] : spans_) {
    if (const auto* failed = std::get_if<Failed>(&span.state)) return failed->error;
  }
  return std::nullopt;
}

std::vector<FailedSpan> Ledger::failed_spans(std::size_t count_max) const {
  std::vector<FailedSpan> spans;
  for (const auto& [begin, span] : spans_) {
    if (spans.size() == count_max) break;
    if (const auto* failed = std::get_if<Failed>(&span.state))
      spans.push_back({{begin, span.end}, failed->attempts_failed, failed->error});
  }
  return spans;
}

}  // namespace pq
