#include "daemon/access.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/limits.h"
#include "common/os/files.h"

namespace pq {
namespace {

namespace fs = std::filesystem;

KeyPair read_or_make(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return read_key_file(path);
  KeyPair keys = new_key_pair();
  write_key_file(path, keys);
  return keys;
}

void or_throw(const tl::expected<void, std::string>& done) {
  if (!done) throw EnvironmentError(done.error());
}

// The directory is watched and not the file: editors and `mv` put another file in its place.
int watch(const fs::path& dir) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    throw EnvironmentError(fmt::format("cannot watch {}: {}; raise fs.inotify.max_user_instances",
                                       dir.string(), std::generic_category().message(errno)));
  }
  constexpr unsigned changes =
      IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
  if (::inotify_add_watch(fd, dir.c_str(), changes) >= 0) return fd;
  const int error = errno;
  ::close(fd);
  throw EnvironmentError(fmt::format("cannot watch {}: {}; raise fs.inotify.max_user_watches", dir.string(),
                                     std::generic_category().message(error)));
}

// Takes all events off the queue: did one concern a file of this name, or may it have?
bool has_changed(int fd, const std::string& name) {
  alignas(inotify_event) std::array<char, 8192> buffer;
  bool changed = false;
  for (ssize_t size = 0; (size = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const bool is_lossy = (event.mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0;
      changed = changed || is_lossy || (event.len > 0 && name == buffer.data() + at + sizeof event);
      at += sizeof event + event.len;
    }
  }
  return changed;
}

// The head's key is written last: while it is missing, a first start that was cut short is done again.
void make_first_keys(const StatePaths& paths) {
  const fs::path dir = paths.head_key().parent_path();
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    throw EnvironmentError(fmt::format("cannot make {}: {}; pass another --state-dir", dir.string(),
                                       std::generic_category().message(errno)));
  }
  const AuthorizedKeys listed = parse_authorized_keys(read_file(paths.authorized_keys()).value_or(""));
  const auto admit = [&](Role role, const fs::path& key_file, std::string_view name) {
    const KeyPair keys = read_or_make(key_file);
    if (listed.by_key.contains(keys.public_key)) return;
    or_throw(append_line(paths.authorized_keys(), authorized_keys_line(role, keys.public_key, name)));
  };
  admit(Role::operator_, paths.operator_key(), "local-operator");
  admit(Role::agent, paths.agent_key(), "local-agent");
  write_key_file(paths.head_key(), new_key_pair());
}

// The head's own keys, with the public one where the programs of this machine look for it.
KeyPair start_keys(const StatePaths& paths) {
  std::error_code ignored;
  if (!fs::exists(paths.head_key(), ignored)) make_first_keys(paths);
  KeyPair keys = read_key_file(paths.head_key());
  const std::string line = keys.public_key + "\n";
  if (read_file(paths.head_public_key()) != line) or_throw(replace_file(paths.head_public_key(), line));
  return keys;
}

}  // namespace

Access::Access(StatePaths paths)
    : paths_(std::move(paths)), head_keys_(start_keys(paths_)), fd_(watch(paths_.dir)) {
  reread();
}

Access::~Access() { ::close(fd_); }

std::optional<Principal> Access::find(const std::string& public_key) const {
  const auto found = listed_.by_key.find(public_key);
  if (found == listed_.by_key.end()) return std::nullopt;
  return found->second;
}

void Access::refresh() {
  if (has_changed(fd_, paths_.authorized_keys().filename()) || !is_readable_) reread();
}

void Access::reread() {
  const auto text = read_file(paths_.authorized_keys());
  const bool was_readable = std::exchange(is_readable_, text.has_value());
  listed_ = parse_authorized_keys(text.value_or(""));
  if (!text && was_readable)
    spdlog::warn("no key is let in until the list of keys is back: {}", text.error());
  if (text && !was_readable) spdlog::info("the list of keys is back");
  for (const BadLine& line : listed_.bad_lines) {
    spdlog::warn("{} line {} lets nobody in: {}", paths_.authorized_keys().string(), line.number, line.why);
  }
}

tl::expected<void, Refusal> Access::authorize(const Authorize& request) {
  const auto refuse = [](ErrorWord word, std::string detail) {
    return tl::unexpected(Refusal{.word = word, .detail = std::move(detail)});
  };
  if (!is_key(request.public_key)) return refuse(ErrorWord::malformed, "the key is not 40 characters of Z85");
  if (!is_key_name(request.name)) {
    return refuse(ErrorWord::malformed,
                  fmt::format("a key's name is one word of 1 to {} printable ASCII characters",
                              limits::name_bytes_max));
  }
  refresh();
  if (const auto known = find(request.public_key)) {
    if (known->role == request.role) return {};
    return refuse(ErrorWord::not_allowed, fmt::format("the key has the role {} already, under the name {}",
                                                      to_text(known->role), known->name));
  }
  // Without this, a list that an operator has put away would come back, with the new key alone.
  if (!is_readable_) return refuse(ErrorWord::too_much, "the head's list of keys is not there");
  const auto added = append_line(paths_.authorized_keys(),
                                 authorized_keys_line(request.role, request.public_key, request.name));
  if (!added) return refuse(ErrorWord::too_much, added.error());
  listed_.by_key.emplace(
      request.public_key,
      Principal{.role = request.role, .public_key = request.public_key, .name = request.name});
  return {};
}

}  // namespace pq
