#include <array>
#include <string>

#include "common/net/socket.h"
#include "common/net/zmq_socket.h"
#include "common/protocol/limits.h"
#include "common/values/errors.h"
#include "daemon/gate/router.h"

namespace pq::gate {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience_max = 5s;  // takes a few milliseconds; this is for a machine that swaps
constexpr Duration look_interval = 1ms;
constexpr std::string_view probe = "may I come in?";

struct Findings {
  bool stranger_was_refused = false;
  bool stranger_was_heard = false;
  bool friend_was_heard = false;

  bool are_final() const { return stranger_was_heard || (stranger_was_refused && friend_was_heard); }
};

Dealer dial(const Router& router, const KeyPair& head, const KeyPair& own) {
  return {Credentials{.head_endpoint = router.endpoint(), .head_public_key = head.public_key, .own = own},
          limits::message_bytes_max};
}

Findings try_both_keys() {
  const KeyPair head = new_key_pair();
  const KeyPair known = new_key_pair();
  const KeyPair unknown = new_key_pair();
  Router router("tcp://127.0.0.1:*", head, [&](const std::string& key) {
    return key == known.public_key ? Admission::welcome : Admission::unknown;
  });
  Dealer stranger = dial(router, head, unknown);
  Dealer acquaintance = dial(router, head, known);

  Findings findings;
  bool is_sent = false;
  for (const Instant end = end_of(patience_max); !findings.are_final() && time_now() < end;) {
    router.wait(look_interval);
    stranger.send(probe);
    is_sent = is_sent || acquaintance.send(probe);
    while (const auto message = router.receive()) {
      const bool is_from_friend = message->public_key == known.public_key && message->bytes == probe;
      (is_from_friend ? findings.friend_was_heard : findings.stranger_was_heard) = true;
    }
    findings.stranger_was_refused = stranger.link() == Link::key_refused;
  }
  return findings;
}

}  // namespace

void prove_that_strangers_are_refused() {
  const Findings findings = try_both_keys();
  if (findings.stranger_was_heard || !findings.stranger_was_refused) {
    throw EnvironmentError(
        "this head would let unknown keys in: libzmq does not ask before it does; install libzmq 4.3.4 or "
        "later");
  }
  if (!findings.friend_was_heard) {
    throw EnvironmentError(
        "this head would refuse known keys: no connection over 127.0.0.1 came about; check that the "
        "loopback interface is up and not filtered");
  }
}

}  // namespace pq::gate
