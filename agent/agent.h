// The agent's loop: the session decides; this sends, computes and waits.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/interruption/forewarning.h"
#include "agent/interruption/lookout.h"
#include "agent/options.h"
#include "agent/outbox.h"
#include "agent/programs.h"
#include "agent/session.h"
#include "agent/slots.h"
#include "common/errors.h"
#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/os/signals.h"
#include "common/os/supervisor.h"

namespace pq {

class AgentLoop {
 public:
  // REQUIRES: this process has no other thread.
  AgentLoop(AgentOptions options, StopSignals& signals, Supervisor& supervisor, const Clock& clock);

  // Until the session ends; then how.
  ExitStatus run();

 private:
  void turn();
  void take_signals(Instant now);
  void take_notices(Now now);
  void take_results(Instant now);
  void take_messages(Instant now);
  void route(const HeadToAgent& message, Instant now);
  void get_files();
  void send_messages(Instant now);
  void report(Instant now);
  void sleep();
  void keep_link(Instant now);
  bool connect(Instant now);
  bool is_up() const { return dealer_ && last_link_ == Link::up; }
  Duration backoff();
  ExitStatus report_ending() const;

  AgentOptions options_;
  StopSignals& signals_;
  Supervisor& supervisor_;
  const Clock& clock_;
  const Hello introduction_;
  Outbox outbox_;
  std::optional<Programs> programs_;  // with --allow-exec
  Slots slots_;
  Session session_;
  std::optional<Lookout> lookout_;  // where there is a cloud to look at
  Forewarning forewarning_;
  bool was_signalled_ = false;

  std::optional<Dealer> dealer_;       // none between two attempts to connect
  Link last_link_ = Link::connecting;  // at the last turn
  Instant connected_at_;
  Instant next_connect_;
  int failures_ = 0;                        // connections in a row that did not work
  std::string complaint_;                   // the last one logged, so that each is logged once
  std::set<std::string> cloud_complaints_;  // of the cloud's metadata service when it was last asked
};

}  // namespace pq
