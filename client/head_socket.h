// A client's socket to the head. It is made as soon as there are credentials, and made anew when these have
// changed, when nobody listened, or when an answer is so late that the connection leads nowhere.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "common/net/keys.h"
#include "common/net/socket.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::client {

// When an answer to this question is late. A Wait may take its time.
Duration answer_within(const ClientToHead& question);

class HeadSocket {
 public:
  explicit HeadSocket(CredentialSources sources) : sources_(std::move(sources)) {}

  // For a head that is starting, or has come back elsewhere.
  static constexpr Duration between_looks = std::chrono::milliseconds(100);

  // Looks for credentials, and makes a socket with them; not more often than that, however often it is
  // called.
  void look_for_head(Instant now);
  // Makes a new socket if an answer is far too late. Returns whether it did.
  bool hang_up_if_mute(Instant now);
  // When that will be, if nothing comes.
  Instant mute_at() const;

  // Link::connecting without a socket, too.
  Link link();
  // The attempt to connect was neither refused nor did it fail: a slow head may be there.
  bool is_greeting(Link link, Instant now) const;

  // Since when a connection stands on which nobody has greeted; nothing: there is none.
  std::optional<Instant> ungreeted_since();

  // False: not connected, or its queue is full; the question is gone. REQUIRES: there is a socket.
  bool send(const ClientToHead& question, const std::string& bytes, Instant now);
  // The questions sent so far are lost: no answer to them is awaited.
  void expect_no_answer() { answer_due_ = Instant::never(); }
  // The next message, if one has come. Never waits.
  std::optional<std::string> receive();
  // Sleeps until a message arrives, the connection changes, one of `fds` is readable, or `time` is over.
  void wait(Duration time, std::span<const int> fds);

  // Those in use, once there are some.
  const std::optional<Credentials>& credentials() const { return credentials_; }
  // Why there are none yet.
  const std::string& credentials_missing() const { return credentials_missing_; }
  // There are none, and waiting cannot help: a key file that was named and is missing will not appear.
  bool is_hopeless() const;

 private:
  void connect(Instant now);

  CredentialSources sources_;
  std::optional<Credentials> credentials_;
  std::string credentials_missing_;
  std::optional<Dealer> dealer_;
  Instant connected_at_;                   // when it was made
  std::optional<Instant> looked_at_;       // for the credentials
  Instant answer_due_ = Instant::never();  // for the oldest question since the head was last heard
};

}  // namespace pq::client
