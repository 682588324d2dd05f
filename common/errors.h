// What can go wrong, in three kinds: an outcome is a value (ErrorWord, Refusal); the environment failing is
// one exception, caught in main only; a broken invariant ends the process (common/check.h).
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pq {

// The words of the protocol for "no". Each has one sentence, in errors.cpp, that a person reads.
enum class ErrorWord {
  malformed,            // the bytes are not a message of this protocol
  unsupported_version,  // they are of a protocol that this program does not speak
  not_allowed,          // the key's role may not say this
  introduce_yourself,   // the head does not know this agent process: say hello first
  replaced,             // a newer process has taken this agent's name
  no_such_job,
  no_such_agent,
  job_has_ended,   // cancel, pause, resume or priority came too late
  nothing_failed,  // of a job that shall be tried again
  no_such_file,    // a submission names one that was not sent
  too_much,        // a bound of limits.h is reached
  backup_under_way,
  name_is_taken,  // of a backup
  backup_failed,
  no_such_key,
  key_revoked,  // or it has expired
};

std::string_view to_text(ErrorWord word);
std::optional<ErrorWord> parse_error_word(std::string_view word);
std::vector<ErrorWord> all_error_words();

// What the system calls an errno: "No such file or directory".
std::string errno_text(int error);

// An answer of "no": the word for programs, the detail (what, which value, what to do) for people.
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

// The environment failed: a port is taken, a disk is full, a database is damaged. The text is the whole
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
