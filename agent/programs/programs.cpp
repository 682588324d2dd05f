#include "agent/programs/programs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>

#include "agent/programs/remove_tree.h"
#include "common/os/random.h"
#include "common/values/errors.h"

namespace pq::programs {
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

// Does what running a job's file does: write it, make it executable, execute it. 0, or an errno.
int try_a_program_in(const fs::path& dir) {
  constexpr std::string_view script = "#!/bin/sh\n";
  std::string path = (dir / "may-it-run").string();
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  if (!file.is_open()) return errno;
  if (write(file.fd(), script.data(), script.size()) < 0 || fchmod(file.fd(), 0700) != 0) return errno;
  file.close();
  const Descriptor directory(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return errno;
  const std::array<char*, 2> arguments{path.data(), nullptr};
  char* const nothing = nullptr;
  GroupSlot group(nullptr);
  const auto started = Process::start({.path = path.c_str(),
                                       .arguments = arguments.data(),
                                       .environment = &nothing,
                                       .directory = directory.fd()},
                                      group);
  unlink(path.c_str());
  // ENOENT means that the kernel looked for a shell that is missing: programs in the directory may run.
  return started || started.error() == ENOENT ? 0 : started.error();
}

// Empty: programs run here. Tested at the start, because otherwise the first jobs would fail.
std::string why_no_program_runs_in(const fs::path& dir) {
  const int error = try_a_program_in(dir);
  if (error == 0) return "";
  struct statvfs system {};
  const bool is_noexec =
      error == EACCES && statvfs(dir.c_str(), &system) == 0 && (system.f_flag & ST_NOEXEC) != 0;
  return is_noexec ? "it is on a file system that is mounted noexec" : errno_text(error);
}

// Removes directories of agents that ended together with their warden, as in a power cut.
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
  const std::string why = why_no_program_runs_in(path_);
  if (why.empty()) return;
  remove_tree(path_);
  fs::remove(lock, error);
  throw EnvironmentError(fmt::format(
      "cannot run programs in {}: {}; choose another directory with --work-dir", parent.string(), why));
}

Programs::Programs(const AgentOptions& options, const Hello& introduction, Outbox& outbox)
    : mark_(fmt::format("{:016x}{:016x}", random_bits(), random_bits())),
      own_(fs::absolute(options.work_dir) / "run", mark_),
      runs_(express_place(options.slots, Kernel::exec) + 1),
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
  settings_.orphans = &orphans_;
  settings_.outbox = &outbox;
  settings_.alarm = &alarm_;
}

void Programs::look_after_orphans(Instant now) {
  if (now - looked_after_ < orphans_pause) return;
  looked_after_ = now;
  orphans_.look_after(alarm_.witness());
}

void Programs::end() {
  runs_.kill_all();
  warden_.finish();
}

}  // namespace pq::programs
