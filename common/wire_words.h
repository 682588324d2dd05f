// The texts of the protocol that are not fields: the keys of the envelope and the words of the enums. Like
// the keys in wire_fields.h they are part of the protocol: add some, never change one. For wire_*.cpp only.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>

#include "common/errors.h"
#include "common/job.h"
#include "common/messages.h"

namespace pq::wire {

inline constexpr std::string_view version_key = "v";
inline constexpr std::string_view type_key = "t";
inline constexpr std::string_view request_key = "q";  // left out where it is 0

// The other direction is to_text, which each enum has.
template <class E>
std::optional<E> parse_word(std::string_view word) {
  if constexpr (std::same_as<E, Kernel>) return parse_kernel(word);
  if constexpr (std::same_as<E, Fold>) return parse_fold(word);
  if constexpr (std::same_as<E, Role>) return parse_role(word);
  if constexpr (std::same_as<E, JobState>) return parse_job_state(word);
  if constexpr (std::same_as<E, AgentState>) return parse_agent_state(word);
  if constexpr (std::same_as<E, ErrorWord>) return parse_error_word(word);
  if constexpr (std::same_as<E, Steering>) return parse_steering(word);
  if constexpr (std::same_as<E, NoticeKind>) return parse_notice_kind(word);
  if constexpr (std::same_as<E, Severity>) return parse_severity(word);
  if constexpr (std::same_as<E, Stream>) return parse_stream(word);
  if constexpr (std::same_as<E, FileKind>) return parse_file_kind(word);
}

}  // namespace pq::wire
