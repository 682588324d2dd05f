// The kernels by name, and the expected cost of each before anybody has measured it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/values/rooms.h"
#include "common/values/words.h"

namespace pq {

enum class Kernel { primes, twins, triplets, quadruplets, quintuplets, sextuplets, exec };
template <>
inline constexpr std::array<std::string_view, 7> enum_words<Kernel>{
    "primes", "twins", "triplets", "quadruplets", "quintuplets", "sextuplets", "exec"};

// Every agent computes these by itself, except `exec`: any program of the user's, which needs --allow-exec.
inline constexpr std::array sieve_kernels = {Kernel::primes,      Kernel::twins,       Kernel::triplets,
                                             Kernel::quadruplets, Kernel::quintuplets, Kernel::sextuplets};

// Seconds that one call costs on one slot: `fixed_s + per_integer_s * width`.
struct Cost {
  double fixed_s = 0;
  double per_integer_s = 0;

  double seconds(double width) const { return fixed_s + per_integer_s * width; }
};

// A prior for steps that begin at `at`, right within a factor of about three on today's machines. Measured
// times replace it after the first step. A segmented sieve's fixed cost grows with the square root of `at`
// (its sieving primes); its marginal cost grows once they no longer fit the caches. Fitted to libprimesieve
// 11 at 1e7 … 1e18. The cost of a program is unknown, so it is taken to be slow: its first steps are single
// integers, and later steps grow if those were cheap.
Cost expected_cost(Kernel kernel, std::uint64_t at);

}  // namespace pq
