// Primes and prime k-tuplets over a range, by libprimesieve. Additive at every cut: a k-tuplet belongs to the
// range of its first member, wherever its last one is, so a pair that straddles two spans is counted once.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "common/values/kernel.h"
#include "common/values/range.h"
#include "common/values/value.h"

namespace pq::kernels {

// One thread per call: the slots are the parallelism. Call once, before the first slot's thread starts,
// because this sets a plain global of libprimesieve.
void set_up_sieve();

// Counts them in `range`; safe from several threads at once. The error says why the sieve gave up.
tl::expected<Value, std::string> compute(Kernel kernel, Range range);

}  // namespace pq::kernels
