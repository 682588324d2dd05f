// Answers libzmq's question "may this key connect?" (ZAP, ZeroMQ RFC 27). The question comes over a fixed
// name of the context, so only one Zap exists at a time. It refuses everything but known CURVE keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/net/zmq_socket.h"
#include "daemon/gate/router.h"

namespace pq::gate {

// A ROUTER asks only if its domain is not empty. If nobody answers, it refuses only if it enforces the
// domain.
inline constexpr const char* zap_domain = "pq";

class Zap {
 public:
  // Construct this before the ROUTER that asks, and destroy it after that.
  explicit Zap(KeyCheck is_known);
  ~Zap();
  Zap(const Zap&) = delete;
  Zap& operator=(const Zap&) = delete;

  // Readable when there is a question.
  const Socket& socket() const { return socket_; }

  void answer_all();

 private:
  KeyCheck is_known_;
  Socket socket_;
};

// The key (Z85) that asks, if these frames are a complete and proper CURVE request for our domain.
std::optional<std::string> key_of_zap_request(const std::vector<std::string>& frames);

}  // namespace pq::gate
