// An agent's connection to its head: made as soon as there are credentials, and made anew, with a growing
// pause, when it leads nowhere. Logs what is wrong with it, each complaint once. A connection leads nowhere
// if the head does not know the agent's key, or if nothing has come for some beats.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "common/net/keys.h"
#include "common/net/socket.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::agent {

class HeadLink {
 public:
  explicit HeadLink(CredentialSources sources) : sources_(std::move(sources)) {}

  // Connects, or ends a connection that leads nowhere. The head was last heard at `heard_at`. Returns true:
  // the head can be reached again. What was sent before that is gone.
  bool keep(Instant heard_at, Duration beat_interval, Instant now);

  bool is_up() const { return dealer_ && last_link_ == Link::up; }
  // Without a connection the message is gone.
  void send(const AgentToHead& message);
  // The next message, if one has come. Never waits.
  std::optional<std::string> receive();
  // A message was understood, so the head answers. Returns true: there was a complaint, which is settled now.
  bool settle_complaint();
  // What is wrong; empty: nothing that is known.
  const std::string& complaint() const { return complaint_; }

  // When to call keep() at the latest: the next attempt to connect.
  Instant next_deadline() const { return dealer_ ? Instant::never() : next_connect_; }
  // Sleeps until a message comes, one of `wakers` is readable, or `patience` is over.
  void wait(Duration patience, std::span<const int> wakers);
  void close() { dealer_.reset(); }

 private:
  void connect(Instant now);
  void complain(const std::string& complaint);
  Duration backoff();

  CredentialSources sources_;
  std::optional<Dealer> dealer_;       // none between two attempts to connect
  Link last_link_ = Link::connecting;  // at the last turn
  Instant connected_at_;
  Instant next_connect_;
  int failures_ = 0;       // connections in a row that did not work
  std::string complaint_;  // the last one logged
};

}  // namespace pq::agent
