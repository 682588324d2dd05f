// The head's turn while a backup is made, and the answers to its clients.
#include "daemon/store/backups.h"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/wire.h"
#include "daemon/daemon.h"
#include "daemon/store/backup_names.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::tests {
namespace {

// A backup takes three turns here, and ends with the result that the test sets.
class ScriptedStore final : public ModelStore {
 public:
  std::optional<Refusal> begin_backup(const std::string& name) override {
    begun.push_back(name);
    turns_left = 3;
    return std::nullopt;
  }
  std::optional<BackupEnd> continue_backup() override {
    return --turns_left > 0 ? std::nullopt : std::optional(ends_so);
  }

  std::vector<std::string> backups() const override { return names; }
  bool remove_backup(const std::string& name) override { return removed.push_back(name), true; }

  std::vector<std::string> begun;
  std::vector<std::string> names;
  std::vector<std::string> removed;
  int turns_left = 0;
  BackupEnd ends_so = BackedUp{"/backups/one.db", 4096};
};

class ScriptedTransport final : public Transport {
 public:
  std::vector<Incoming> receive(Instant deadline, std::size_t /*messages_max*/) override {
    deadlines.push_back(deadline);
    return std::exchange(arrived, {});
  }
  void send(const std::vector<OutgoingBytes>& batch) override {
    sent.insert(sent.end(), batch.begin(), batch.end());
  }
  tl::expected<Authorized, Refusal> authorize(const Authorize& /*request*/,
                                              const Principal& /*asker*/) override {
    return {};
  }

  std::vector<Incoming> arrived;
  std::vector<Instant> deadlines;
  std::deque<OutgoingBytes> sent;
};

class StandingClock final : public Clock {
 public:
  Now now() const override { return {Instant{std::chrono::hours(1)}, 1'769'862'605'123}; }
};

struct Head {
  ScriptedStore store;
  ScriptedTransport transport;
  StandingClock clock;
  Daemon daemon{Queue({}, Epoch{1}, {}, clock.now()), store, transport, clock};

  Head() { daemon.turn(); }  // stores that it has started

  void hears(std::uint64_t peer, RequestNumber request, const ClientToHead& question,
             Role role = Role::operator_) {
    transport.arrived.push_back(
        {{peer}, {role, "key", "somebody"}, encode(Letter<ClientToHead>{request, question})});
  }

  // Turns once. Did it wait for a message?
  bool waits() {
    daemon.turn();
    return transport.deadlines.back() > clock.now().instant;
  }

  // The only message that was sent since.
  std::pair<std::uint64_t, Letter<HeadToClient>> says() {
    REQUIRE(transport.sent.size() == 1);
    const OutgoingBytes message = transport.sent.front();
    transport.sent.pop_front();
    return {message.peer.value, *decode_to_client(message.bytes)};
  }

  Happening last_event() const { return store.stored().events.rbegin()->second.event.what; }

