#include "daemon/gate/access.h"

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

#include "common/os/files.h"
#include "common/values/duration.h"
#include "common/values/errors.h"
#include "common/values/limits.h"
#include "common/values/utc_time.h"

namespace pq::gate {
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

void tell_of_doubt(const std::vector<std::string>& names, Duration jump) {
  const std::string others = names.size() > 1 ? fmt::format(" and {} more", names.size() - 1) : "";
  spdlog::warn(
      "the clock has jumped {} by {}, which would end the key {}{}: whoever is connected stays until that "
      "has held for a minute",
      jump < 0s ? "back" : "ahead", to_text(std::chrono::abs(jump)), names.front(), others);
}

void tell(const std::vector<Expiry::Change>& changes, const std::optional<Duration>& jump) {
  std::vector<std::string> doubtful;
  for (const auto& [name, standing] : changes) {
    if (standing == Standing::good) spdlog::info("by the clock the key {} has not expired", name);
    if (standing == Standing::expired) spdlog::info("the key {} has expired", name);
    if (standing == Standing::doubtful) doubtful.push_back(name);
  }
  if (!doubtful.empty()) tell_of_doubt(doubtful, jump.value_or(0s));
}

// Nobody gives away what is not theirs. Else a key that is made for a day could make one for ever.
std::optional<Refusal> refusal_beyond(const Principal& asker, const Principal& wanted, Now now) {
  if (asker.role != Role::operator_) {
    return Refusal{ErrorWord::not_allowed,
                   fmt::format("a key of role {} makes no keys", to_text(asker.role))};
  }
  if (!asker.expires_unix_ms) return std::nullopt;
  if (wanted.expires_unix_ms && *wanted.expires_unix_ms <= *asker.expires_unix_ms) return std::nullopt;
  const auto left = std::chrono::milliseconds(std::max<UnixMs>(*asker.expires_unix_ms - now.unix_ms, 0));
  return Refusal{
      ErrorWord::not_allowed,
      fmt::format(
          "the key {} that asks expires at {}, so a key that it makes may last until then at most; pass "
          "--expires with less than {}, or ask with a key that lasts longer",
          asker.name, utc_text(*asker.expires_unix_ms), to_text(left))};
}

void or_throw(const tl::expected<void, std::string>& done) {
  if (!done) throw EnvironmentError(done.error());
}

// Watches the directory and not the file, because editors and `mv` replace the file.
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

// Reads all events. Returns whether one concerned a file of this name, or may have.
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

// The head's key is written last. So an interrupted first start is repeated while it is missing.
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

// Reads the head's own keys, and puts the public one where the programs of this machine look for it.
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
  news_.clear();
}

Access::~Access() { ::close(fd_); }

std::optional<Principal> Access::find(const std::string& public_key) const {
  const auto found = listed_.by_key.find(public_key);
  if (found == listed_.by_key.end() || expiry_.standing(public_key) == Standing::expired) return std::nullopt;
  return found->second;
}

Admission Access::admission(const std::string& public_key) const {
  if (!find(public_key)) return Admission::unknown;
  return expiry_.standing(public_key) == Standing::good ? Admission::welcome : Admission::come_again;
}

void Access::refresh(Now now) {
  if (has_changed(fd_, paths_.authorized_keys().filename()) || !is_readable_) reread(now);
  look_at_expiry(now);
}

void Access::reread(Now now) {
  const auto text = read_file(paths_.authorized_keys());
  const bool was_readable = std::exchange(is_readable_, text.has_value());
  listed_ = parse_authorized_keys(text.value_or(""));
  if (!text && was_readable)
    spdlog::warn("all keys are refused until the list of keys can be read: {}", text.error());
  if (text && !was_readable) spdlog::info("the list of keys can be read again");
  for (const BadLine& line : listed_.bad_lines) {
    spdlog::warn("{} line {} is ignored: {}", paths_.authorized_keys().string(), line.number, line.why);
  }
  note_missing(now);
}

// What had expired before the start is no news.
void Access::look_at_expiry(Now now) {
  const bool is_first = !std::exchange(has_looked_, true);
  const auto changes = expiry_.look(listed_.by_key, now);
  if (changes.empty()) return;
  tell(changes, expiry_.jump());
  note_missing(now);
  if (!is_first) return;
  for (auto& [key, missing] : missing_) missing.is_told = missing.is_told || is_expired(key);
}

// Whether it is listed with this role and has not expired.
bool Access::counts(const std::string& public_key, Role role) const {
  const auto found = find(public_key);
  return found && found->role == role;
}

bool Access::is_expired(const std::string& public_key) const {
  return listed_.by_key.contains(public_key) && expiry_.standing(public_key) == Standing::expired;
}

// A list that cannot be read admits nobody, and revokes nobody for good.
void Access::note_missing(Now now) {
  if (!is_readable_) return missing_.clear();
  for (auto& [key, principal] : let_in_) {
    if (counts(key, principal.role)) {
      missing_.erase(key);
      principal = listed_.by_key.at(key);  // its name may be another one
    } else {
      missing_.try_emplace(key, Missing{now.instant});
    }
  }
  std::erase_if(expired_, [&](const std::string& key) { return !listed_.by_key.contains(key); });
  for (const auto& [key, principal] : listed_.by_key) {
    if (find(key)) note_let_in(principal);
  }
}

