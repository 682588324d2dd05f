#include "daemon/gate/access.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/files.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string key_a = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const std::string key_b = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

// An operator's key that never ends: it may make any other.
const Principal owner{.role = Role::operator_, .public_key = "", .name = "owner", .expires_unix_ms = {}};

unsigned mode_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

bool is_readable(int fd) {
  pollfd question{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&question, 1, 0) == 1;
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::trunc) << text; }

// A state directory, as StateDirClaim leaves it to Access.
struct EmptyState {
  EmptyState() { fs::create_directory(paths.dir); }

  ScratchDir scratch;
  StatePaths paths = scratch.state();
};

// No file can be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("each line of authorized_keys gives one key its role and name") {
  const auto keys = parse_authorized_keys("# who may come in\n\nagent " + key_a + " fleet-1\n  operator\t" +
                                          key_b + "   me@laptop \r\n");
  CHECK(keys.bad_lines.empty());
  REQUIRE(keys.by_key.size() == 2);
  CHECK(keys.by_key.at(key_a).role == Role::agent);
  CHECK(keys.by_key.at(key_a).name == "fleet-1");
  CHECK(keys.by_key.at(key_a).public_key == key_a);
  CHECK(keys.by_key.at(key_b).role == Role::operator_);
  CHECK(keys.by_key.at(key_b).name == "me@laptop");
}

TEST_CASE("a line that is not understood admits nobody and is named by its number") {
  const std::string long_name(limits::name_bytes_max + 1, 'n');
  const std::vector<std::string> lines = {
      std::string("agent"),
      "agent " + key_a,
      "agent " + key_a + " two words",
      "Agent " + key_a + " name",
      "root " + key_a + " name",
      "agent " + key_a.substr(1) + " name",
      "agent " + key_a + "0 name",
      key_a + " agent name",
      "agent " + key_a + " " + long_name,
      "agent " + key_a + " na\x1bme",
      "agent " + key_a + " na\xc3\xa4me",
      std::string("agent\0 ", 7) + key_a + " name",
      "agent " + key_a + " # name",
  };
  for (const std::string& line : lines) {
    CAPTURE(line);
    const auto keys = parse_authorized_keys(fmt::format("viewer {} good\n{}\n", key_b, line));
    CHECK(keys.by_key.size() == 1);
    CHECK(keys.by_key.contains(key_b));
    REQUIRE(keys.bad_lines.size() == 1);
    CHECK(keys.bad_lines[0].number == 2);
    CHECK_FALSE(keys.bad_lines[0].why.empty());
  }
}

TEST_CASE("of two lines for one key the first holds, and the second is reported") {
  const auto keys = parse_authorized_keys("viewer " + key_a + " first\noperator " + key_a + " second");
  CHECK(keys.by_key.at(key_a).role == Role::viewer);
  REQUIRE(keys.bad_lines.size() == 1);
  CHECK(keys.bad_lines[0].number == 2);
}

