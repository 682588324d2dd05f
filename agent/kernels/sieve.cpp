#include "agent/kernels/sieve.h"

#include <fmt/format.h>
#include <gmp.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <primesieve.hpp>
#include <vector>

#include "common/values/check.h"

namespace pq::kernels {
namespace {

// The other members of a k-tuplet, as distances from the first. The last is the diameter.
using Shape = std::vector<std::uint64_t>;

struct Sieve {
  std::uint64_t (*count_inside)(std::uint64_t first, std::uint64_t last);  // both ends belong to it
  std::vector<Shape> shapes;                                               // those that count_inside counts
};

Sieve sieve_for(Kernel kernel) {
  switch (kernel) {
    case Kernel::primes:
      return {primesieve::count_primes, {}};
    case Kernel::twins:
      return {primesieve::count_twins, {Shape{2}}};
    case Kernel::triplets:
      return {primesieve::count_triplets, {Shape{2, 6}, Shape{4, 6}}};
    case Kernel::quadruplets:
      return {primesieve::count_quadruplets, {Shape{2, 6, 8}}};
    case Kernel::quintuplets:
      return {primesieve::count_quintuplets, {Shape{2, 6, 8, 12}, Shape{4, 6, 10, 12}}};
    case Kernel::sextuplets:
      return {primesieve::count_sextuplets, {Shape{4, 6, 10, 12, 16}}};
    case Kernel::exec:
      break;
  }
  check(false, "a sieve computes what it is a kernel of");
  return {};
}

// Exact: GMP's first 24 rounds are a Baillie-PSW test, which makes no error below 2^64.
bool is_prime(std::uint64_t n) {
  static_assert(GMP_NUMB_BITS == 64);
  const mp_limb_t limb = n;
  mpz_t view;
  return mpz_probab_prime_p(mpz_roinit_n(view, &limb, 1), 24) != 0;
}

// `first` is tested first: a prime is at most 2^64-59, so no distance from it passes 2^64.
bool is_tuplet(std::uint64_t first, const Shape& shape) {
  if (!is_prime(first)) return false;
  return std::all_of(shape.begin(), shape.end(),
                     [first](std::uint64_t distance) { return is_prime(first + distance); });
}

// The tuplets that begin in `range` and end beyond it: primesieve counts only those that lie completely
// inside.
Int128 count_straddling(const Shape& shape, Range range) {
  const std::uint64_t diameter = shape.back();
  const std::uint64_t earliest = range.end > diameter ? range.end - diameter : 0;
  Int128 count = 0;
  for (std::uint64_t first = std::max(range.begin, earliest); first < range.end; ++first) {
    if (is_tuplet(first, shape)) ++count;
  }
  return count;
}

}  // namespace

// The library chooses the sieve's size. Measured with libprimesieve 11.0: a call takes as long as the
// primesieve program with -t1 (1e12:+2e9 both 0.28 s, both at 384 KiB; with two threads at once 0.15 s as
// with -t2). Larger sizes are 15 % faster near 1e12 and as much slower near 1e15, so none is better
// everywhere.
void set_up_sieve() { primesieve::set_num_threads(1); }

tl::expected<Value, std::string> compute(Kernel kernel, Range range) {
  if (range.is_empty()) return Int128{0};
  const Sieve sieve = sieve_for(kernel);
  try {
    Int128 count = sieve.count_inside(range.begin, range.end - 1);
    for (const Shape& shape : sieve.shapes) count += count_straddling(shape, range);
    return count;
  } catch (const primesieve::primesieve_error& error) {
    return tl::make_unexpected(fmt::format("cannot sieve {}: {}", to_text(range), error.what()));
  } catch (const std::bad_alloc&) {
    return tl::make_unexpected(
        fmt::format("out of memory while sieving {}; start the agent with fewer --slots", to_text(range)));
  }
}

}  // namespace pq::kernels
