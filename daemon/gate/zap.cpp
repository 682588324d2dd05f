#include "daemon/gate/zap.h"

#include <array>
#include <utility>

#include "common/net/key_text.h"
#include "common/values/check.h"

namespace pq::gate {
namespace {

constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";

// The frames of a request, in their order.
enum : std::size_t { version, request_id, domain, address, routing_id, mechanism, credentials, frame_count };

struct ZapStatus {
  const char* number;  // all that libzmq passes on to the peer
  const char* text;
};

ZapStatus status_of(Admission admission) {
  if (admission == Admission::welcome) return {"200", "welcome"};
  if (admission == Admission::come_again) return {"500", "come again"};
  return {"400", "this key is not known here"};
}

std::vector<std::string> receive_frames(Socket& socket) {
  std::vector<std::string> frames;
  Frame frame;
  while (frame.receive(socket)) {
    frames.emplace_back(frame.bytes());
    if (!frame.has_more()) break;
  }
  return frames;
}

}  // namespace

Zap::Zap(KeyCheck is_known) : is_known_(std::move(is_known)), socket_(ZMQ_REP) {
  socket_.set(ZMQ_LINGER, 0);
  check(zmq_bind(socket_.handle(), zap_endpoint) == 0, "a_process_has_one_router_at_a_time");
}

// Closing alone would release the name later, in another thread.
Zap::~Zap() { zmq_unbind(socket_.handle(), zap_endpoint); }

// This loop ends: before each question the I/O thread needs far longer for the handshake than this for the
// answer.
void Zap::answer_all() {
  for (auto request = receive_frames(socket_); !request.empty(); request = receive_frames(socket_)) {
    const auto key = key_of_zap_request(request);
    const Admission admission = key ? is_known_(*key) : Admission::unknown;
    const auto [status, text] = status_of(admission);
    const std::array<std::string, 6> answer = {"1.0",
                                               request.size() > request_id ? request[request_id] : "",
                                               status,
                                               text,
                                               admission == Admission::welcome ? *key : "",
                                               ""};
    for (std::size_t i = 0; i < answer.size(); ++i) {
      socket_.send(answer[i], i + 1 < answer.size() ? ZMQ_SNDMORE : 0);
    }
  }
}

std::optional<std::string> key_of_zap_request(const std::vector<std::string>& frames) {
  if (frames.size() != frame_count) return std::nullopt;
  if (frames[version] != "1.0" || frames[domain] != zap_domain || frames[mechanism] != "CURVE")
    return std::nullopt;
  if (frames[credentials].size() != key_bytes_size) return std::nullopt;
  return key_of_bytes(frames[credentials]);
}

}  // namespace pq::gate
