#include "client/local_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/cli/command_line.h"
#include "common/values/errors.h"
#include "common/values/limits.h"
#include "common/values/range.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_bytes = 1 << 16;

[[noreturn]] void refuse_file(const char* flag, const fs::path& path, int error = errno) {
  refuse(
      fmt::format("{} {}: {}; check the path and who may read it", flag, path.string(), errno_text(error)));
}

struct stat found_at(const char* flag, const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) refuse_file(flag, path);
  return found;
}

OpenedFile opened(const char* flag, const fs::path& path) {
  OpenedFile file(std::fopen(path.c_str(), "re"));
  if (!file) refuse_file(flag, path);
  return file;
}

// Disappears with its descriptor, however this program ends.
OpenedFile nameless_file() {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / "pq-XXXXXX").string();
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0 || ::unlink(path.c_str()) != 0) {
    throw EnvironmentError(fmt::format(
        "cannot make a temporary file {}: {}; set TMPDIR to a directory with room", path, errno_text(errno)));
  }
  return OpenedFile(::fdopen(fd, "w+"));
}

// The hash of the whole file. A file that is too large is not read: its size is the error.
void take_in(LocalFile& local) {
  struct stat found {};
  if (::fstat(::fileno(local.file.get()), &found) != 0) refuse_file("--file", local.path);
  local.ref.bytes = static_cast<std::uint64_t>(found.st_size);
  if (local.ref.bytes > limits::file_bytes_max) return;
  Sha256Builder hash;
  for (std::uint64_t offset = 0; offset < local.ref.bytes;) {
    const auto part = read_part(local, offset, read_bytes);
    if (!part) throw EnvironmentError(fmt::format("cannot read all of {}", local.path.string()));
    hash.add(*part);
    offset += part->size();
  }
  local.ref.hash = hash.finish();
}

// Returns the exit status of `tar`, which writes to `to`; 127: there is no tar.
int run_tar(const fs::path& directory, int to) {
  // Makes the same bytes from the same content: independent of directory order, times and owners.
  std::array<std::string, 10> words = {
      "tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner",
      "-C",  directory,     "-cf",        "-"};
  std::array<char*, words.size() + 2> argv{};
  std::transform(words.begin(), words.end(), argv.begin(), [](std::string& word) { return word.data(); });
  std::string everything = ".";
  argv[words.size()] = everything.data();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
  pid_t tar = 0;
  const int error = posix_spawnp(&tar, "tar", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return 127;
  int status = 0;
  while (::waitpid(tar, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

OpenedFile packed(const fs::path& directory) {
  OpenedFile file = nameless_file();
  const int status = run_tar(directory, ::fileno(file.get()));
  if (status == 127) throw EnvironmentError("--file: tar is not there, which packs a directory: install it");
  if (status != 0) {
    throw EnvironmentError(
        fmt::format("cannot pack {}: tar ended with exit status {}; nobody may write there meanwhile",
                    directory.string(), status));
  }
  return file;
}

OpenedFile copied_from_stdin() {
  OpenedFile copy = nameless_file();
  std::array<char, read_bytes> part;
  std::uint64_t bytes = 0;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), stdin)) {
    bytes += count;
    if (bytes > limits::file_bytes_max) break;  // enough to be refused
    if (std::fwrite(part.data(), 1, count, copy.get()) != count) break;
  }
  if (std::ferror(stdin) != 0 || std::fflush(copy.get()) != 0) {
    throw EnvironmentError(
        "cannot copy standard input into a temporary file: set TMPDIR to a directory with room");
  }
  return copy;
}

// Reads a list piece by piece and counts its lines.
class LineCounter {
 public:
  void add(std::string_view part) {
    for (const char c : part) {
      if (c == '\0') refuse(fmt::format("--each: line {} has a NUL byte", lines_ + 1));
      bytes_ = c == '\n' ? 0 : bytes_ + 1;
      if (c == '\n') ++lines_;
      if (bytes_ > limits::item_bytes_max) {
        refuse(fmt::format("--each: line {} has more than {} bytes: put it into a file and list its name",
                           grouped(lines_ + 1), grouped(limits::item_bytes_max)));
      }
    }
  }

  // The last line may lack its line end.
  std::uint64_t lines() const { return lines_ + (bytes_ > 0 ? 1 : 0); }

 private:
  std::uint64_t lines_ = 0;
  std::size_t bytes_ = 0;  // of the line so far
};

std::uint64_t lines_of(const LocalFile& list) {
  LineCounter counter;
  for (std::uint64_t offset = 0; offset < list.ref.bytes;) {
    const auto part = read_part(list, offset, read_bytes);
    if (!part) throw EnvironmentError(fmt::format("cannot read all of {}", list.path.string()));
    counter.add(*part);
    offset += part->size();
  }
  return counter.lines();
}

}  // namespace

LocalFile open_local_file(const fs::path& path) {
  const struct stat found = found_at("--file", path);
  LocalFile local{.ref = {.name = name_of(path), .hash = {}}, .path = path, .file = {}};
  if (S_ISDIR(found.st_mode)) {
    local.ref.kind = FileKind::directory;
    local.file = packed(path);
  } else if (S_ISREG(found.st_mode)) {
    local.ref.kind = (found.st_mode & 0111) != 0 ? FileKind::executable : FileKind::plain;
    local.file = opened("--file", path);
  } else {
    refuse(fmt::format("--file {} is neither a file nor a directory", path.string()));
  }
  take_in(local);
  return local;
}

LocalList open_local_list(const fs::path& path) {
  LocalList list{.file = {.ref = {.name = "items", .hash = {}}, .path = path, .file = {}}};
  if (path == "-") {
    list.file.path = "standard input";
    list.file.file = copied_from_stdin();
  } else if (S_ISREG(found_at("--each", path).st_mode)) {
    if (is_file_name(name_of(path))) list.file.ref.name = name_of(path);
    list.file.file = opened("--each", path);
  } else {
    refuse(fmt::format("--each {} is not a plain file: pipe it in and give --each -", path.string()));
  }
  take_in(list.file);
  if (list.file.ref.bytes > limits::file_bytes_max) return list;
  list.items = lines_of(list.file);
  if (list.items == 0)
    refuse(fmt::format("--each: {} has no line: there is nothing to do", list.file.path.string()));
  return list;
}

std::optional<std::string> read_part(const LocalFile& file, std::uint64_t offset, std::size_t bytes_max) {
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes_max, file.ref.bytes - std::min(offset, file.ref.bytes)));
  std::string part(wanted, '\0');
  for (std::size_t have = 0; have < wanted;) {
    const ssize_t count = ::pread(::fileno(file.file.get()), part.data() + have, wanted - have,
                                  static_cast<off_t>(offset + have));
    if (count == 0 || (count < 0 && errno != EINTR)) return std::nullopt;
    if (count > 0) have += static_cast<std::size_t>(count);
  }
  return part;
}

std::string name_of(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace pq::client
