// Questions that wait for their turn.
#include "daemon/questions.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/limits.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

Question question(std::uint64_t peer, RequestNumber number, const ClientToHead& body = AskJobs{}) {
  return {{peer}, {}, {number, body}, 100, {}};
}

const auto any = [](const Question&) { return true; };
const auto never = [] { return false; };

struct Told {
  Questions questions;
  std::string order;  // "1.7 2.1": peers with the numbers of their requests

  template <class May = decltype(any), class Enough = decltype(never)>
  std::size_t serve(const May& may = any, const Enough& enough = never) {
    order.clear();
    return questions.serve(may, enough, [&](const Question& asked) {
      order += (order.empty() ? "" : " ") + std::to_string(asked.peer.value) + "." +
               std::to_string(asked.letter.request);
    });
  }
};

}  // namespace

TEST_CASE("peers take turns, each in its own order") {
  Told told;
  for (const RequestNumber number : {1U, 2U, 3U}) told.questions.add(question(1, number));
  told.questions.add(question(2, 1));
  told.questions.add(question(3, 1));
  told.questions.add(question(3, 2));
  CHECK(told.serve() == 6);
  CHECK(told.order == "1.1 2.1 3.1 1.2 3.2 1.3");
  CHECK(told.questions.are_none());
  CHECK(told.serve() == 0);
}

TEST_CASE("when it is enough the rest stays in line, and goes on where it ended") {
  Told told;
  for (const std::uint64_t peer : {1U, 2U, 3U}) told.questions.add(question(peer, 1));
  told.questions.add(question(1, 2));
  int left = 2;
  CHECK(told.serve(any, [&] { return left-- == 0; }) == 2);
  CHECK(told.order == "1.1 2.1");
  CHECK(told.serve() == 2);
  CHECK(told.order == "3.1 1.2");
}

TEST_CASE("who may not be answered is passed over and keeps its place, and nobody waits behind it") {
  Told told;
  told.questions.add(question(1, 1));
  told.questions.add(question(1, 2));
  told.questions.add(question(2, 1));
  const auto not_one = [](const Question& asked) { return asked.peer != PeerId{1}; };
  CHECK(told.serve(not_one) == 1);
  CHECK(told.order == "2.1");
  REQUIRE(told.questions.first().size() == 1);
  CHECK(told.questions.first().front()->letter.request == 1);
  told.questions.add(question(2, 2));
  CHECK(told.serve() == 3);
  CHECK(told.order == "1.1 2.2 1.2");
}

TEST_CASE("what changes something and what only asks keep their order within a peer") {
  Told told;
  told.questions.add(question(1, 1, AskJobs{}));
  told.questions.add(question(1, 2, Steer{{1}, Steering::cancel}));
  told.questions.add(question(1, 3, AskJobs{}));
  const auto acts = [](const Question& asked) { return !only_asks(asked.letter.body); };
  const auto asks = [](const Question& asked) { return only_asks(asked.letter.body); };
  CHECK(told.serve(acts) == 0);
  CHECK(told.serve(asks) == 1);
  CHECK(told.serve(acts) == 1);
  CHECK(told.serve(asks) == 1);
}

TEST_CASE("a peer has a bound for what waits, in questions and in bytes") {
  Told told;
  for (std::size_t i = 0; i < limits::questions_per_peer_max; ++i) CHECK(told.questions.add(question(1, i)));
  CHECK_FALSE(told.questions.add(question(1, 0)));
  CHECK(told.questions.add(question(2, 1)));
  Question large = question(2, 2);
  large.bytes = limits::questions_bytes_per_peer_max;
  CHECK_FALSE(told.questions.add(large));
  large.peer = {3};
  CHECK(told.questions.add(large));  // one may be
  CHECK(told.questions.forget({1}) == limits::questions_per_peer_max);
  CHECK(told.questions.forget({1}) == 0);
  CHECK(told.serve() == 2);
  CHECK(told.order == "2.1 3.2");
}

}  // namespace pq::tests
