#include "common/messages.h"

#include "common/utc_time.h"

namespace pq {

std::string_view to_text(Steering what) {
  switch (what) {
    case Steering::cancel:
      return "cancel";
    case Steering::pause:
      return "pause";
    case Steering::resume:
      return "resume";
    case Steering::retry:
      return "retry";
  }
  return "";
}

std::optional<Steering> parse_steering(std::string_view word) {
  for (const Steering what : {Steering::cancel, Steering::pause, Steering::resume, Steering::retry}) {
    if (to_text(what) == word) return what;
  }
  return std::nullopt;
}

std::string_view to_text(Role role) {
  switch (role) {
    case Role::agent:
      return "agent";
    case Role::operator_:
      return "operator";
    case Role::viewer:
      return "viewer";
  }
  return "";
}

std::optional<Role> parse_role(std::string_view word) {
  for (const Role role : {Role::agent, Role::operator_, Role::viewer}) {
    if (to_text(role) == word) return role;
  }
  return std::nullopt;
}

std::string_view to_text(AgentState state) {
  switch (state) {
    case AgentState::active:
      return "active";
    case AgentState::quarantined:
      return "quarantined";
    case AgentState::draining:
      return "draining";
    case AgentState::silent:
      return "silent";
    case AgentState::gone:
      return "gone";
  }
  return "";
}

std::optional<AgentState> parse_agent_state(std::string_view word) {
  for (const AgentState state : {AgentState::active, AgentState::quarantined, AgentState::draining,
                                 AgentState::silent, AgentState::gone}) {
    if (to_text(state) == word) return state;
  }
  return std::nullopt;
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::optional<Severity> parse_severity(std::string_view word) {
  for (const Severity severity : {Severity::info, Severity::warning, Severity::error}) {
    if (to_text(severity) == word) return severity;
  }
  return std::nullopt;
}

std::string_view to_text(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::interruption:
      return "interruption";
    case NoticeKind::rebalance:
      return "rebalance";
    case NoticeKind::passed:
      return "passed";
  }
  return "";
}

std::optional<NoticeKind> parse_notice_kind(std::string_view word) {
  for (const NoticeKind kind : {NoticeKind::interruption, NoticeKind::rebalance, NoticeKind::passed}) {
    if (to_text(kind) == word) return kind;
  }
  return std::nullopt;
}

std::string to_text(const Notice& notice) {
  std::string text = notice.text;
  if (notice.ends_unix_ms) text += ", at " + utc_text(*notice.ends_unix_ms);
  if (notice.kind == NoticeKind::passed) text += ", which has passed: the machine lives";
  return text;
}

std::string_view to_text(Stream stream) {
  switch (stream) {
    case Stream::stdout_:
      return "stdout";
    case Stream::stderr_:
      return "stderr";
    case Stream::pq:
      return "pq";
  }
  return "";
}

std::optional<Stream> parse_stream(std::string_view word) {
  for (const Stream stream : {Stream::stdout_, Stream::stderr_, Stream::pq}) {
    if (to_text(stream) == word) return stream;
  }
  return std::nullopt;
}

}  // namespace pq
