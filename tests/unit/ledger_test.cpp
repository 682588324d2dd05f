#include "daemon/core/ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "daemon/core/invariants.h"
#include "tests/unit/scenario.h"
#include "tests/unit/stored_rows.h"

namespace pq {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
constexpr Int128 int128_max = ((Int128{1} << 126) - 1) * 2 + 1;
constexpr AgentId ann{1};
constexpr AgentId bob{2};

// A ledger with the rows that it has written so far. After every change these must be what it remembers, and
// all that is promised of stored rows must hold.
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
    ledger_.fail(begin, {agent, upto, error, 3}, changes_);
    check_rows();
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

TEST_CASE("all of a new ledger is free, whatever its width") {
  CHECK(Book({0, 1}).text() == "free 0:1");
  Book book({0, largest});
  CHECK(book.text() == "free 0:18446744073709551615");
  CHECK(book.ledger().rest() == largest);
  CHECK(book.ledger().has_free());
  CHECK_FALSE(book.ledger().is_finished());
  CHECK_FALSE(book.ledger().value());
}

TEST_CASE("a grant takes the front of a free span, at most as wide as it is told") {
  Book book({0, 1000});
  CHECK(book.grants(ann, 0, 300) == Range{0, 300});
  CHECK(book.grants(bob, 300, largest) == Range{300, 1000});
  CHECK(book.text() == "leased 0:300 at 0, leased 300:1000 at 300");
  CHECK(book.ledger().leases() == 2);
  CHECK_FALSE(book.ledger().has_free());
  CHECK_FALSE(book.ledger().is_finished());
}

TEST_CASE("a commit moves the committed point and replaces the value") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  CHECK(book.commits(ann, 0, 300, value(62)) == Verdict::advanced);
  CHECK(book.commits(ann, 0, 301, value(62)) == Verdict::advanced);
  CHECK(book.text() == "leased 0:1000 at 301 = 62");
  CHECK(book.ledger().value() == value(62));
  CHECK(book.ledger().done() == 301);
  CHECK(book.commits(ann, 0, 1000, value(168)) == Verdict::finished);
  CHECK(book.text() == "done 0:1000 = 168");
  CHECK(book.ledger().is_finished());
  CHECK(book.ledger().leases() == 0);
}

TEST_CASE("a repeated or overtaken commit changes nothing") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  CHECK(book.commits(ann, 0, 0, std::nullopt) == Verdict::duplicate);
  book.commits(ann, 0, 300, value(62));
  CHECK(book.commits(ann, 0, 300, value(62)) == Verdict::duplicate);
  CHECK(book.commits(ann, 0, 200, value(46)) == Verdict::duplicate);
  CHECK(book.text() == "leased 0:1000 at 300 = 62");
}

TEST_CASE("another value for the same point is a contradiction, and the first one stays") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  book.commits(ann, 0, 300, value(62));
  CHECK(book.commits(ann, 0, 300, value(63)) == Verdict::contradicts);
  CHECK(book.commits(ann, 0, 300, Value(62.0)) == Verdict::contradicts);
  CHECK(book.ledger().value() == value(62));
}

TEST_CASE("a commit is refused unless lease, agent, begin, end and value are all as they should be") {
  Book book({0, 1000});
  book.grants(ann, 100 - 100, 500);
  const LeaseId lease = book.lease_id();
  const LeaseId other_epoch{Epoch{8}, lease.counter};
  const LeaseId other_counter{lease.epoch, lease.counter + 1};
  for (const Commit& commit :
       {Commit{other_epoch, ann, 0, 300, value(62)}, Commit{other_counter, ann, 0, 300, value(62)},
        Commit{lease, bob, 0, 300, value(62)}, Commit{lease, ann, 1, 300, value(62)},  // within a lease
        Commit{lease, ann, 500, 600, value(62)},                                       // a free span's begin
        Commit{lease, ann, 2000, 2001, value(62)},                                     // outside of the job
        Commit{lease, ann, 0, 501, value(62)},                                         // beyond the lease
        Commit{lease, ann, 0, largest, value(62)},
        Commit{lease, ann, 0, 300, std::nullopt}}) {  // of a job with a fold
    CAPTURE(commit.upto);
    CHECK(book.commits(commit) == Verdict::refused);
  }
  CHECK(book.text() == "leased 0:500 at 0, free 500:1000");

  Book upper({100, 1000});
  upper.grants(ann, 100, 900);
  CHECK(upper.commits(ann, 100, 99, value(0)) == Verdict::refused);  // before its begin
}

