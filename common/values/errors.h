// The three kinds of failure. An outcome is a value (ErrorWord, Refusal). A failing environment is one
// exception, caught in main only. A broken invariant ends the process (common/values/check.h).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "common/values/rooms.h"
#include "common/values/words.h"

namespace pq {

// The words of the protocol for "no". sentence() has what a person reads.
enum class ErrorWord {
  malformed,            // the bytes are not a message of this protocol
  unsupported_version,  // they are of a protocol that this program does not speak
  not_allowed,          // the key's role may not say this
  introduce_yourself,   // the head does not know this agent process: say hello first
  replaced,             // a newer process has taken this agent's name
  no_such_job,
  no_such_agent,
  no_such_worker,  // an agent that has computed nothing of a job
  job_has_ended,   // cancel, pause, resume or priority came too late
  job_is_live,     // what has not ended cannot be forgotten
  forgotten,       // logs or output of a job that were erased
  nothing_failed,  // of a job that shall be tried again
  no_such_file,    // a submission names one that was not sent
  file_is_gone,    // a job that has ended cannot go on without it
  too_much,        // a bound of limits.h is reached
  short_of_space,  // the head's disk is nearly full: it takes in no jobs and no files
  backup_under_way,
  name_is_taken,  // of a backup
  backup_failed,
  no_such_key,
  key_revoked,  // or it has expired
};
template <>
inline constexpr std::array<std::string_view, 21> enum_words<ErrorWord>{
    "malformed",      "unsupported_version", "not_allowed",    "introduce_yourself", "replaced",
    "no_such_job",    "no_such_agent",       "no_such_worker", "job_has_ended",      "job_is_live",
    "forgotten",      "nothing_failed",      "no_such_file",   "file_is_gone",       "too_much",
    "short_of_space", "backup_under_way",    "name_is_taken",  "backup_failed",      "no_such_key",
    "key_revoked"};

// The system's text for an errno: "No such file or directory".
std::string errno_text(int error);

// A refusal: the word for programs, the detail (what, which value, what to do) for people.
struct Refusal {
  ErrorWord word = ErrorWord::malformed;
  std::string detail;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// One line for a person: "no such job: 17; pq-status lists the jobs".
std::string sentence(const Refusal& refusal);

// Exit statuses of every program of pq; --help prints them.
enum class ExitStatus : int {
  done = 0,
  failed = 1,  // the job finished with failed spans or failed; a daemon that cannot start
  usage = 2,
  no_such_job = 3,
  head_unreachable = 4,  // or it refused
  cancelled = 5,
  replaced = 6,  // pq-agent: a newer process has taken its name
  storage_failed =
      75,  // pqd: a commit failed, its outcome is unknown; restart and read the truth from the file
  timed_out = 124,
  interrupted = 130,
};

// The environment failed: a port is in use, a disk is full, a database is damaged. The text is the whole
// message.
class EnvironmentError : public std::runtime_error {
 public:
  explicit EnvironmentError(const std::string& text, ExitStatus status = ExitStatus::failed)
      : std::runtime_error(text), status_(status) {}
  ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

}  // namespace pq