TEST_CASE("any bytes at all are a list, of nobody") {
  for (const std::string& text : {std::string(), std::string("\n\n\n"), std::string(10'000, ' '),
                                  std::string(100, '\0'), std::string("\xff\xfe\n#\n#agent")}) {
    CHECK(parse_authorized_keys(text).by_key.empty());
  }
}

TEST_CASE("the first start makes every key that one machine needs, and later starts keep them") {
  const EmptyState state;
  const StatePaths& paths = state.paths;
  KeyPair head;
  {
    const Access access(paths);
    head = access.head_keys();
    CHECK(access.find(read_key_file(paths.operator_key()).public_key)->role == Role::operator_);
    CHECK(access.find(read_key_file(paths.agent_key()).public_key)->role == Role::agent);
    CHECK_FALSE(access.find(head.public_key).has_value());
    CHECK_FALSE(access.find(key_a).has_value());
  }
  CHECK(mode_of(paths.head_key().parent_path()) == 0700);
  for (const fs::path& secret :
       {paths.head_key(), paths.operator_key(), paths.agent_key(), paths.authorized_keys()}) {
    CHECK(mode_of(secret) == 0600);
  }
  CHECK(bytes_of(paths.head_public_key()) == head.public_key + "\n");
  const std::string list = bytes_of(paths.authorized_keys());

  const Access again(paths);
  CHECK(again.head_keys().secret_key == head.secret_key);
  CHECK(bytes_of(paths.authorized_keys()) == list);
}

TEST_CASE("a first start that was cut short is finished by the next one") {
  const EmptyState state;
  std::string operator_key;
  {
    const Access access(state.paths);
    operator_key = read_key_file(state.paths.operator_key()).public_key;
  }
  fs::remove(state.paths.head_key());
  fs::remove(state.paths.agent_key());
  write(state.paths.authorized_keys(), "operator " + operator_key + " local-operator\n");
  const Access access(state.paths);
  CHECK(access.find(operator_key)->role == Role::operator_);
  CHECK(access.find(read_key_file(state.paths.agent_key()).public_key)->role == Role::agent);
  CHECK(parse_authorized_keys(bytes_of(state.paths.authorized_keys())).by_key.size() == 2);
}

TEST_CASE("keys that were taken off the list stay off it after a restart") {
  const EmptyState state;
  { const Access access(state.paths); }
  const std::string agent_key = read_key_file(state.paths.agent_key()).public_key;
  write(state.paths.authorized_keys(), "");
  {
    const Access access(state.paths);
    CHECK_FALSE(access.find(agent_key).has_value());
  }
  fs::remove(state.paths.authorized_keys());
  const Access access(state.paths);
  CHECK_FALSE(access.find(agent_key).has_value());
  CHECK_FALSE(fs::exists(state.paths.authorized_keys()));
}

TEST_CASE("a head key that is damaged or readable by others stops the start") {
  const EmptyState state;
  { const Access access(state.paths); }
  REQUIRE(::chmod(state.paths.head_key().c_str(), 0644) == 0);
  CHECK_THROWS_AS(Access{state.paths}, EnvironmentError);
  REQUIRE(::chmod(state.paths.head_key().c_str(), 0600) == 0);
  write(state.paths.head_key(), "public x\n");
  CHECK_THROWS_AS(Access{state.paths}, EnvironmentError);
}

TEST_CASE("an edit of the list counts at once, in place or by a file put in its place") {
  const EmptyState state;
  Access access(state.paths);
  CHECK_FALSE(is_readable(access.fd()));

  write(state.paths.authorized_keys(), "agent " + key_a + " edited\n");
  CHECK(is_readable(access.fd()));
  access.refresh({});
  CHECK_FALSE(is_readable(access.fd()));
  CHECK(access.find(key_a)->name == "edited");

  const fs::path other = state.paths.dir / "authorized_keys~";
  write(other, "agent " + key_b + " renamed\n");
  fs::rename(other, state.paths.authorized_keys());
  access.refresh({});
  CHECK_FALSE(access.find(key_a).has_value());
  CHECK(access.find(key_b)->name == "renamed");
}

TEST_CASE("a list that is gone admits nobody until it is back") {
  const EmptyState state;
  Access access(state.paths);
  const std::string agent_key = read_key_file(state.paths.agent_key()).public_key;
  const std::string list = bytes_of(state.paths.authorized_keys());
  REQUIRE(access.find(agent_key).has_value());

  fs::remove(state.paths.authorized_keys());
  access.refresh({});
  CHECK_FALSE(access.find(agent_key).has_value());
  CHECK_FALSE(
      access.authorize({.role = Role::agent, .public_key = key_a, .name = "new"}, owner, {}).has_value());
  CHECK_FALSE(fs::exists(state.paths.authorized_keys()));

  write(state.paths.authorized_keys(), list);
  access.refresh({});
  CHECK(access.find(agent_key).has_value());
}

TEST_CASE("a list that cannot be read for a while admits nobody for a while") {
  const EmptyState state;
  Access access(state.paths);
  const std::string agent_key = read_key_file(state.paths.agent_key()).public_key;
  write(state.paths.authorized_keys(), bytes_of(state.paths.authorized_keys()));
  {
    const NoDescriptors limit;
    access.refresh({});
    CHECK_FALSE(access.find(agent_key).has_value());
  }
  access.refresh({});  // nothing tells that it could be read now
  CHECK(access.find(agent_key).has_value());
}

TEST_CASE("a key that is authorized is on the list at once, on the disk, and after a restart") {
  const EmptyState state;
  const Authorize request{.role = Role::viewer, .public_key = key_a, .name = "guest"};
  {
    Access access(state.paths);
    const std::string before = bytes_of(state.paths.authorized_keys());
    REQUIRE(access.authorize(request, owner, {}).has_value());
    CHECK(access.find(key_a)->role == Role::viewer);
    CHECK(bytes_of(state.paths.authorized_keys()) == before + "viewer " + key_a + " guest\n");

    REQUIRE(access.authorize(request, owner, {}).has_value());  // again: nothing to add
    CHECK(bytes_of(state.paths.authorized_keys()) == before + "viewer " + key_a + " guest\n");
  }
  CHECK(Access(state.paths).find(key_a)->name == "guest");
}

TEST_CASE("a key with another role, a bad key and a bad name are refused and change nothing") {
  const EmptyState state;
  Access access(state.paths);
  REQUIRE(
      access.authorize({.role = Role::agent, .public_key = key_a, .name = "fleet"}, owner, {}).has_value());
  const std::string before = bytes_of(state.paths.authorized_keys());

  const auto promoted =
      access.authorize({.role = Role::operator_, .public_key = key_a, .name = "fleet"}, owner, {});
  REQUIRE_FALSE(promoted.has_value());
  CHECK(promoted.error().word == ErrorWord::not_allowed);
  CHECK(promoted.error().detail.find("agent") != std::string::npos);
  for (const std::string name : {"", "two words", "line\nbreak", "tab\t", "\x7f", "\xc3\xa4"}) {
    CAPTURE(name);
    const auto refused =
        access.authorize({.role = Role::agent, .public_key = key_b, .name = name}, owner, {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().word == ErrorWord::malformed);
  }
  CHECK_FALSE(access.authorize({.role = Role::agent, .public_key = key_b + "\n", .name = "name"}, owner, {})
                  .has_value());
  CHECK(bytes_of(state.paths.authorized_keys()) == before);
  CHECK_FALSE(access.find(key_b).has_value());
}

// ---------------------------------------------------------------- keys that end

Now at(Duration since, UnixMs unix_ms = 0) { return {Instant{} + since, unix_ms}; }

const Principal somebody{
    .role = Role::operator_, .public_key = "", .name = "somebody", .expires_unix_ms = {}};

TEST_CASE("a line may say until when its key is good") {
  const auto keys = parse_authorized_keys("agent " + key_a + " spot expires=2026-12-01T10:00:00Z\n");
  REQUIRE(keys.by_key.contains(key_a));
  CHECK(keys.by_key.at(key_a).expires_unix_ms == 1'796'119'200'000);
  CHECK(authorized_keys_line(keys.by_key.at(key_a)) ==
        "agent " + key_a + " spot expires=2026-12-01T10:00:00Z");
  for (const char* bad : {"expires=", "expires=tomorrow", "2026-12-01T10:00:00Z",
                          "expires=2026-12-01T10:00:00Z x", "expires=2026-12-41T10:00:00Z", "#"})
    CHECK(parse_authorized_keys("agent " + key_a + " spot " + bad).by_key.empty());
}

TEST_CASE(
    "a key that expires is let in until then, its agents are told a moment later, and it stays listed") {
  const EmptyState state;
  Access access(state.paths);
  const auto authorized = access.authorize(
      {.role = Role::agent, .public_key = key_a, .name = "spot", .lasts_ms = 5000}, owner, at(1s, 700));
  REQUIRE(authorized.has_value());
  CHECK(authorized->expires_unix_ms == 6000);  // 5.7 s, rounded up as it is written
  const auto still = at(6s, 5999);
  access.refresh(still);
  CHECK(access.find(key_a).has_value());
  CHECK(access.next_deadline(still) == still.instant + 1ms);
  const auto over = at(6s, 6000);
  access.refresh(over);
  CHECK_FALSE(access.find(key_a).has_value());
  CHECK(access.take_revoked(over).empty());
  CHECK(access.next_deadline(over) <= over.instant + 500ms);
  CHECK(access.take_revoked(at(6500ms, 6500)) == std::vector{key_a});
  CHECK(access.take_revoked(at(9s, 9000)).empty());
  CHECK(access.next_deadline(at(9s, 9000)) == Instant::never());
  Access again(state.paths);
  again.refresh(over);
  CHECK_FALSE(again.find(key_a).has_value());
}

// ---------------------------------------------------------------- clocks that jump

// A key of an agent that expires 10 s after the beginning, and is in use.
struct ExpiringKey {
  ExpiringKey() {
    REQUIRE(access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot", .lasts_ms = 10'000},
                             owner, at(0s, 0)));
    look(1s, 1000);
  }
  void look(Duration since, UnixMs unix_ms) { access.refresh(at(since, unix_ms)); }
  std::vector<std::string> revoked(Duration since) { return access.take_revoked(at(since)); }
  Standing standing() const {
    for (const ListedKey& key : access.all()) {
      if (key.principal.public_key == key_a) return key.standing;
    }
    FAIL("it stays listed");
    return Standing::good;
  }

  EmptyState state;
  Access access{state.paths};
};

TEST_CASE("a clock that jumps two hours ahead for a second ends nobody, and refuses nobody afterwards") {
  ExpiringKey key;
  key.look(2s, 7'202'000);
  CHECK(key.standing() == Standing::doubtful);
  CHECK(key.access.find(key_a).has_value());  // whoever is in stays
  CHECK(key.access.admission(key_a) == Admission::come_again);
  CHECK(key.access.next_deadline(at(2s, 7'202'000)) == at(2500ms).instant);
  CHECK(key.revoked(2900ms).empty());
  key.look(3s, 3000);
  CHECK(key.standing() == Standing::good);
  CHECK(key.access.admission(key_a) == Admission::welcome);
  CHECK(key.revoked(9s).empty());
  CHECK_FALSE(key.access.is_revoked(key_a));
}

TEST_CASE("an expiry by a clock that has jumped is told once it has held for a minute") {
  ExpiringKey key;
  key.look(2s, 7'202'000);
  key.look(61999ms, 7'261'999);
  CHECK(key.standing() == Standing::doubtful);
  CHECK(key.revoked(61999ms).empty());
  key.look(62s, 7'262'000);
  CHECK(key.standing() == Standing::expired);
  CHECK(key.access.admission(key_a) == Admission::unknown);
  CHECK(key.revoked(62300ms) == std::vector{key_a});
  CHECK(key.access.is_revoked(key_a));
}

TEST_CASE("a clock that jumps again and again holds up no expiry for longer than a minute") {
  ExpiringKey key;
  for (int second = 2; second < 62; second += 20) key.look(std::chrono::seconds(second), 3'600'000 * second);
  CHECK(key.standing() == Standing::doubtful);
  key.look(62s, 3'600'000 * 62);
  CHECK(key.standing() == Standing::expired);
}

TEST_CASE("a key that has expired for sure is not in doubt again when the clock jumps on") {
  ExpiringKey key;
  key.look(10s, 10'000);
  REQUIRE(key.standing() == Standing::expired);
  REQUIRE(key.revoked(11s) == std::vector{key_a});
  key.look(12s, 7'212'000);
  CHECK(key.standing() == Standing::expired);
  CHECK(key.access.admission(key_a) == Admission::unknown);
}

TEST_CASE("a key that has expired by a wrong clock is good again without a restart when the clock is right") {
  ExpiringKey key;
  key.look(2s, 7'202'000);
  key.look(62s, 7'262'000);
  REQUIRE(key.revoked(63s) == std::vector{key_a});
  key.look(70s, 5000);
  CHECK(key.standing() == Standing::good);
  CHECK(key.access.find(key_a)->name == "spot");
  CHECK(key.access.admission(key_a) == Admission::welcome);
  key.look(75s, 10'000);  // and it expires once more; the jump back is still doubted
  CHECK(key.standing() == Standing::doubtful);
  key.look(130s, 65'000);
  CHECK(key.revoked(131s) == std::vector{key_a});
}

TEST_CASE("an expired key stays on the list, on the disk too, until it is revoked") {
  ExpiringKey key;
  const std::string before = bytes_of(key.state.paths.authorized_keys());
  key.look(10s, 10'000);
  CHECK(key.standing() == Standing::expired);
  CHECK(bytes_of(key.state.paths.authorized_keys()) == before);
  const auto again = key.access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, owner,
                                          at(11s, 11'000));
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().detail.find("expired at 1970-01-01T00:00:10Z") != std::string::npos);
  CHECK(key.access.revoke("spot", somebody, at(11s, 11'000))->size() == 1);
  CHECK(key.access.all().size() == 2);
}

// ---------------------------------------------------------------- keys that make keys

TEST_CASE("a key that ends makes no key that lasts longer, and says until when it may") {
  const EmptyState state;
  Access access(state.paths);
  const Principal brief{
      .role = Role::operator_, .public_key = "", .name = "brief", .expires_unix_ms = 3'600'000};
  const auto ask = [&](std::optional<std::uint64_t> lasts_ms) {
    return access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot", .lasts_ms = lasts_ms},
                            brief, at(1s, 60'000));
  };
  for (const std::optional<std::uint64_t> lasts_ms :
       {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{3'540'001}}) {
    const auto refused = ask(lasts_ms);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().word == ErrorWord::not_allowed);
    CHECK(refused.error().detail.find("1970-01-01T01:00:00Z") != std::string::npos);
    CHECK(refused.error().detail.find("59m") != std::string::npos);
    CHECK_FALSE(access.find(key_a).has_value());
  }
  CHECK(ask(3'540'000)->expires_unix_ms == 3'600'000);
}

TEST_CASE("only an operator's key makes keys") {
  const EmptyState state;
  Access access(state.paths);
  for (const Role role : {Role::agent, Role::viewer}) {
    const Principal asker{.role = role, .public_key = "", .name = "other"};
    CHECK_FALSE(
        access.authorize({.role = Role::viewer, .public_key = key_a, .name = "new"}, asker, {}).has_value());
  }
}

TEST_CASE("a wish for a key that lasts no time, or for ever and a day, is refused") {
  const EmptyState state;
  Access access(state.paths);
  for (const std::uint64_t lasts : {std::uint64_t{0}, std::uint64_t{4'000'000'000'000}, ~std::uint64_t{0}}) {
    const auto refused = access.authorize(
        {.role = Role::agent, .public_key = key_a, .name = "spot", .lasts_ms = lasts}, owner, {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().word == ErrorWord::malformed);
  }
}

TEST_CASE("revoking takes every key of a name off the list, and leaves all else in the file as it is") {
  const EmptyState state;
  Access access(state.paths);
  const std::string kept = bytes_of(state.paths.authorized_keys()) + "# for the fleet\nnonsense\n";
  write(state.paths.authorized_keys(),
        kept + "agent " + key_a + " spot\n  viewer\t" + key_b + " spot expires=2099-12-01T10:00:00Z");
  access.refresh(at(1s));
  REQUIRE(access.find(key_a).has_value());
  const auto revoked = access.revoke("spot", somebody, at(2s));
  REQUIRE(revoked.has_value());
  CHECK(revoked->size() == 2);
  CHECK(bytes_of(state.paths.authorized_keys()) == kept);
  CHECK(mode_of(state.paths.authorized_keys()) == 0600);
  CHECK_FALSE(access.find(key_a).has_value());
  CHECK(access.take_revoked(at(2s)).size() == 2);  // at once: nobody is just editing
  const auto again = access.revoke("spot", somebody, at(2s));
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().word == ErrorWord::no_such_key);
}

TEST_CASE("a key is revoked by itself too, but never the one that asks") {
  const EmptyState state;
  Access access(state.paths);
  const Principal self = *access.find(read_key_file(state.paths.operator_key()).public_key);
  REQUIRE(
      access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, owner, {}).has_value());
  REQUIRE(
      access.authorize({.role = Role::agent, .public_key = key_b, .name = "spot"}, owner, {}).has_value());
  CHECK(access.revoke(key_a, self, {})->size() == 1);
  CHECK(access.find(key_b).has_value());
  const auto refused = access.revoke(self.name, self, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().word == ErrorWord::not_allowed);
  CHECK(access.find(self.public_key).has_value());
}

TEST_CASE("nobody is told that a key is gone while an editor writes, or while the list cannot be read") {
  const EmptyState state;
  Access access(state.paths);
  const std::string list = bytes_of(state.paths.authorized_keys());
  write(state.paths.authorized_keys(), "");
  access.refresh(at(1s));
  CHECK(access.take_revoked(at(1299ms)).empty());
  write(state.paths.authorized_keys(), list);
  access.refresh(at(1299ms));
  CHECK(access.take_revoked(at(10s)).empty());

  fs::remove(state.paths.authorized_keys());
  access.refresh(at(11s));
  CHECK(access.take_revoked(at(100s)).empty());
  write(state.paths.authorized_keys(), list);
  access.refresh(at(101s));
  CHECK(access.take_revoked(at(200s)).empty());
}

TEST_CASE("a key that is taken off the list by hand, or given another role, is one that is gone") {
  const EmptyState state;
  Access access(state.paths);
  REQUIRE(
      access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, owner, {}).has_value());
  write(state.paths.authorized_keys(), "viewer " + key_a + " spot\n");
  access.refresh(at(1s));
  CHECK(access.next_deadline(at(1s)) == at(1300ms).instant);
  CHECK(access.take_revoked(at(1300ms)).size() == 3);  // and the two that this machine began with
  CHECK(access.find(key_a)->role == Role::viewer);
  access.refresh(at(2s));
  CHECK(access.take_revoked(at(10s)).empty());
}

// ---------------------------------------------------------------- news of keys

// "added spot by alice"
std::vector<std::string> news_of(Access& access) {
  constexpr std::array<std::string_view, 4> words = {"added", "good again", "expired", "revoked"};
  std::vector<std::string> told;
  for (const KeyNews& news : access.take_news()) {
    told.push_back(std::string(words.at(static_cast<std::size_t>(news.what))) + " " + news.key.name +
                   (news.by.empty() ? "" : " by " + news.by));
  }
  std::sort(told.begin(), told.end());
  return told;
}

using Told = std::vector<std::string>;

TEST_CASE("a start tells no news of keys, whether it makes them, finds them, or finds them expired") {
  const EmptyState state;
  {
    Access first(state.paths);
    first.refresh(at(1s, 1000));
    CHECK_FALSE(first.has_news());
    REQUIRE(first.authorize({.role = Role::agent, .public_key = key_a, .name = "spot", .lasts_ms = 5000},
                            owner, at(1s, 1000)));
    CHECK(news_of(first) == Told{"added spot by owner"});
  }
  Access again(state.paths);
  again.refresh(at(1s, 9000));
  CHECK(again.take_revoked(at(2s, 9900)) == std::vector{key_a});
  CHECK_FALSE(again.has_news());
}

TEST_CASE("a key that is made, edited into the list or revoked is news once, with who asked for it") {
  const EmptyState state;
  Access access(state.paths);
  REQUIRE(access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, somebody, at(1s)));
  access.refresh(at(1s));  // which reads what was just written
  CHECK(news_of(access) == Told{"added spot by somebody"});
  const std::string list = bytes_of(state.paths.authorized_keys());
  write(state.paths.authorized_keys(), list + "viewer " + key_b + " guest\n");
  access.refresh(at(2s));
  CHECK(news_of(access) == Told{"added guest"});
  REQUIRE(access.revoke("spot", owner, at(3s)));
  access.refresh(at(3s));
  CHECK(access.take_revoked(at(3s)) == std::vector{key_a});
  CHECK(news_of(access) == Told{"revoked spot by owner"});
  write(state.paths.authorized_keys(), bytes_of(state.paths.authorized_keys()) + "\n");
  access.refresh(at(9s));
  CHECK(access.take_revoked(at(10s)).empty());
  CHECK_FALSE(access.has_news());
}

TEST_CASE("a list that an editor empties for a moment is no news, and a key that is gone for longer is") {
  const EmptyState state;
  Access access(state.paths);
  REQUIRE(access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, owner, at(0s)));
  access.refresh(at(0s));
  access.take_news();
  const std::string list = bytes_of(state.paths.authorized_keys());
  write(state.paths.authorized_keys(), "");
  access.refresh(at(1s));
  access.take_revoked(at(1100ms));
  write(state.paths.authorized_keys(), list);
  access.refresh(at(1200ms));
  access.take_revoked(at(9s));
  CHECK_FALSE(access.has_news());
  std::string without = list;
  without.erase(without.find("agent " + key_a));
  write(state.paths.authorized_keys(), without);
  access.refresh(at(10s));
  CHECK_FALSE(access.has_news());
  access.take_revoked(at(11s));
  CHECK(news_of(access) == Told{"revoked spot"});
}

TEST_CASE("an expiry is news once, and so is a clock that takes it back") {
  ExpiringKey key;
  key.access.take_news();
  key.look(2s, 7'202'000);
  key.look(62s, 7'262'000);
  REQUIRE(key.revoked(63s) == std::vector{key_a});
  CHECK(news_of(key.access) == Told{"expired spot"});
  key.look(64s, 7'264'000);
  CHECK_FALSE(key.access.has_news());
  key.look(70s, 5000);
  CHECK(news_of(key.access) == Told{"good again spot"});
}

TEST_CASE("a key that gets another role by hand is gone with the old one and new with the other") {
  const EmptyState state;
  Access access(state.paths);
  REQUIRE(access.authorize({.role = Role::agent, .public_key = key_a, .name = "spot"}, owner, at(0s)));
  access.take_news();
  std::string list = bytes_of(state.paths.authorized_keys());
  list.replace(list.find("agent " + key_a), 5, "viewer");
  write(state.paths.authorized_keys(), list);
  access.refresh(at(1s));
  access.take_revoked(at(2s));
  CHECK(news_of(access) == Told{"added spot", "revoked spot"});
}

TEST_CASE("a line that an editor left without its end is not glued to the next key") {
  const EmptyState state;
  Access access(state.paths);
  write(state.paths.authorized_keys(), "agent " + key_a + " edited");
  REQUIRE(
      access.authorize({.role = Role::viewer, .public_key = key_b, .name = "guest"}, owner, {}).has_value());
  CHECK(bytes_of(state.paths.authorized_keys()) ==
        "agent " + key_a + " edited\nviewer " + key_b + " guest\n");
}

}  // namespace pq::tests
