// One job's spans, in order. They tile the job's range at all times: every integer is in exactly one span,
// and each change below moves integers between states without adding or losing one. Neighbouring done spans
// join, and so do free ones. So the length of a ledger follows the size of the fleet, not the width of the
// range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/range.h"
#include "common/values/value.h"
#include "daemon/core/rows.h"
#include "daemon/core/span.h"
#include "daemon/core/span_map.h"

namespace pq::core {

// "[begin, upto) of the lease that begins at `begin` has this value in total."
struct Commit {
  LeaseId lease;
  AgentId agent;
  std::uint64_t begin = 0;
  std::uint64_t upto = 0;
  std::optional<Value> value;
};

enum class Verdict {
  advanced,     // the committed point moved
  finished,     // it reached the lease's end, and the lease is over
  duplicate,    // not further than before, and the same
  contradicts,  // the same point as before, with another value: the kernel is not deterministic
  refused,      // not this agent's lease, or not within it
};

// "The program failed on [the committed point, upto)."
struct FailedPart {
  AgentId agent;
  std::uint64_t upto = 0;
  std::string error;
  bool counts = true;         // as an attempt; else only the agent is recorded
  bool is_last_word = false;  // a single integer is given up with it
};

// "The holder was lost after it had computed some of [the committed point, upto) for this long."
struct LostPart {
  AgentId agent;
  std::uint64_t upto = 0;
  Duration in_hand{0};
  std::optional<std::string> last_word = std::nullopt;  // a single integer is given up with it
};

class Ledger {
 public:
  // All of `range` is free. Writes its first row into `changes`.
  Ledger(JobId job, Range range, Fold how, Changes& changes);

  // As stored. REQUIRES: `spans` tile `range`.
  Ledger(JobId job, Range range, Fold how, std::map<std::uint64_t, Span> spans);

  // The first free span that has no evidence, or whose evidence `takes` accepts.
  template <class Takes>
  std::optional<Range> next_free(const Takes& takes) const {
    for (const std::uint64_t begin : spans_.free()) {
      const Span& span = spans_.all().at(begin);
      const Evidence& evidence = std::get<Free>(span.state).evidence;
      if (evidence.is_none() || takes(evidence)) return Range{begin, span.end};
    }
    return std::nullopt;
  }
  // REQUIRES: a free span begins there.
  const Evidence& evidence_at(std::uint64_t begin) const {
    return std::get<Free>(spans_.all().at(begin).state).evidence;
  }

  // Leases the front of the free span at `begin`, at most `width_max` (at least 1) wide.
  Range grant(std::uint64_t begin, LeaseId lease, AgentId agent, std::uint64_t width_max, Changes& changes);

  Verdict commit(const Commit& commit, Changes& changes);

  // The holder of the lease at `begin` goes no further than `end`; the rest is free. False: `end` is not
  // within [committed point, present end]. At the committed point the lease ends.
  bool shrink(std::uint64_t begin, std::uint64_t end, Changes& changes);

  // Ends the lease at `begin`: its committed part is done, the rest is free.
  void release(std::uint64_t begin, Changes& changes);

  // Ends the lease at `begin`: its committed part is done. The failed part is retried elsewhere, then halved,
  // and marked failed if it is a single integer and this failure is its last. The rest is free. REQUIRES:
  // upto is within (committed point, end].
  void fail(std::uint64_t begin, const FailedPart& failure, Changes& changes);

  // Ends the lease at `begin`: its committed part is done. What the lost holder may have computed stays apart
  // with that evidence, and the rest is free. REQUIRES: upto is within (committed point, end].
  void lose(std::uint64_t begin, const LostPart& loss, Changes& changes);

  // Ends the lease at `begin`: its committed part is done, and another agent gets the rest under another
  // lease. Returns that rest. REQUIRES: it is not empty.
  Range hand_over(std::uint64_t begin, LeaseId lease, AgentId agent, Changes& changes);

  // This agent was not lost after all while it had some of `part` in hand. Returns how many losses of agents
  // no longer count as explained: a part with one loss explains none, one with two explains both.
  std::uint64_t absolve(AgentId agent, const Range& part, Changes& changes);
  // Ends the lease at `begin`, and nothing of it counts: all of it is free.
  void take_back(std::uint64_t begin, Changes& changes);

  // Makes those of `parts` free that are not kept. REQUIRES: `parts` tile the done spans, in order. Returns
  // how many integers that are. The kept values are folded again, because only a sum could be undone.
  std::uint64_t discard(const std::vector<DonePart>& parts, Changes& changes);

  // What was given up is free again, and failed parts count as never tried. False: there were none.
  bool forgive(Changes& changes);

  // Whether the integer `at` is counted in the value.
  bool is_counted(std::uint64_t at) const;

  bool has_free() const { return !spans_.free().empty(); }
  bool is_finished() const { return spans_.free().empty() && leased_ == 0; }
  std::size_t leases() const { return leased_; }
  const Leased* leased_at(std::uint64_t begin) const;
  std::uint64_t end_of(std::uint64_t begin) const { return spans_.all().at(begin).end; }

  // Integers counted, given up, and still to do. They add up to the range's width.
  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t rest() const { return range_.width() - done_ - failed_; }
  // Integers that are not done and not leased. Costs O(free spans).
  std::uint64_t free_width() const;

  // The exact fold of all that is committed; nullopt before the first commit, without a fold, or if it does
  // not fit. Costs O(spans) once after each change, and then nothing.
  std::optional<Value> value() const;
  // The error text of the first failed span.
  std::optional<std::string> first_error() const;
  std::vector<FailedSpan> failed_spans(std::size_t count_max) const;

  const Range& range() const { return range_; }
  const std::map<std::uint64_t, Span>& spans() const { return spans_.all(); }

 private:
  struct Total {
    std::uint64_t revision = 0;  // of the spans
    std::optional<Value> value;
  };

  void end_lease(SpanMap::Place place, Changes& changes);
  Range cut_out(std::uint64_t begin, std::uint64_t upto, Changes& changes);

  JobId job_;
  Range range_;
  Fold fold_;
  SpanMap spans_;
  // These follow from the spans; invariants.h checks that they do.
  std::size_t leased_ = 0;
  std::uint64_t done_ = 0;  // done spans and the committed parts of leases
  std::uint64_t failed_ = 0;
  mutable std::optional<Total> total_;  // as it was last asked for
};

}  // namespace pq::core
