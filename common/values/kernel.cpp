#include "common/values/kernel.h"

#include <algorithm>
#include <cmath>

namespace pq {

Cost expected_cost(Kernel kernel, std::uint64_t at) {
  if (kernel == Kernel::exec) return {.fixed_s = 1e-3, .per_integer_s = 0.25};
  const double place = static_cast<double>(at) + 1;
  const double digits = std::log10(place);
  return {.fixed_s = 2e-5 + 5e-10 * std::sqrt(place),
          .per_integer_s = 3e-11 + 9e-12 * digits + 3.5e-11 * std::max(0.0, digits - 12)};
}

}  // namespace pq
