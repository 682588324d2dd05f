#include "daemon/access.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "common/os/files.h"

namespace pq {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration missing_for_good = 300ms;
constexpr Duration clock_looked_at = 500ms;  // while keys expire
constexpr std::uint64_t lasts_ms_max = std::uint64_t{100} * 366 * 24 * 3600 * 1000;

KeyPair read_or_make(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return read_key_file(path);
  KeyPair keys = new_key_pair();
  write_key_file(path, keys);
  return keys;
}

tl::unexpected<Refusal> refuse(ErrorWord word, std::string detail) {
  return tl::unexpected(Refusal{.word = word, .detail = std::move(detail)});
}

void or_throw(const tl::expected<void, std::string>& done) {
  if (!done) throw EnvironmentError(done.error());
}

// The directory is watched and not the file: editors and `mv` put another file in its place.
int watch(const fs::path& dir) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    throw EnvironmentError(fmt::format("cannot watch {}: {}; raise fs.inotify.max_user_instances",
                                       dir.string(), errno_text(errno)));
  }
  constexpr unsigned changes =
      IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
  if (::inotify_add_watch(fd, dir.c_str(), changes) >= 0) return fd;
  const int error = errno;
  ::close(fd);
  throw EnvironmentError(
      fmt::format("cannot watch {}: {}; raise fs.inotify.max_user_watches", dir.string(), errno_text(error)));
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
    throw EnvironmentError(
        fmt::format("cannot make {}: {}; pass another --state-dir", dir.string(), errno_text(errno)));
  }
  const AuthorizedKeys listed = parse_authorized_keys(read_file(paths.authorized_keys()).value_or(""));
  const auto admit = [&](Role role, const fs::path& key_file, std::string_view name) {
    const KeyPair keys = read_or_make(key_file);
    if (listed.by_key.contains(keys.public_key)) return;
    const Principal principal{.role = role, .public_key = keys.public_key, .name = std::string(name)};
    or_throw(append_line(paths.authorized_keys(), authorized_keys_line(principal)));
  };
  admit(Role::operator_, paths.operator_key(), "local-operator");
  admit(Role::agent, paths.agent_key(), "local-agent");
  write_key_file(paths.head_key(), new_key_pair());
}

// The head's own keys, with the public one where the programs of this machine look for it.
KeyPair start_keys(const StatePaths& paths) {
  std::error_code ignored;
  if (!fs::exists(paths.head_key(), ignored)) {
    if (fs::exists(paths.head_public_key(), ignored)) {
      spdlog::warn(
          "{} is missing beside the state of a head, which has a new identity now: no token or document that "
          "was made before is worth anything; to undo that stop pqd and put the saved keys back",
          paths.head_key().string());
    }
    make_first_keys(paths);
  }
  KeyPair keys = read_key_file(paths.head_key());
  const std::string line = keys.public_key + "\n";
  if (read_file(paths.head_public_key()) != line) or_throw(replace_file(paths.head_public_key(), line));
  return keys;
}

}  // namespace

Access::Access(StatePaths paths)
    : paths_(std::move(paths)), head_keys_(start_keys(paths_)), fd_(watch(paths_.dir)) {
  reread({});
}

Access::~Access() { ::close(fd_); }

std::optional<Principal> Access::find(const std::string& public_key) const {
  const auto found = listed_.by_key.find(public_key);
  if (found == listed_.by_key.end()) return std::nullopt;
  return found->second;
}

void Access::refresh(Now now) {
  if (has_changed(fd_, paths_.authorized_keys().filename()) || !is_readable_) reread(now);
  drop_expired(now);
}

void Access::reread(Now now) {
  const auto text = read_file(paths_.authorized_keys());
  const bool was_readable = std::exchange(is_readable_, text.has_value());
  listed_ = parse_authorized_keys(text.value_or(""));
  if (!text && was_readable)
    spdlog::warn("no key is let in until the list of keys is back: {}", text.error());
  if (text && !was_readable) spdlog::info("the list of keys is back");
  for (const BadLine& line : listed_.bad_lines) {
    spdlog::warn("{} line {} lets nobody in: {}", paths_.authorized_keys().string(), line.number, line.why);
  }
  note_missing(now);
}

void Access::drop_expired(Now now) {
  const auto dropped = std::erase_if(listed_.by_key, [&](const auto& listed) {
    const bool is_over = listed.second.expires_unix_ms && now.unix_ms >= *listed.second.expires_unix_ms;
    if (is_over) spdlog::info("the key {} has expired", listed.second.name);
    return is_over;
  });
  if (dropped > 0) note_missing(now);
}