TEST_CASE("a lease that is over takes no commit") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  book.commits(ann, 0, 300, value(62));
  book.releases(0);
  CHECK(book.commits(ann, 0, 400, value(78)) == Verdict::refused);
  book.grants(bob, 300, 700);
  CHECK(book.commits(bob, 300, 1000, value(106)) == Verdict::finished);
  CHECK(book.commits(bob, 300, 1000, value(106)) == Verdict::refused);
  CHECK(book.ledger().value() == value(168));
}

TEST_CASE("a lease shrinks to any point from its committed one to its end, and to no other") {
  for (const std::uint64_t end : {301, 500, 999}) {
    Book book({0, 1000});
    book.grants(ann, 0, 1000);
    book.commits(ann, 0, 300, value(62));
    CHECK(book.shrinks(0, end));
    CHECK(book.ledger().end_of(0) == end);
    CHECK(book.ledger().next_free(bob, false) == Range{end, 1000});
    CHECK(book.commits(ann, 0, end + 1, value(63)) == Verdict::refused);
    CHECK(book.commits(ann, 0, end, value(63)) == Verdict::finished);
  }
  Book book({0, 1000});
  book.grants(ann, 0, 800);
  book.commits(ann, 0, 300, value(62));
  CHECK_FALSE(book.shrinks(0, 299));
  CHECK_FALSE(book.shrinks(0, 801));
  CHECK(book.shrinks(0, 800));
  CHECK(book.text() == "leased 0:800 at 300 = 62, free 800:1000");
  CHECK(book.shrinks(0, 300));
  CHECK(book.text() == "done 0:300 = 62, free 300:1000");
  CHECK(book.ledger().leases() == 0);
}

TEST_CASE("what was committed stays when a lease is released, and an untouched lease leaves no trace") {
  Book book({0, 1000});
  book.grants(ann, 0, 500);
  book.releases(0);
  CHECK(book.text() == "free 0:1000");
  book.grants(ann, 0, 500);
  book.commits(ann, 0, 10, value(4));
  book.releases(0);
  CHECK(book.text() == "done 0:10 = 4, free 10:1000");
}

TEST_CASE("neighbouring done spans become one from whichever side they meet, and so do free ones") {
  Book book({0, 300});
  std::vector<LeaseId> leases;
  for (const std::uint64_t begin : {0, 100, 200}) {
    book.grants(ann, begin, 100);
    leases.push_back(book.lease_id());
  }
  SUBCASE("done") {
    book.commits({leases[0], ann, 0, 100, value(25)});
    book.commits({leases[2], ann, 200, 300, value(16)});
    CHECK(book.text() == "done 0:100 = 25, leased 100:200 at 100, done 200:300 = 16");
    book.commits({leases[1], ann, 100, 200, value(21)});
    CHECK(book.text() == "done 0:300 = 62");
  }
  SUBCASE("free") {
    book.releases(0);
    book.releases(200);
    CHECK(book.text() == "free 0:100, leased 100:200 at 100, free 200:300");
    book.releases(100);
    CHECK(book.text() == "free 0:300");
  }
  SUBCASE("both in one release") {
    book.commits({leases[0], ann, 0, 100, value(25)});
    book.releases(200);
    book.commits({leases[1], ann, 100, 150, value(10)});
    book.releases(100);
    CHECK(book.text() == "done 0:150 = 35, free 150:300");
  }
}

TEST_CASE("min, max and none fold as they say") {
  const auto folded = [](Fold how, std::optional<Value> first, std::optional<Value> second) {
    Book book({0, 20}, how);
    book.grants(ann, 0, 10);
    CHECK(book.commits(ann, 0, 10, first) == Verdict::finished);
    book.grants(ann, 10, 10);
    CHECK(book.commits(ann, 10, 15, second) == Verdict::advanced);
    CHECK(book.ledger().done() == 15);
    return book.ledger().value();
  };
  CHECK(folded(Fold::min, value(3), value(-5)) == value(-5));
  CHECK(folded(Fold::max, value(3), value(-5)) == value(3));
  CHECK(folded(Fold::sum, value(3), Value(0.5)) == Value(3.5));
  CHECK_FALSE(folded(Fold::none, std::nullopt, std::nullopt));
}

TEST_CASE("a job without a fold takes no value") {
  Book book({0, 20}, Fold::none);
  book.grants(ann, 0, 20);
  CHECK(book.commits(ann, 0, 10, value(1)) == Verdict::refused);
  CHECK(book.commits(ann, 0, 10, std::nullopt) == Verdict::advanced);
  CHECK(book.commits(ann, 0, 20, std::nullopt) == Verdict::finished);
  CHECK(book.text() == "done 0:20");
}

