// The answers to libzmq's question "may this key connect?" (ZAP, ZeroMQ RFC 27). It is asked over a fixed
// name of the context, so there is one of these at a time. Whatever is not a CURVE key that is known is
// refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/net/socket.h"
#include "common/net/zmq_socket.h"

namespace pq {

// A ROUTER asks only if its domain is not empty, and refuses by itself when nobody answers only if it
// enforces it.
inline constexpr const char* zap_domain = "pq";

class Zap {
 public:
  // Made before the ROUTER that asks, and ended after it.
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

// The key (Z85) that asks, if these are the frames of a whole and proper request for our domain by CURVE.
std::optional<std::string> key_of_zap_request(const std::vector<std::string>& frames);

}  // namespace pq
