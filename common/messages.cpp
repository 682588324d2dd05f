#include "common/messages.h"

namespace pq {

std::string_view to_text(Steering what) {
  switch (what) {
    case Steering::cancel:
      return "cancel";
    case Steering::pause:
      return "pause";
    case Steering::resume:
      return "resume";
  }
  return "";
}

std::optional<Steering> parse_steering(std::string_view word) {
  for (const Steering what : {Steering::cancel, Steering::pause, Steering::resume}) {
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
  for (const AgentState state :
       {AgentState::active, AgentState::draining, AgentState::silent, AgentState::gone}) {
    if (to_text(state) == word) return state;
  }
  return std::nullopt;
}

}  // namespace pq
