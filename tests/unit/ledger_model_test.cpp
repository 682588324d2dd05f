// A ledger against a naive one that keeps each integer by itself.
#include <doctest/doctest.h>

#include <vector>

#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/ledger_book.h"

namespace pq::tests {
namespace {

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

// One integer's state. Reports about leases are kept separately, as a person would on paper.
struct Cell {
  enum { free, leased, counted, given_up } state = free;
  std::uint32_t attempts_failed = 0;
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
    const auto free = book_.next_free(agent, dice_.one_in(2));
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
    if (const auto* free = std::get_if<Free>(&span.state))
      return {Cell::free, free->evidence.attempts_failed};
    if (const auto* failed = std::get_if<Failed>(&span.state))
      return {Cell::given_up, failed->evidence.attempts_failed};
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased != nullptr && n >= leased->upto) return {Cell::leased, leased->evidence.attempts_failed};
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
    const std::uint64_t begin = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 1'000'000 : u64_max - width;
    Duel(seed, {begin, begin + width}, folds[seed % 4]).play(100);
  }
}

}  // namespace
}  // namespace pq::tests
