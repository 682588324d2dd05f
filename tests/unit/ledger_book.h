// A ledger for tests, with the rows that it has written so far. After every change the rows must equal its
// memory, and every promise about stored rows must hold.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/ledger.h"
#include "daemon/core/proof/invariants.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {

class Book {
 public:
  explicit Book(Range range, Fold how = Fold::sum) : ledger_(id, range, how, changes_) {
    job_.id = id;
    job_.spec.range = range;
    job_.spec.fold = how;
    rows_.jobs[id] = job_;
    check_rows();
  }

  const Ledger& ledger() const { return ledger_; }
  std::string text() const { return shape(ledger_.spans()); }

  Range grants(AgentId agent, std::uint64_t begin, std::uint64_t width_max) {
    ++counter_;
    const Range range = ledger_.grant(begin, lease_id(), agent, width_max, changes_);
    check_rows();
    return range;
  }

  // The lease that was granted last.
  LeaseId lease_id() const { return {Epoch{7}, counter_}; }

  Verdict commits(AgentId agent, std::uint64_t begin, std::uint64_t upto, std::optional<Value> value) {
    return commits(Commit{lease_id(), agent, begin, upto, value});
  }
  Verdict commits(const Commit& commit) {
    const Verdict verdict = ledger_.commit(commit, changes_);
    check_rows();
    return verdict;
  }
  bool shrinks(std::uint64_t begin, std::uint64_t end) {
    const bool able = ledger_.shrink(begin, end, changes_);
    check_rows();
    return able;
  }
  void releases(std::uint64_t begin) {
    ledger_.release(begin, changes_);
    check_rows();
  }
  void fails(AgentId agent, std::uint64_t begin, std::uint64_t upto, const std::string& error = "boom") {
    const std::uint32_t attempts = ledger_.leased_at(begin)->evidence.attempts_failed + 1;
    ledger_.fail(begin, {agent, upto, error, true, attempts >= 3}, changes_);
    check_rows();
  }
  // A failure that does not count: it only records where the part failed.
  void fails_unheard(AgentId agent, std::uint64_t begin, std::uint64_t upto) {
    ledger_.fail(begin, {agent, upto, "boom", false, false}, changes_);
    check_rows();
  }
  void loses(std::uint64_t begin, const LostPart& loss) {
    ledger_.lose(begin, loss, changes_);
    check_rows();
  }
  std::uint64_t absolves(AgentId agent, const Range& part) {
    const std::uint64_t fewer = ledger_.absolve(agent, part, changes_);
    check_rows();
    return fewer;
  }
  // The part that this agent takes next: nothing that has failed on it, if others can take it.
  std::optional<Range> next_free(AgentId agent, bool others_can) const {
    return ledger_.next_free(
        [&](const Evidence& known) { return !others_can || !known.has_failed_on(agent); });
  }

  bool forgives() {
    const bool any = ledger_.forgive(changes_);
    check_rows();
    return any;
  }

 private:
  static constexpr JobId id{5};

  void check_rows() {
    apply(changes_, rows_);
    changes_ = {};
    SpanRows remembered;
    for (const auto& [begin, span] : ledger_.spans()) remembered[{id, begin}] = span;
    REQUIRE(text_of(Stored{{}, rows_.spans, {}}) == text_of(Stored{{}, remembered, {}}));
    // A job whose last integer was just counted is still `running` here: its queue ends it.
    job_.state = ledger_.is_finished() ? JobState::failed : JobState::running;
    for (const Finding& finding : examine(job_, remembered, ledger_.value())) {
      REQUIRE_MESSAGE(finding.holds, finding.invariant, ": ", finding.detail);
    }
    REQUIRE(ledger_.done() + ledger_.failed() + ledger_.rest() == ledger_.range().width());
  }

  JobRow job_;
  Changes changes_;
  Stored rows_;
  Ledger ledger_;
  std::uint64_t counter_ = 0;
};

}  // namespace pq::tests
