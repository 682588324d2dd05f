// pq-storage-tests [--cuts N] [--seed N] [--every-allocation] [options of doctest]
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/os/private_files.h"
#include "tests/storage/options.h"
#include "tests/storage/scarce_memory.h"

pq::storage::Options pq::storage::options;

int main(int argc, char** argv) {
  pq::os::keep_files_private();  // as all programs do
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--every-allocation") pq::storage::options.every_allocation = true;
    if (i + 1 == argc) break;
    if (flag == "--cuts") pq::storage::options.cuts = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--seed") pq::storage::options.seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("%llu power cuts, from seed %llu on\n",
              static_cast<unsigned long long>(pq::storage::options.cuts),
              static_cast<unsigned long long>(pq::storage::options.seed));
  spdlog::set_level(spdlog::level::off);  // SQLite has something to say after each power cut
  pq::storage::make_memory_scarce();
  return doctest::Context(argc, argv).run();
}