TEST_CASE("a sum that does not fit is no value, not a wrapped one") {
  Book book({0, 20});
  book.grants(ann, 0, 10);
  book.commits(ann, 0, 10, Value(int128_max));
  CHECK(book.ledger().value() == Value(int128_max));
  book.grants(ann, 10, 10);
  book.commits(ann, 10, 15, value(1));
  CHECK_FALSE(book.ledger().value());
  book.commits(ann, 10, 20, value(1));
  CHECK(book.ledger().spans().size() == 2);  // kept apart
  CHECK_FALSE(book.ledger().value());
  CHECK(book.ledger().is_finished());
}

TEST_CASE("a sum that fits again once all of it is known is one span and the right value") {
  Book book({0, 30});
  std::vector<LeaseId> leases;
  for (const std::uint64_t begin : {0, 10, 20}) {
    book.grants(ann, begin, 10);
    leases.push_back(book.lease_id());
  }
  book.commits({leases[0], ann, 0, 10, Value(int128_max)});
  book.commits({leases[1], ann, 10, 20, value(1)});
  CHECK_FALSE(book.ledger().value());
  book.commits({leases[2], ann, 20, 30, value(-5)});
  CHECK(book.ledger().spans().size() == 1);
  CHECK(book.ledger().value() == Value(int128_max - 4));
}

TEST_CASE("a range may begin at 0 and end at the largest integer") {
  Book book({0, largest});
  CHECK(book.grants(ann, 0, largest) == Range{0, largest});
  CHECK(book.commits(ann, 0, largest - 1, value(1)) == Verdict::advanced);
  book.releases(0);
  CHECK(book.text() == "done 0:18446744073709551614 = 1, free 18446744073709551614:18446744073709551615");
  book.grants(ann, largest - 1, largest);
  CHECK(book.commits(ann, largest - 1, largest, value(1)) == Verdict::finished);
  CHECK(book.ledger().done() == largest);
}

TEST_CASE("a part on which the program failed is tried whole by another agent first") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  book.commits(ann, 0, 300, value(62));
  book.fails(ann, 0, 400);
  CHECK(book.text() == "done 0:300 = 62, free 300:400 after 1, free 400:1000");
  CHECK(book.ledger().next_free(ann, true) == Range{400, 1000});
  CHECK(book.ledger().next_free(ann, false) == Range{300, 400});
  CHECK(book.ledger().next_free(bob, true) == Range{300, 400});
  book.grants(bob, 300, 100);
  CHECK(book.commits(bob, 300, 400, value(16)) == Verdict::finished);
  CHECK(book.text() == "done 0:400 = 78, free 400:1000");
}

TEST_CASE("a part that fails again is halved") {
  Book book({0, 100});
  book.grants(ann, 0, 100);
  book.fails(ann, 0, 100);
  CHECK(book.text() == "free 0:100 after 1");
  book.grants(bob, 0, 100);
  book.fails(bob, 0, 100);
  CHECK(book.text() == "free 0:50 after 1, free 50:100 after 1");
  CHECK(book.ledger().next_free(bob, true) == std::nullopt);
  CHECK(book.ledger().next_free(ann, true) == Range{0, 50});
}

TEST_CASE("bisection finds the one integer that a program cannot compute, and counts all others") {
  constexpr std::uint64_t poison = 37;
  Book book({0, 100});
  AgentId turn = ann;
  int attempts = 0;
  while (book.ledger().has_free()) {
    turn = turn == ann ? bob : ann;
    const Range free = *book.ledger().next_free(turn, false);
    book.grants(turn, free.begin, free.width());
    if (free.contains(poison)) {
      ++attempts;
      book.fails(turn, free.begin, free.end, "37 is too much");
    } else {
      CHECK(book.commits(turn, free.begin, free.end, value(static_cast<std::int64_t>(free.width()))) ==
            Verdict::finished);
    }
  }
  CHECK(book.text() == "done 0:37 = 37, failed 37:38 (37 is too much), done 38:100 = 62");
  CHECK(book.ledger().failed() == 1);
  CHECK(book.ledger().first_error() == "37 is too much");
  CHECK(book.ledger().is_finished());
  CHECK(attempts <= 2 + 7 + 2);  // the whole twice, its halvings, the integer's last two
}

