// One job's spans, in order. They tile the job's range at all times: every integer is in exactly one span,
// and each change below moves integers between states without adding or losing one. Neighbouring done spans
// are one, and so are free ones, so a ledger is as long as its fleet is large, not as its range is wide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/messages.h"
#include "common/range.h"
#include "common/value.h"
#include "daemon/core/rows.h"
#include "daemon/core/span.h"

namespace pq {

// "Of the lease that begins at `begin`, [begin, upto) has this value, all in all."
struct Commit {
  LeaseId lease;
  AgentId agent;
  std::uint64_t begin = 0;
  std::uint64_t upto = 0;
  std::optional<Value> value;
};

enum class Verdict {
  advanced,     // the committed point moved
  finished,     // it reached the lease's end: the lease is no more
  duplicate,    // not further than before, and the same
  contradicts,  // the same point as before, with another value: the kernel is not deterministic
  refused,      // not this agent's lease, or not within it
};

// "The program failed on [the committed point, upto)."
struct FailedPart {
  AgentId agent;
  std::uint64_t upto = 0;
  std::string error;
  std::uint32_t attempts_max = 0;  // of a single integer
};

class Ledger {
 public:
  // All of `range` is free. Writes its first row into `changes`.
  Ledger(JobId job, Range range, Fold how, Changes& changes);

  // As stored. REQUIRES: `spans` tile `range`.
  Ledger(JobId job, Range range, Fold how, std::map<std::uint64_t, Span> spans);

  // The first free span that `agent` may take: any, but for one that has failed on this very agent while
  // `others_can` try it.
  std::optional<Range> next_free(AgentId agent, bool others_can) const;

  // The front of the free span at `begin`, at most `width_max` (at least 1) wide, is leased from now on.
  Range grant(std::uint64_t begin, LeaseId lease, AgentId agent, std::uint64_t width_max, Changes& changes);

  Verdict commit(const Commit& commit, Changes& changes);

  // The holder of the lease at `begin` goes no further than `end`; the rest is free again. False: `end` is
  // not within [committed point, present end]. At the committed point the lease ends.
  bool shrink(std::uint64_t begin, std::uint64_t end, Changes& changes);

  // The lease at `begin` is over: what was committed is done, the rest is free again.
  void release(std::uint64_t begin, Changes& changes);

  // The lease at `begin` is over: what was committed is done; the part that failed is tried again elsewhere,
  // then halved, and marked failed when it is a single integer that has failed attempts_max times; the rest
  // is free. REQUIRES: upto is within (committed point, end].
  void fail(std::uint64_t begin, const FailedPart& failure, Changes& changes);

  // What was given up is free again, and what has failed counts as never tried. False: there is no such
  // thing.
  bool forgive(Changes& changes);

  // Whether the integer `at` is counted in the value.
  bool is_counted(std::uint64_t at) const;

  bool has_free() const { return !free_.empty(); }
  bool is_finished() const { return free_.empty() && leased_ == 0; }
  std::size_t leases() const { return leased_; }
  const Leased* leased_at(std::uint64_t begin) const;
  std::uint64_t end_of(std::uint64_t begin) const { return spans_.at(begin).end; }

  // Integers counted, given up, and still to do. They add up to the range's width.
  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t rest() const { return range_.width() - done_ - failed_; }
  // Of the rest, what nobody holds; as many steps as there are free spans.
  std::uint64_t free_width() const;

  // The fold of all that is committed; nullopt before the first commit, without a fold, or if it does not
  // fit.
  std::optional<Value> value() const;
  // The last words of the first failed span.
  std::optional<std::string> first_error() const;
  std::vector<FailedSpan> failed_spans(std::size_t count_max) const;

  const Range& range() const { return range_; }
  const std::map<std::uint64_t, Span>& spans() const { return spans_; }

 private:
  using Place = std::map<std::uint64_t, Span>::iterator;

  Place put(std::uint64_t begin, Span span, Changes& changes);
  void note(Place place, Changes& changes) const;
  void erase(Place place, Changes& changes);
  Place free_from(std::uint64_t begin, std::uint64_t end, Free how, Changes& changes);
  void end_lease(Place place, Changes& changes);
  static bool can_join(Place left, Place right);
  bool join(Place left, Changes& changes);
  void join_neighbours(Place place, Changes& changes);

  JobId job_;
  Range range_;
  Fold fold_;
  std::map<std::uint64_t, Span> spans_;  // by begin
  // Each of these follows from spans_; invariants.h checks that it does.
  std::set<std::uint64_t> free_;  // where the free spans begin
  std::size_t leased_ = 0;
  std::uint64_t done_ = 0;  // done spans and the committed parts of leases
  std::uint64_t failed_ = 0;
};

// The fold of two values of which either may not exist yet. false in `fits` if both do and their fold does
// not fit.
struct Folded {
  std::optional<Value> value;
  bool fits = true;
};
Folded fold_present(Fold how, const std::optional<Value>& left, const std::optional<Value>& right);

}  // namespace pq
