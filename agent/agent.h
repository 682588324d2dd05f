// The agent's loop: the session decides; this sends, computes and waits.
#pragma once

#include <optional>

#include "agent/head_link.h"
#include "agent/interruption/notice_watch.h"
#include "agent/options.h"
#include "agent/programs/outbox.h"
#include "agent/programs/programs.h"
#include "agent/session.h"
#include "agent/slots.h"
#include "common/os/clock.h"
#include "common/os/signals.h"
#include "common/os/supervisor.h"
#include "common/values/errors.h"

namespace pq::agent {

// What an agent with these options tells of itself, as a new incarnation. Asks its cloud for labels.
Hello introduction_of(const AgentOptions& options);

class AgentLoop {
 public:
  // REQUIRES: this process has no other thread.
  AgentLoop(AgentOptions options, const Hello& introduction, StopSignals& signals, Supervisor& supervisor,
            const Clock& clock);

  // Runs until the session ends; returns how it ended.
  ExitStatus run();

 private:
  void turn();
  void take_signals(Instant now);
  void take_notices(Now now);
  void take_results(Instant now);
  void take_messages(Instant now);
  void take_another_name(Instant now);
  void route(const HeadToAgent& message, Instant now);
  void get_files();
  void send_messages(Instant now);
  void report(Instant now);
  void sleep();
  void keep_link(Instant now);
  ExitStatus report_ending() const;

  AgentOptions options_;
  StopSignals& signals_;
  Supervisor& supervisor_;
  const Clock& clock_;
  Outbox outbox_;
  std::optional<Programs> programs_;  // with --allow-exec
  Slots slots_;
  Session session_;
  NoticeWatch notices_;
  HeadLink link_;
  bool was_signalled_ = false;
  int names_drawn_ = 0;
};

}  // namespace pq::agent
