// Primes and prime k-tuplets over a range, by libprimesieve. Additive at every cut: a k-tuplet belongs to the
// range of its first member, wherever its last one is, so a pair that straddles two spans is counted once.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "common/kernel.h"
#include "common/range.h"
#include "common/value.h"

namespace pq {

// One thread a call: the slots are the parallelism. Call once, before the first slot's thread starts; it sets
// a plain global of libprimesieve.
void set_up_sieve();

// How many there are in `range`; safe from several threads at once. The error says why the sieve gave up.
tl::expected<Value, std::string> compute(Kernel kernel, Range range);

}  // namespace pq
