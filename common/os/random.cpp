#include "common/os/random.h"

#include <sys/random.h>

#include <cstdlib>

#include "common/values/errors.h"

namespace pq::os {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
    throw EnvironmentError("cannot read random bits from the kernel");
  return bits;
}

RequestId random_request_id() { return {.high = random_bits(), .low = random_bits()}; }

void seed_c_library() { std::srand(static_cast<unsigned>(random_bits())); }

}  // namespace pq::os
