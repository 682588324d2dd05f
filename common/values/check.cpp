#include "common/values/check.h"

#include <cstdio>
#include <cstdlib>

namespace pq {

void check(bool holds, std::string_view invariant, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "pq: broken invariant: %.*s (%s:%d); please report this with the log above\n",
               static_cast<int>(invariant.size()), invariant.data(), file, line);
  std::abort();
}

}  // namespace pq
