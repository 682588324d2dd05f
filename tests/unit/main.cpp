#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "common/os/private_files.h"

int main(int argc, char** argv) {
  pq::os::keep_files_private();  // as all programs do: what tests make is what they would have made
  return doctest::Context(argc, argv).run();
}
