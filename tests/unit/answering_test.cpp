// The head's turn among clients who ask much, or do not read what they are told.
#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/wire.h"
#include "daemon/daemon.h"
#include "daemon/limits.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

class SetClock final : public Clock {
 public:
  Now now() const override { return {Instant{at}, 1'700'000'000'000}; }
  Duration at = 1h;
};

// To read logs takes time.
class SlowStore final : public ModelStore {
 public:
  explicit SlowStore(SetClock& clock) : clock_(clock) {}
  std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) override {
    clock_.at += read_takes;
    return ModelStore::read_logs(ask, count_max);
  }

  Duration read_takes{0};

 private:
  SetClock& clock_;
};

class ScriptedTransport final : public Transport {
 public:
  std::vector<Incoming> receive(Instant /*deadline*/, std::size_t /*messages_max*/) override {
    return std::exchange(arrived, {});
  }
  void send(const std::vector<OutgoingBytes>& batch) override {
    for (const OutgoingBytes& message : batch) {
      const auto letter = decode_to_client(message.bytes);
      REQUIRE(letter);
      if (std::holds_alternative<Refusal>(letter->body)) refused += 1;
      answered[message.peer].push_back(letter->request);
    }
  }
  bool has_room(PeerId peer) override { return !full.contains(peer); }
  tl::expected<Authorized, Refusal> authorize(const Authorize& /*request*/,
                                              const Principal& /*asker*/) override {
    return {};
  }

  std::vector<Incoming> arrived;
  std::map<PeerId, std::vector<RequestNumber>> answered;
  std::set<PeerId> full;
  std::size_t refused = 0;
};

struct Head {
  SetClock clock;
  SlowStore store{clock};
  ScriptedTransport transport;
  Daemon daemon{Queue({}, Epoch{1}, {}, clock.now()), store, transport, clock};

  Head() {
    JobSpec spec;
    spec.range = {0, 10};
    asks({9}, 1, Submit{{1, 1}, spec});
    daemon.turn();
  }

  void asks(PeerId peer, RequestNumber number, const ClientToHead& question) {
    transport.arrived.push_back(
        {peer, {Role::operator_, "key", "somebody"}, encode(Letter<ClientToHead>{number, question})});
  }

  using Numbers = std::vector<RequestNumber>;
  // What the peer was answered in one turn.
  std::map<PeerId, Numbers> turns() {
    transport.answered.clear();
    daemon.turn();
    return transport.answered;
  }
};

constexpr PeerId greedy{1};
constexpr PeerId modest{2};

}  // namespace

TEST_CASE("an answer that takes long is the only one of its turn, and then the head has time for others") {
  Head h;
  h.store.read_takes = 10ms;
  for (const RequestNumber number : {1U, 2U, 3U}) h.asks(greedy, number, AskLogs{.job = {1}});
  h.asks(modest, 1, AskJobs{});
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{greedy, {1}}});
  const Instant rested = h.clock.now().instant + limits::telling_rest_factor * Duration(10ms);
  CHECK(h.daemon.next_deadline() == rested);
  CHECK(h.turns().empty());
  h.clock.at = rested.since_boot;
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{modest, {1}}, {greedy, {2}}});
}

TEST_CASE("what is to be changed does not wait for what others are told") {
  Head h;
  h.store.read_takes = 1s;
  h.asks(greedy, 1, AskLogs{.job = {1}});
  h.turns();
  h.asks(greedy, 2, AskLogs{.job = {1}});
  h.asks(modest, 1, Steer{{1}, Steering::cancel});
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{modest, {1}}});
}

TEST_CASE("within a peer answers keep the order of its questions, whatever they are") {
  Head h;
  h.asks(modest, 1, AskJobs{});
  h.asks(modest, 2, Steer{{1}, Steering::pause});
  h.asks(modest, 3, AskJob{{1}});
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{modest, {1}}});
  CHECK(h.daemon.next_deadline() <= h.clock.now().instant);
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{modest, {2, 3}}});
}

TEST_CASE("who does not read is told nothing more, holds up nobody, and is given up after a while") {
  Head h;
  h.transport.full = {greedy};
  for (const RequestNumber number : {1U, 2U, 3U}) h.asks(greedy, number, AskJobs{});
  h.asks(modest, 1, AskJobs{});
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{modest, {1}}});
  CHECK(h.turns().empty());
  CHECK(h.daemon.next_deadline() == h.clock.now().instant + limits::reading_looked_at);
  h.clock.at += limits::reading_patience;
  CHECK(h.turns().empty());
  h.turns();  // in which that is logged
  CHECK(h.daemon.next_deadline() > h.clock.now().instant + 1s);
  h.transport.full.clear();
  CHECK(h.turns().empty());
  h.asks(greedy, 4, AskJobs{});
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{greedy, {4}}});
}

TEST_CASE("who reads again before that is told all of it") {
  Head h;
  h.transport.full = {greedy};
  for (const RequestNumber number : {1U, 2U, 3U}) h.asks(greedy, number, AskJobs{});
  h.turns();
  h.clock.at += limits::reading_patience / 2;
  h.transport.full.clear();
  CHECK(h.turns() == std::map<PeerId, Head::Numbers>{{greedy, {1, 2, 3}}});
}

TEST_CASE("more questions than may wait are refused one by one, and the others are answered") {
  Head h;
  h.transport.full = {greedy};
  for (RequestNumber number = 1; number <= limits::questions_per_peer_max + 2; ++number)
    h.asks(greedy, number, AskJob{{1}});
  h.asks(modest, 1, AskJobs{});
  const auto answered = h.turns();
  CHECK(answered.at(greedy).size() == 2);
  CHECK(h.transport.refused == 2);
  CHECK(answered.at(modest) == Head::Numbers{1});
}

}  // namespace pq::tests