// A list that cannot be read lets nobody in, and says of nobody that this is for good.
void Access::note_missing(Now now) {
  if (!is_readable_) return missing_.clear();
  for (const auto& [key, role] : let_in_) {
    const auto listed = listed_.by_key.find(key);
    if (listed != listed_.by_key.end() && listed->second.role == role) {
      missing_.erase(key);
    } else {
      missing_.try_emplace(key, now.instant);
    }
  }
  for (const auto& [key, principal] : listed_.by_key) let_in_.try_emplace(key, principal.role);
}

std::vector<std::string> Access::take_revoked(Now now) {
  std::vector<std::string> revoked;
  for (const auto& [key, since] : missing_) {
    if (now.instant - since >= missing_for_good) revoked.push_back(key);
  }
  for (const std::string& key : revoked) {
    missing_.erase(key);
    let_in_.erase(key);
    if (const auto still = find(key)) let_in_.emplace(key, still->role);  // with another role
  }
  return revoked;
}

bool Access::is_revoked(const std::string& public_key) const {
  return is_readable_ && !listed_.by_key.contains(public_key) && !let_in_.contains(public_key);
}

Instant Access::next_deadline(Now now) const {
  Instant next = Instant::never();
  for (const auto& [key, since] : missing_) next = std::min(next, since + missing_for_good);
  for (const auto& [key, principal] : listed_.by_key) {
    if (!principal.expires_unix_ms) continue;
    // The civil clock can be set: it is looked at again now and then.
    const auto left = std::chrono::milliseconds(*principal.expires_unix_ms - now.unix_ms);
    next = std::min(next, now.instant + std::clamp<Duration>(left, 0ms, clock_looked_at));
  }
  return next;
}

std::vector<Principal> Access::all() const {
  std::vector<Principal> principals;
  for (const auto& [key, principal] : listed_.by_key) principals.push_back(principal);
  std::sort(principals.begin(), principals.end(), [](const Principal& a, const Principal& b) {
    return std::tie(a.name, a.public_key) < std::tie(b.name, b.public_key);
  });
  return principals;
}

tl::expected<Authorized, Refusal> Access::authorize(const Authorize& request, Now now) {
  if (!is_key(request.public_key)) return refuse(ErrorWord::malformed, "the key is not 40 characters of Z85");
  if (!is_key_name(request.name)) {
    return refuse(ErrorWord::malformed,
                  fmt::format("a key's name is one word of 1 to {} printable ASCII characters",
                              limits::name_bytes_max));
  }
  if (request.lasts_ms && (*request.lasts_ms == 0 || *request.lasts_ms > lasts_ms_max))
    return refuse(ErrorWord::malformed, "a key lasts at least a millisecond, and at most 100 years");
  refresh(now);
  if (const auto known = find(request.public_key)) {
    if (known->role == request.role) return Authorized{known->expires_unix_ms};
    return refuse(ErrorWord::not_allowed, fmt::format("the key has the role {} already, under the name {}",
                                                      to_text(known->role), known->name));
  }
  // Without this, a list that an operator has put away would come back, with the new key alone.
  if (!is_readable_) return refuse(ErrorWord::too_much, "the head's list of keys is not there");
  Principal principal{.role = request.role, .public_key = request.public_key, .name = request.name};
  // To the second, as it is written; never less than was asked for.
  if (request.lasts_ms)
    principal.expires_unix_ms = (now.unix_ms + static_cast<UnixMs>(*request.lasts_ms) + 999) / 1000 * 1000;
  const auto added = append_line(paths_.authorized_keys(), authorized_keys_line(principal));
  if (!added) return refuse(ErrorWord::too_much, added.error());
  listed_.by_key.emplace(request.public_key, principal);
  let_in_.emplace(request.public_key, principal.role);
  return Authorized{principal.expires_unix_ms};
}

tl::expected<std::vector<Principal>, Refusal> Access::revoke(const std::string& name, const Principal& asker,
                                                             Now now) {
  refresh(now);
  const auto text = read_file(paths_.authorized_keys());
  if (!text) return refuse(ErrorWord::too_much, text.error());
  std::vector<Principal> revoked;
  for (const auto& [key, principal] : parse_authorized_keys(*text).by_key) {
    if (principal.name == name || key == name) revoked.push_back(principal);
  }
  if (revoked.empty()) return refuse(ErrorWord::no_such_key, name);
  for (const Principal& principal : revoked) {
    if (principal.public_key == asker.public_key)
      return refuse(ErrorWord::not_allowed, "it is the key that asks: revoke it with another operator's");
  }
  const auto written = replace_file(paths_.authorized_keys(), without_keys(*text, revoked), 0600);
  if (!written) return refuse(ErrorWord::too_much, written.error());
  for (const Principal& principal : revoked) {
    listed_.by_key.erase(principal.public_key);
    // Nobody puts it back in a moment.
    if (let_in_.contains(principal.public_key))
      missing_[principal.public_key] = now.instant - missing_for_good;
  }
  return revoked;
}

}  // namespace pq
