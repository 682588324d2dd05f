#include "daemon/core/ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/ledger_book.h"

namespace pq::tests {
namespace {

constexpr AgentId ann{1};
constexpr AgentId bob{2};

TEST_CASE("all of a new ledger is free, whatever its width") {
  CHECK(Book({0, 1}).text() == "free 0:1");
  Book book({0, u64_max});
  CHECK(book.text() == "free 0:18446744073709551615");
  CHECK(book.ledger().rest() == u64_max);
  CHECK(book.ledger().has_free());
  CHECK_FALSE(book.ledger().is_finished());
  CHECK_FALSE(book.ledger().value());
}

TEST_CASE("a grant takes the front of a free span, at most as wide as it is told") {
  Book book({0, 1000});
  CHECK(book.grants(ann, 0, 300) == Range{0, 300});
  CHECK(book.grants(bob, 300, u64_max) == Range{300, 1000});
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
        Commit{lease, ann, 0, u64_max, value(62)},
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
  for (const std::uint64_t end : {301U, 500U, 999U}) {
    Book book({0, 1000});
    book.grants(ann, 0, 1000);
    book.commits(ann, 0, 300, value(62));
    CHECK(book.shrinks(0, end));
    CHECK(book.ledger().end_of(0) == end);
    CHECK(book.next_free(bob, false) == Range{end, 1000});
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
  for (const std::uint64_t begin : {0U, 100U, 200U}) {
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

// The value of doubling the largest double `times` times.
Value doubled(int times) {
  Value sum = std::numeric_limits<double>::max();
  for (; times > 0; --times) sum = *fold(Fold::sum, sum, sum);
  return sum;
}

TEST_CASE("a sum that fits into no value is none, not a wrapped one") {
  Book book({0, 20});
  book.grants(ann, 0, 10);
  const Value most = doubled(78);  // more than honest agents can add up to
  book.commits(ann, 0, 10, most);
  CHECK(book.ledger().value() == most);
  book.grants(ann, 10, 10);
  book.commits(ann, 10, 15, most);
  CHECK_FALSE(book.ledger().value());
  book.commits(ann, 10, 20, most);
  CHECK(book.ledger().spans().size() == 2);  // kept apart
  CHECK_FALSE(book.ledger().value());
  CHECK(book.ledger().is_finished());
}

TEST_CASE("decimals add up exactly, in whatever order their leases end") {
  for (const bool is_reversed : {false, true}) {
    Book book({0, 30});
    std::vector<std::pair<LeaseId, Range>> leases;
    for (const std::uint64_t begin : {0U, 10U, 20U}) {
      const Range range = book.grants(ann, begin, 10);
      leases.emplace_back(book.lease_id(), range);
    }
    const double values[] = {1e16, 1.0, -1e16};
    if (is_reversed) std::reverse(leases.begin(), leases.end());
    for (const auto& [id, range] : leases)
      book.commits({id, ann, range.begin, range.end, Value(values[range.begin / 10])});
    CHECK(book.ledger().spans().size() == 1);
    CHECK(book.ledger().value() == Value(1.0));
  }
}

TEST_CASE("a sum that fits again once all of it is known is one span and the right value") {
  Book book({0, 30});
  std::vector<LeaseId> leases;
  for (const std::uint64_t begin : {0U, 10U, 20U}) {
    book.grants(ann, begin, 10);
    leases.push_back(book.lease_id());
  }
  book.commits({leases[0], ann, 0, 10, Value(int128_max)});
  book.commits({leases[1], ann, 10, 20, value(1)});
  CHECK_FALSE(rounded(*book.ledger().value()));
  book.commits({leases[2], ann, 20, 30, value(-5)});
  CHECK(book.ledger().spans().size() == 1);
  CHECK(book.ledger().value() == Value(int128_max - 4));
}

TEST_CASE("a range may begin at 0 and end at the largest integer") {
  Book book({0, u64_max});
  CHECK(book.grants(ann, 0, u64_max) == Range{0, u64_max});
  CHECK(book.commits(ann, 0, u64_max - 1, value(1)) == Verdict::advanced);
  book.releases(0);
  CHECK(book.text() == "done 0:18446744073709551614 = 1, free 18446744073709551614:18446744073709551615");
  book.grants(ann, u64_max - 1, u64_max);
  CHECK(book.commits(ann, u64_max - 1, u64_max, value(1)) == Verdict::finished);
  CHECK(book.ledger().done() == u64_max);
}

TEST_CASE("a part on which the program failed is tried whole by another agent first") {
  Book book({0, 1000});
  book.grants(ann, 0, 1000);
  book.commits(ann, 0, 300, value(62));
  book.fails(ann, 0, 400);
  CHECK(book.text() == "done 0:300 = 62, free 300:400 after 1, free 400:1000");
  CHECK(book.next_free(ann, true) == Range{400, 1000});
  CHECK(book.next_free(ann, false) == Range{300, 400});
  CHECK(book.next_free(bob, true) == Range{300, 400});
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
  CHECK(book.next_free(bob, true) == std::nullopt);
  CHECK(book.next_free(ann, true) == Range{0, 50});
}

TEST_CASE("bisection finds the one integer that a program cannot compute, and counts all others") {
  constexpr std::uint64_t poison = 37;
  Book book({0, 100});
  AgentId turn = ann;
  int attempts = 0;
  while (book.ledger().has_free()) {
    turn = turn == ann ? bob : ann;
    const Range free = *book.next_free(turn, false);
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

TEST_CASE("what is forgiven is free again as if it had never failed, and joins what is free beside it") {
  Book book({0, 10});
  book.grants(AgentId{1}, 0, 4);
  book.commits(AgentId{1}, 0, 2, Value(Int128{5}));
  book.fails(AgentId{1}, 0, 3);
  for (int attempt = 0; attempt < 2; ++attempt) {
    book.grants(AgentId{1}, 2, 1);
    book.fails(AgentId{1}, 2, 3);
  }
  CHECK(book.text() == "done 0:2 = 5, failed 2:3 (boom), free 3:10");
  CHECK(book.ledger().failed_spans(9) == std::vector<FailedSpan>{{{2, 3}, 3, "boom"}});
  CHECK(book.ledger().failed_spans(0).empty());
  CHECK(book.forgives());
  CHECK(book.text() == "done 0:2 = 5, free 2:10");
  CHECK(book.ledger().failed() == 0);
  CHECK_FALSE(book.forgives());

  book.grants(AgentId{1}, 2, 8);  // halves that wait to be tried again are forgiven too
  book.fails(AgentId{1}, 2, 10);
  book.grants(AgentId{1}, 2, 8);
  book.fails(AgentId{1}, 2, 10);
  CHECK(book.text() == "done 0:2 = 5, free 2:6 after 1, free 6:10 after 1");
  book.grants(AgentId{2}, 2, 4);
  CHECK(book.forgives());
  CHECK(book.text() == "done 0:2 = 5, leased 2:6 at 2, free 6:10");
}

TEST_CASE("where a part failed is remembered while another agent tries it") {
  Book book({0, 8});
  book.grants(AgentId{1}, 0, 8);
  book.fails(AgentId{1}, 0, 8);
  book.grants(AgentId{2}, 0, 8);
  CHECK(book.ledger().leased_at(0)->evidence.failed_on == std::vector{AgentId{1}});
  book.releases(0);  // a lost agent has shown nothing
  CHECK_FALSE(book.next_free(AgentId{1}, true));
  CHECK(book.next_free(AgentId{2}, true));
}

TEST_CASE("an integer is counted once it is committed, and not before") {
  Book book({10, 20});
  book.grants(AgentId{1}, 10, 5);
  book.commits(AgentId{1}, 10, 12, Value(Int128{1}));
  for (const std::uint64_t at : {10U, 11U}) CHECK(book.ledger().is_counted(at));
  for (const std::uint64_t at : {0U, 9U, 12U, 14U, 15U, 19U, 20U}) CHECK_FALSE(book.ledger().is_counted(at));
  book.releases(10);
  CHECK(book.ledger().is_counted(11));
  CHECK_FALSE(book.ledger().is_counted(12));
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
  CHECK(again.next_free([](const Evidence&) { return false; }) == Range{501, 1000});
  Changes changes;
  CHECK(again.commit({lease, ann, 0, 500, value(95)}, changes) == Verdict::finished);
  CHECK(shape(again.spans()) == "done 0:500 = 95, free 500:501 after 1, free 501:1000");
}

}  // namespace
}  // namespace pq::tests