TEST_CASE("a single integer is given up after exactly attempts_max failures") {
  Book book({5, 6});
  for (int attempt = 1; attempt < 3; ++attempt) {
    book.grants(ann, 5, 1);
    book.fails(ann, 5, 6);
    CHECK(book.ledger().has_free());
  }
  book.grants(ann, 5, 1);
  book.fails(ann, 5, 6);
  CHECK(book.text() == "failed 5:6 (boom)");
  CHECK_FALSE(book.ledger().value());
}

TEST_CASE("expiry does not count as a failure, and does not forget one") {
  Book book({0, 100});
  book.grants(ann, 0, 100);
  book.releases(0);
  CHECK(book.text() == "free 0:100");
  book.grants(ann, 0, 100);
  book.fails(ann, 0, 10);
  book.grants(bob, 0, 10);
  book.releases(0);
  CHECK(book.text() == "free 0:10 after 1, free 10:100");
}

TEST_CASE("a ledger that was stored goes on where it was") {
  Book book({0, 1000});
  book.grants(ann, 0, 500);
  book.commits(ann, 0, 300, value(62));
  const LeaseId lease = book.lease_id();
  book.grants(bob, 500, 100);
  book.fails(bob, 500, 501);
  Ledger again(JobId{5}, {0, 1000}, Fold::sum, book.ledger().spans());
  CHECK(again.done() == 300);
  CHECK(again.leases() == 1);
  CHECK(again.value() == value(62));
  CHECK(again.next_free(bob, true) == Range{501, 1000});
  Changes changes;
  CHECK(again.commit({lease, ann, 0, 500, value(95)}, changes) == Verdict::finished);
  CHECK(shape(again.spans()) == "done 0:500 = 95, free 500:501 after 1, free 501:1000");
}

// ---------------------------------------------------------------- against a naive model

// SplitMix64 (Steele, Lea, Flood 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % bound;
  }
  bool one_in(std::uint64_t bound) { return below(bound) == 0; }

 private:
  std::uint64_t state_;
};

// One integer's state. What is told of leases is kept beside, as a person would on paper.
struct Cell {
  enum { free, leased, counted, given_up } state = free;
  std::uint32_t attempts_failed = 0;
  friend bool operator==(const Cell&, const Cell&) = default;
};

struct PaperLease {
  LeaseId id;
  AgentId agent;
  std::uint64_t begin = 0;
  std::uint64_t upto = 0;
  std::uint64_t end = 0;
};

// Random operations on a book, each done again on a sheet of paper with a square for each integer.
class Duel {
 public:
  Duel(std::uint64_t seed, Range range, Fold how)
      : dice_(seed), range_(range), fold_(how), book_(range, how), paper_(range.width()) {}

  void play(int operations) {
    for (int i = 0; i < operations; ++i) {
      const std::uint64_t what = dice_.below(10);
      if (what < 3) {
        grant();
      } else if (!leases_.empty()) {
        const std::size_t which = dice_.below(leases_.size());
        if (what < 6) commit(which);
        if (what == 6) shrink(which);
        if (what == 7) release(which);
        if (what == 8) fail(which);
        if (what == 9) commit_wrongly(which);
      }
      compare();
    }
  }

 private:
  // The value of the integers in [begin, end), each with one of its own.
  std::optional<Value> truth(std::uint64_t begin, std::uint64_t end) const {
    std::optional<Value> total;
    if (fold_ == Fold::none) return total;
    for (std::uint64_t n = begin; n < end; ++n) {
      const Value one = Int128{Dice(n).below(2001)} - 1000;
      total = total ? fold(fold_, *total, one) : one;
    }
    return total;
  }

  Cell& at(std::uint64_t n) { return paper_.at(n - range_.begin); }
  void mark(std::uint64_t begin, std::uint64_t end, const Cell& cell) {
    for (std::uint64_t n = begin; n < end; ++n) at(n) = cell;
  }
  void forget(std::size_t which) { leases_.erase(leases_.begin() + static_cast<std::ptrdiff_t>(which)); }

  void grant() {
    const AgentId agent{1 + dice_.below(3)};
    const auto free = book_.ledger().next_free(agent, dice_.one_in(2));
    if (!free) return;
    const Range range = book_.grants(agent, free->begin, 1 + dice_.below(10));
    leases_.push_back({book_.lease_id(), agent, range.begin, range.begin, range.end});
    for (std::uint64_t n = range.begin; n < range.end; ++n) {
      REQUIRE(at(n).state == Cell::free);
      at(n).state = Cell::leased;
    }
  }

