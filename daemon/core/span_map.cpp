#include "daemon/core/span_map.h"

#include <iterator>
#include <utility>

#include "common/values/check.h"

namespace pq::core {

Folded fold_present(Fold how, const std::optional<Value>& left, const std::optional<Value>& right) {
  if (!left || !right) return {left ? left : right, true};
  const std::optional<Value> joined = fold(how, *left, *right);
  return {joined, joined.has_value()};
}

SpanMap::SpanMap(JobId job, Fold how, Map spans) : job_(job), fold_(how), spans_(std::move(spans)) {
  for (const auto& [begin, span] : spans_) {
    if (std::holds_alternative<Free>(span.state)) free_.insert(begin);
  }
}

// ---------------------------------------------------------------- the rows

void SpanMap::note(Place place, Changes& changes) {
  ++revision_;
  changes.spans[{job_, place->first}] = place->second;
}

SpanMap::Place SpanMap::put(std::uint64_t begin, Span span, Changes& changes) {
  if (std::holds_alternative<Free>(span.state)) {
    free_.insert(begin);
  } else {
    free_.erase(begin);
  }
  const Place place = spans_.insert_or_assign(begin, std::move(span)).first;
  note(place, changes);
  return place;
}

SpanMap::Place SpanMap::put_free(std::uint64_t begin, std::uint64_t end, Free how, Changes& changes) {
  return put(begin, Span{end, std::move(how)}, changes);
}

void SpanMap::erase(Place place, Changes& changes) {
  ++revision_;
  changes.spans[{job_, place->first}] = std::nullopt;
  free_.erase(place->first);
  spans_.erase(place);
}

// ---------------------------------------------------------------- joining neighbours

bool SpanMap::can_join(Place left, Place right) {
  // Within a change there may be a gap where a lease has just ended.
  if (left->second.end != right->first) return false;
  const auto* left_free = std::get_if<Free>(&left->second.state);
  const auto* right_free = std::get_if<Free>(&right->second.state);
  // A part on which a program failed, or with which an agent was lost, stays as narrow as it was made.
  if (left_free && right_free) return left_free->evidence.is_none() && right_free->evidence.is_none();
  return std::holds_alternative<Done>(left->second.state) &&
         std::holds_alternative<Done>(right->second.state);
}

// Joins `left` with its right neighbour if they are alike. Done spans whose values do not fit even into an
// exact sum stay apart; only a lying agent can send those, and the job's end reports it (Ledger::value).
bool SpanMap::join(Place left, Changes& changes) {
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

// Folds all of them: a sum that did not fit may fit once more is added.
void SpanMap::join_neighbours(Place place, Changes& changes) {
  for (;;) {
    if (join(place, changes)) continue;
    if (place == spans_.begin()) return;
    const Place left = std::prev(place);
    if (!join(left, changes)) return;
    place = left;
  }
}

// Replaces the span by its parts, one after the other. Each joins its neighbour if it can.
std::uint64_t SpanMap::replace(Place done, Parts first, Parts last, Changes& changes) {
  check(first->range.begin == done->first && std::prev(last)->range.end == done->second.end,
        "parts tile what is done");
  erase(done, changes);
  std::uint64_t discarded = 0;
  for (auto part = first; part != last; ++part) {
    if (part->is_kept) {
      join_neighbours(put(part->range.begin, Span{part->range.end, Done{part->value}}, changes), changes);
    } else {
      join_neighbours(put_free(part->range.begin, part->range.end, Free{}, changes), changes);
      discarded += part->range.width();
    }
  }
  return discarded;
}

}  // namespace pq::core
