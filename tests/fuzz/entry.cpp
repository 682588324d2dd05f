// What libFuzzer calls.
#include "tests/fuzz/entry.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // In memory of its own and of just this size, so that a byte too far is seen.
  const std::string bytes(data, data + size);
  pq::fuzz::try_bytes(bytes);
  return 0;
}
