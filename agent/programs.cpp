#include "agent/programs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>

#include "agent/remove_tree.h"
#include "common/errors.h"
#include "common/os/random.h"

namespace pq {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration orphans_pause = 1s;
constexpr std::string_view lock_suffix = ".lock";

[[noreturn]] void refuse(const fs::path& path, int error) {
  throw EnvironmentError(fmt::format("cannot make {}: {}; choose another directory with --work-dir",
                                     path.string(), errno_text(error)));
}

Descriptor locked(const fs::path& path) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.is_open() && flock(file.fd(), LOCK_EX | LOCK_NB) != 0) file.close();
  return file;
}

// Those of agents that ended together with their warden, as in a power cut.
void remove_forgotten(const fs::path& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(lock_suffix) || !locked(path).is_open()) continue;
    remove_tree(path.substr(0, path.size() - lock_suffix.size()));
    fs::remove(path, error);
  }
}

}  // namespace

Programs::OwnDir::OwnDir(const fs::path& parent, const std::string& mark) : path_(parent / mark) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) refuse(parent, error.value());
  remove_forgotten(parent);
  const fs::path lock = path_.string() + std::string(lock_suffix);
  lock_ = locked(lock);
  if (!lock_.is_open()) refuse(lock, errno);
  if (!fs::create_directory(path_, error)) refuse(path_, error.value());
  fs::permissions(path_, fs::perms::owner_all, error);
}

Programs::Programs(const AgentOptions& options, const Hello& introduction, Outbox& outbox)
    : mark_(fmt::format("{:016x}{:016x}", random_bits(), random_bits())),
      own_(fs::absolute(options.work_dir) / "run", mark_),
      runs_(options.slots),
      warden_(runs_, mark_, own_.path()),
      orphans_(runs_, mark_, warden_.id()),
      cache_({fs::absolute(options.work_dir) / "files", own_.path() / "parts", options.cache_bytes,
              introduction.name, introduction.incarnation}),
      files_(own_.path() / "jobs", fs::absolute(options.work_dir) / "files") {
  settings_.scratch = own_.path() / "slots";
  settings_.environment = options.environment;
  settings_.mark = mark_;
  settings_.runs = &runs_;
  settings_.files = &files_;
  settings_.outbox = &outbox;
}

void Programs::look_after_orphans(Instant now) {
  if (now - looked_after_ < orphans_pause) return;
  looked_after_ = now;
  orphans_.look_after();
}

void Programs::end() {
  runs_.kill_all();
  warden_.finish();
}

}  // namespace pq
