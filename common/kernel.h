// The kernels by name, and what one is expected to cost before anybody has measured it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pq {

enum class Kernel { primes, twins, triplets, quadruplets, quintuplets, sextuplets, exec };

// What every agent computes by itself. `exec`, any program of the user's, needs --allow-exec.
inline constexpr std::array sieve_kernels = {Kernel::primes,      Kernel::twins,       Kernel::triplets,
                                             Kernel::quadruplets, Kernel::quintuplets, Kernel::sextuplets};

std::string_view to_text(Kernel kernel);
std::optional<Kernel> parse_kernel(std::string_view word);

// Seconds that one call costs on one slot: `fixed_s + per_integer_s * width`.
struct Cost {
  double fixed_s = 0;
  double per_integer_s = 0;

  double seconds(double width) const { return fixed_s + per_integer_s * width; }
};

// A prior for steps that begin at `at`, good within a factor of about three on today's machines; measured
// times replace it after the first step. A segmented sieve's fixed cost grows with the square root of `at`
// (its sieving primes); its marginal cost grows once they no longer fit the caches. Fitted to libprimesieve
// 11 at 1e7 … 1e18. Nothing is known of a program beforehand, so it is taken to be slow: its first steps are
// single integers, which then grow as fast as they are cheap.
Cost expected_cost(Kernel kernel, std::uint64_t at);

}  // namespace pq