  void commit(std::size_t which) {
    PaperLease& lease = leases_[which];
    const std::uint64_t upto = lease.begin + dice_.below(lease.end - lease.begin + 1);
    const Verdict verdict =
        book_.commits({lease.id, lease.agent, lease.begin, upto, truth(lease.begin, upto)});
    if (upto <= lease.upto) {
      REQUIRE(verdict == Verdict::duplicate);
      return;
    }
    mark(lease.upto, upto, {Cell::counted, 0});
    lease.upto = upto;
    REQUIRE(verdict == (upto == lease.end ? Verdict::finished : Verdict::advanced));
    if (upto == lease.end) forget(which);
  }

  void commit_wrongly(std::size_t which) {
    const PaperLease& lease = leases_[which];
    const std::uint64_t too_far = lease.end + 1 + dice_.below(3);
    Commit commit{lease.id, lease.agent, lease.begin, lease.end, value(1)};
    if (fold_ == Fold::none) commit.value.reset();
    switch (dice_.below(4)) {
      case 0:
        commit.agent.value += 1;
        break;
      case 1:
        commit.begin += 1;
        break;
      case 2:
        commit.lease.counter += 1000;
        break;
      default:
        commit.upto = too_far;
    }
    REQUIRE(book_.commits(commit) == Verdict::refused);
  }

  void shrink(std::size_t which) {
    PaperLease& lease = leases_[which];
    const std::uint64_t end = lease.begin + dice_.below(lease.end - lease.begin + 2);
    const bool able = end >= lease.upto && end <= lease.end;
    REQUIRE(book_.shrinks(lease.begin, end) == able);
    if (!able) return;
    for (std::uint64_t n = end; n < lease.end; ++n) at(n).state = Cell::free;
    lease.end = end;
    if (end == lease.upto) forget(which);
  }

  void release(std::size_t which) {
    const PaperLease lease = leases_[which];
    book_.releases(lease.begin);
    for (std::uint64_t n = lease.upto; n < lease.end; ++n) at(n).state = Cell::free;
    forget(which);
  }

  void fail(std::size_t which) {
    const PaperLease lease = leases_[which];
    const std::uint64_t upto = lease.upto + 1 + dice_.below(lease.end - lease.upto);
    const std::uint32_t failed_before = at(lease.upto).attempts_failed;
    book_.fails(lease.agent, lease.begin, upto);
    for (std::uint64_t n = upto; n < lease.end; ++n) at(n).state = Cell::free;
    if (upto - lease.upto > 1) {
      mark(lease.upto, upto, {Cell::free, 1});
    } else {
      at(lease.upto) = {failed_before + 1 >= 3 ? Cell::given_up : Cell::free, failed_before + 1};
    }
    forget(which);
  }

  void compare() {
    std::vector<Cell> cells;
    std::optional<Value> total;
    for (const auto& [begin, span] : book_.ledger().spans()) {
      for (std::uint64_t n = begin; n < span.end; ++n) cells.push_back(cell(span, n));
    }
    REQUIRE(cells.size() == paper_.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      CAPTURE(range_.begin + i);
      REQUIRE(cells[i].state == paper_[i].state);
      REQUIRE(cells[i].attempts_failed == paper_[i].attempts_failed);
      if (cells[i].state != Cell::counted || fold_ == Fold::none) continue;
      const Value one = *truth(range_.begin + i, range_.begin + i + 1);
      total = total ? fold(fold_, *total, one) : one;
    }
    REQUIRE(book_.ledger().value() == total);
    REQUIRE(book_.ledger().leases() == leases_.size());
  }

  static Cell cell(const Span& span, std::uint64_t n) {
    if (const auto* free = std::get_if<Free>(&span.state)) return {Cell::free, free->attempts_failed};
    if (const auto* failed = std::get_if<Failed>(&span.state))
      return {Cell::given_up, failed->attempts_failed};
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased != nullptr && n >= leased->upto) return {Cell::leased, leased->attempts_failed};
    return {Cell::counted, 0};
  }

  Dice dice_;
  Range range_;
  Fold fold_;
  Book book_;
  std::vector<Cell> paper_;
  std::vector<PaperLease> leases_;
};

TEST_CASE("whatever happens to it, a ledger agrees with one that keeps each integer by itself") {
  constexpr std::uint64_t width = 40;
  constexpr Fold folds[] = {Fold::sum, Fold::min, Fold::max, Fold::none};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const std::uint64_t begin = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 1'000'000 : largest - width;
    Duel(seed, {begin, begin + width}, folds[seed % 4]).play(100);
  }
}

}  // namespace
}  // namespace pq
