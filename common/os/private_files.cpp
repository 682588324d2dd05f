#include "common/os/private_files.h"

#include <sys/stat.h>

#include <optional>

namespace pq::os {
namespace {

constexpr mode_t nobody_else = 077;

std::optional<mode_t>& inherited() {
  static std::optional<mode_t> mask;
  return mask;
}

// There is no way to ask without setting it.
mode_t present_umask() {
  const mode_t mask = ::umask(nobody_else);
  ::umask(mask);
  return mask;
}

}  // namespace

void keep_files_private() {
  const mode_t before = ::umask(nobody_else);
  if (!inherited()) inherited() = before;
}

mode_t umask_of_users() {
  static const mode_t mask = inherited() ? *inherited() : present_umask();
  return mask;
}

}  // namespace pq::os
