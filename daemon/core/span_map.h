// The spans of a job by where they begin: they tile its range, and neighbours that are alike are one. Every
// change is noted as a row. What may change, and why, is the ledger's business (daemon/core/ledger.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/values/range.h"
#include "common/values/value.h"
#include "daemon/core/rows.h"
#include "daemon/core/span.h"

namespace pq::core {

// The fold of two values, each of which may be missing. `fits` is false if both exist and their fold does not
// fit.
struct Folded {
  std::optional<Value> value;
  bool fits = true;
};
Folded fold_present(Fold how, const std::optional<Value>& left, const std::optional<Value>& right);

// A piece of a done span, with its own value.
struct DonePart {
  Range range;
  std::optional<Value> value;
  bool is_kept = true;
};

class SpanMap {
 public:
  using Map = std::map<std::uint64_t, Span>;
  using Place = Map::iterator;
  using Parts = std::vector<DonePart>::const_iterator;

  SpanMap(JobId job, Fold how) : job_(job), fold_(how) {}
  // As stored. REQUIRES: `spans` tile a range.
  SpanMap(JobId job, Fold how, Map spans);

  const Map& all() const { return spans_; }
  // How often a span was changed: what follows from the spans holds as long as this stays.
  std::uint64_t revision() const { return revision_; }
  // Where the free spans begin.
  const std::set<std::uint64_t>& free() const { return free_; }

  // The span that begins there; end() if none does.
  Place find(std::uint64_t begin) { return spans_.find(begin); }
  Place end() { return spans_.end(); }
  // REQUIRES: `at` is in the range.
  Place holding(std::uint64_t at) { return std::prev(spans_.upper_bound(at)); }

  // In place of a span that begins there, if one does. The caller sees to it that the range stays tiled.
  Place put(std::uint64_t begin, Span span, Changes& changes);
  Place put_free(std::uint64_t begin, std::uint64_t end, Free how, Changes& changes);
  // After the span itself was changed; a free one stays free, and no other becomes free so.
  void note(Place place, Changes& changes);
  void erase(Place place, Changes& changes);

  // Joins a span with its neighbours on both sides, as far as they are alike.
  void join_neighbours(Place place, Changes& changes);

  // Puts its parts in the place of a done span: what is not kept is free. Returns how many integers that are.
  // REQUIRES: the parts tile it.
  std::uint64_t replace(Place done, Parts first, Parts last, Changes& changes);

 private:
  static bool can_join(Place left, Place right);
  bool join(Place left, Changes& changes);

  JobId job_;
  Fold fold_;
  Map spans_;
  std::set<std::uint64_t> free_;  // follows from spans_; invariants.h checks that it does
  std::uint64_t revision_ = 0;
};

}  // namespace pq::core
