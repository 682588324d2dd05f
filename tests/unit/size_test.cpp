#include "common/values/size.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using pq::bytes_text;
using pq::parse_size;

std::string flaw(std::string_view text) {
  const auto size = parse_size(text);
  return size ? "" : size.error();
}

TEST_CASE("a size is a whole number, with a unit in either case of letters") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("4096") == 4096U);
  CHECK(parse_size("12B") == 12U);
  CHECK(parse_size("1e3M") == 1000U << 20U);
  for (const char* two : {"2k", "2K", "2KiB", "2kib"}) CHECK(parse_size(two) == 2048U);
  CHECK(parse_size("2kB") == 2000U);
  CHECK(parse_size("2KB") == 2000U);
  CHECK(parse_size("3M") == 3U << 20U);
  CHECK(parse_size("3MB") == 3'000'000U);
  CHECK(parse_size("2GiB") == std::uint64_t{2} << 30U);
  CHECK(parse_size("2GB") == 2'000'000'000U);
  CHECK(parse_size("1T") == std::uint64_t{1} << 40U);
  CHECK(parse_size("1TB") == 1'000'000'000'000U);
}

TEST_CASE("a size that no 64 bits hold is too large, and the largest is taken") {
  CHECK(parse_size("18446744073709551615") == 18446744073709551615U);
  CHECK(parse_size("16777215T") == std::uint64_t{16777215} << 40U);
  for (const char* large : {"16777216T", "18446744073709551615K"})
    CHECK_MESSAGE(flaw(large).find("too large") != std::string::npos, large);
}

TEST_CASE("what is no size is quoted, with what to write") {
  for (const char* wrong : {"", "K", "iB", "2iB", "-1", "+1", "1.5G", "1 K", "2KK", "2P", "2Kx", "0x10",
                            "18446744073709551616"}) {
    CHECK_MESSAGE(flaw(wrong).starts_with("\"" + std::string(wrong) + "\" is not a size; write "), wrong);
  }
}

TEST_CASE("a size is told in the largest unit of which there is one") {
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(bytes_text(1023) == "1023 bytes");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(std::uint64_t{1} << 40) == "1 TiB");
}

}  // namespace
