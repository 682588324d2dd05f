#include "client/failure.h"

#include <algorithm>
#include <array>

namespace pq::client {
namespace {

ExitStatus status_of(ErrorWord word) {
  switch (word) {
    case ErrorWord::no_such_job:
      return ExitStatus::no_such_job;
    case ErrorWord::not_allowed:
    case ErrorWord::key_revoked:
    case ErrorWord::unsupported_version:
      return ExitStatus::head_unreachable;
    case ErrorWord::malformed:
      return ExitStatus::usage;
    case ErrorWord::introduce_yourself:
    case ErrorWord::replaced:
    case ErrorWord::no_such_agent:
    case ErrorWord::no_such_worker:
    case ErrorWord::job_has_ended:
    case ErrorWord::job_is_live:
    case ErrorWord::forgotten:
    case ErrorWord::nothing_failed:
    case ErrorWord::no_such_file:
    case ErrorWord::file_is_gone:
    case ErrorWord::too_much:
    case ErrorWord::short_of_space:
    case ErrorWord::backup_under_way:
    case ErrorWord::name_is_taken:
    case ErrorWord::backup_failed:
    case ErrorWord::no_such_key:
      return ExitStatus::failed;
  }
  return ExitStatus::failed;
}

}  // namespace

Failure failure_of(const Refusal& refusal) {
  return {.status = status_of(refusal.word),
          .word = std::string(to_text(refusal.word)),
          .text = sentence(refusal)};
}

Failure failure_of(const EnvironmentError& error) {
  const bool is_usage = error.status() == ExitStatus::usage;
  return {.status = error.status(), .word = is_usage ? "usage" : "environment", .text = error.what()};
}

ExitStatus worse_of(ExitStatus left, ExitStatus right) {
  constexpr std::array order = {ExitStatus::done,        ExitStatus::cancelled,       ExitStatus::failed,
                                ExitStatus::no_such_job, ExitStatus::timed_out,       ExitStatus::interrupted,
                                ExitStatus::usage,       ExitStatus::head_unreachable};
  const auto badness = [&](ExitStatus status) { return std::find(order.begin(), order.end(), status); };
  return badness(left) < badness(right) ? right : left;
}

Outcome quiet_if_interrupted(const Outcome& outcome) {
  const bool is_interrupted = !outcome && outcome.error().status == ExitStatus::interrupted;
  return is_interrupted ? ExitStatus::interrupted : outcome;
}

bool concerns_all(const Failure& failure) {
  return failure.status == ExitStatus::head_unreachable || failure.status == ExitStatus::timed_out ||
         failure.status == ExitStatus::interrupted;
}

}  // namespace pq::client