void Access::note_let_in(const Principal& principal) {
  if (!let_in_.try_emplace(principal.public_key, principal).second) return;
  const bool is_back = expired_.erase(principal.public_key) > 0;
  news_.push_back({is_back ? KeyChange::good_again : KeyChange::added, principal});
}

std::vector<std::string> Access::take_revoked(Now now) {
  std::vector<std::string> revoked;
  for (const auto& [key, missing] : missing_) {
    if (now.instant - missing.since < missing_for_good) continue;
    revoked.push_back(key);
    const bool has_expired = is_expired(key);
    if (has_expired) expired_.insert(key);
    if (!missing.is_told)
      news_.push_back({has_expired ? KeyChange::expired : KeyChange::revoked, let_in_.at(key)});
  }
  for (const std::string& key : revoked) {
    missing_.erase(key);
    let_in_.erase(key);
    if (const auto still = find(key)) note_let_in(*still);  // with another role
  }
  return revoked;
}

bool Access::is_revoked(const std::string& public_key) const {
  return is_readable_ && !find(public_key) && !let_in_.contains(public_key);
}

Instant Access::next_deadline(Now now) const {
  Instant next = Instant::never();
  for (const auto& [key, missing] : missing_) next = std::min(next, missing.since + missing_for_good);
  for (const auto& [key, principal] : listed_.by_key) {
    if (!principal.expires_unix_ms || expiry_.standing(key) == Standing::expired) continue;
    // The wall clock can be changed, so it is read again from time to time.
    const bool is_doubtful = expiry_.standing(key) == Standing::doubtful;
    const auto left = std::chrono::milliseconds(*principal.expires_unix_ms - now.unix_ms);
    next = std::min(next, now.instant + (is_doubtful ? clock_looked_at
                                                     : std::clamp<Duration>(left, 0ms, clock_looked_at)));
  }
  return next;
}

std::vector<ListedKey> Access::all() const {
  std::vector<ListedKey> keys;
  for (const auto& [key, principal] : listed_.by_key) keys.push_back({principal, expiry_.standing(key)});
  std::sort(keys.begin(), keys.end(), [](const ListedKey& a, const ListedKey& b) {
    return std::tie(a.principal.name, a.principal.public_key) <
           std::tie(b.principal.name, b.principal.public_key);
  });
  return keys;
}

std::optional<Refusal> Access::refusal_of_listed(const Authorize& request) const {
  const auto listed = listed_.by_key.find(request.public_key);
  if (listed == listed_.by_key.end()) return std::nullopt;
  const Principal& known = listed->second;
  if (known.role != request.role) {
    return Refusal{ErrorWord::not_allowed, fmt::format("the key has the role {} already, under the name {}",
                                                       to_text(known.role), known.name)};
  }
  if (find(request.public_key)) return std::nullopt;
  return Refusal{ErrorWord::not_allowed,
                 fmt::format("the key has expired at {}, under the name {}; revoke it, or make another one",
                             utc_text(*known.expires_unix_ms), known.name)};
}

tl::expected<Authorized, Refusal> Access::authorize(const Authorize& request, const Principal& asker,
                                                    Now now) {
  if (!is_key(request.public_key)) return refuse(ErrorWord::malformed, "the key is not 40 characters of Z85");
  if (!is_key_name(request.name)) {
    return refuse(ErrorWord::malformed,
                  fmt::format("a key's name is one word of 1 to {} printable ASCII characters",
                              limits::name_bytes_max));
  }
  if (request.lasts_ms && (*request.lasts_ms == 0 || *request.lasts_ms > lasts_ms_max))
    return refuse(ErrorWord::malformed, "a key lasts at least a millisecond, and at most 100 years");
  refresh(now);
  if (auto refusal = refusal_of_listed(request)) return tl::unexpected(std::move(*refusal));
  if (const auto known = find(request.public_key)) return Authorized{known->expires_unix_ms};
  // Without this, a list that an operator has moved away would come back with only the new key.
  if (!is_readable_) return refuse(ErrorWord::too_much, "the head cannot read its list of keys");
  Principal principal{.role = request.role, .public_key = request.public_key, .name = request.name};
  // Rounded up to a second, as it is written; never shorter than requested.
  if (request.lasts_ms)
    principal.expires_unix_ms = (now.unix_ms + static_cast<UnixMs>(*request.lasts_ms) + 999) / 1000 * 1000;
  if (auto refusal = refusal_beyond(asker, principal, now)) return tl::unexpected(std::move(*refusal));
  const auto added = append_line(paths_.authorized_keys(), authorized_keys_line(principal));
  if (!added) return refuse(ErrorWord::too_much, added.error());
  listed_.by_key.emplace(request.public_key, principal);
  let_in_.insert_or_assign(request.public_key, principal);
  news_.push_back({KeyChange::added, principal, asker.name});
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
    news_.push_back({KeyChange::revoked, principal, asker.name});
    // These keys will not return in a moment, so no patience is needed.
    if (let_in_.contains(principal.public_key))
      missing_.insert_or_assign(principal.public_key, Missing{now.instant - missing_for_good, true});
  }
  return revoked;
}

}  // namespace pq::gate
