#include "common/os/paths.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace pq::os {
namespace {

namespace fs = std::filesystem;

constexpr const char* system_state_dir = "/var/lib/pqd";

// Empty means unset, as everywhere in the XDG base directory specification.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

bool can_write_in(const char* dir) { return ::faccessat(AT_FDCWD, dir, R_OK | W_OK | X_OK, AT_EACCESS) == 0; }

}  // namespace

fs::path default_state_dir() {
  if (const auto own = environment("PQ_STATE_DIR")) return *own;
  if (const auto given = environment("STATE_DIRECTORY")) return given->substr(0, given->find(':'));
  if (can_write_in(system_state_dir)) return system_state_dir;
  // The specification says that relative paths are ignored.
  if (const auto base = environment("XDG_STATE_HOME"); base && base->front() == '/')
    return fs::path(*base) / "pq";
  if (const auto home = environment("HOME")) return fs::path(*home) / ".local" / "state" / "pq";
  return system_state_dir;  // no home: a machine's start-up script, or a service
}

}  // namespace pq::os