  ErrorWord refuses() { return std::get<Refusal>(says().second.body).word; }
};

const BackUp wish{{1, 2}, "one"};

TEST_CASE("a head does not sleep while a backup is made, and answers in the turn that ends it") {
  Head h;
  CHECK(h.waits());
  h.hears(5, 9, wish);
  CHECK(h.waits());
  CHECK_FALSE(h.waits());
  CHECK(h.transport.sent.empty());
  CHECK_FALSE(h.waits());
  const auto [peer, letter] = h.says();
  CHECK(peer == 5);
  CHECK(letter.request == 9);
  CHECK(letter.body == HeadToClient(BackedUp{"/backups/one.db", 4096}));
  CHECK(h.last_event() == Happening::head_started);
  CHECK_FALSE(h.waits());
  CHECK(h.last_event() == Happening::backup_made);
  CHECK(h.waits());
  CHECK(h.transport.sent.empty());
}

TEST_CASE("a repeated question is the same backup, and who asked last hears of it") {
  Head h;
  h.hears(5, 9, wish);
  h.daemon.turn();
  h.hears(6, 9, wish);
  h.daemon.turn();
  h.daemon.turn();
  CHECK(h.says().first == 6);
  h.hears(7, 9, wish);  // that answer was lost as well
  h.daemon.turn();
  CHECK(h.says().second.body == HeadToClient(BackedUp{"/backups/one.db", 4096}));
  CHECK(h.store.begun.size() == 1);
  CHECK(h.waits());
}

TEST_CASE("one backup at a time; the next one after it") {
  Head h;
  h.hears(5, 9, wish);
  h.daemon.turn();
  h.hears(6, 3, BackUp{{3, 4}, "two"});
  h.daemon.turn();
  CHECK(h.refuses() == ErrorWord::backup_under_way);
  h.daemon.turn();
  h.says();
  h.hears(6, 4, BackUp{{3, 4}, "two"});
  h.daemon.turn();
  CHECK(h.transport.sent.empty());
  CHECK(h.store.begun == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a backup that fails is refused with its reason, and the head goes on") {
  Head h;
  h.store.ends_so = tl::unexpected(Refusal{ErrorWord::backup_failed, "no room"});
  h.hears(5, 9, wish);
  for (int turn = 0; turn < 3; ++turn) h.daemon.turn();
  CHECK(h.refuses() == ErrorWord::backup_failed);
  CHECK_FALSE(h.waits());
  CHECK(h.last_event() == Happening::backup_failed);
  CHECK(h.waits());
  h.hears(5, 10, BackUp{{5, 6}, ""});
  h.daemon.turn();
  CHECK(h.store.begun.size() == 2);
}

TEST_CASE("a backup without a name has the date and time for one") {
  Head h;
  h.hears(5, 9, BackUp{{1, 2}, ""});
  h.daemon.turn();
  CHECK(h.store.begun == std::vector<std::string>{"2026-01-31T12-30-05.123Z"});
}

TEST_CASE(
    "of the backups without a name of their own the newest are kept, and only when there is a new one") {
  const std::vector<std::string> names = {"2026-01-31T12-30-05.123Z", "before-upgrade",
                                          "2025-12-31T12-30-05.123Z", "2026-02-01T00-00-00.000Z",
                                          "2026-01-31T12-30-05.123",  "2026-02-01"};
  using Names = std::vector<std::string>;
  CHECK(too_many(names, 3).empty());
  CHECK(too_many(names, 2) == Names{"2025-12-31T12-30-05.123Z"});
  CHECK(too_many(names, 1) == Names{"2025-12-31T12-30-05.123Z", "2026-01-31T12-30-05.123Z"});
  CHECK(too_many({}, 1).empty());
  Head h;
  h.store.names = names;
  h.hears(5, 9, BackUp{.id = {1, 2}, .name = "", .keep = 1});
  h.daemon.turn();
  h.daemon.turn();
  CHECK(h.store.removed.empty());
  h.daemon.turn();
  CHECK(h.store.removed == too_many(names, 1));
  CHECK(std::get<BackedUp>(h.says().second.body).removed == 2);
}

TEST_CASE("a backup that fails removes no older one, and to keep none is no wish") {
  Head h;
  h.store.names = {"2026-01-31T12-30-05.123Z", "2025-12-31T12-30-05.123Z"};
  h.store.ends_so = tl::unexpected(Refusal{ErrorWord::backup_failed, "no room"});
  h.hears(5, 9, BackUp{.id = {1, 2}, .name = "", .keep = 1});
  for (int turn = 0; turn < 3; ++turn) h.daemon.turn();
  CHECK(h.refuses() == ErrorWord::backup_failed);
  CHECK(h.store.removed.empty());
  h.hears(5, 10, BackUp{.id = {3, 4}, .name = "", .keep = 0});
  h.daemon.turn();
  CHECK(h.refuses() == ErrorWord::malformed);
}

TEST_CASE("a name that could lead elsewhere is refused") {
  for (const std::string name :
       {"../one", "a/b", ".hidden", "-rf", "a b", "a\nb", "gr\xC3\xB6\xC3\x9F", "."}) {
    CAPTURE(name);
    Head h;
    h.hears(5, 9, BackUp{{1, 2}, name});
    h.daemon.turn();
    CHECK(h.refuses() == ErrorWord::malformed);
    CHECK(h.store.begun.empty());
  }
}

TEST_CASE("only an operator may have a backup made") {
  for (const Role role : {Role::viewer, Role::agent}) {
    Head h;
    h.hears(5, 9, wish, role);
    h.daemon.turn();
    CHECK(h.refuses() == ErrorWord::not_allowed);
    CHECK(h.store.begun.empty());
  }
}

}  // namespace
}  // namespace pq::tests
