// What one run writes: which part is the value, which part goes to the job's log, and what its last words
// are. Any amount of output takes bounded memory and one look at each byte. Pure, except for the outbox that
// gets log pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "agent/programs/outbox.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::programs {

// The part of one run's output that goes to the log: its begin at once, and its end once that is known.
class RunLog {
 public:
  RunLog(Outbox* outbox, RunName run) : outbox_(outbox), run_(run) {}

  void add(Stream stream, std::string_view text, Instant now);
  // The output is complete.
  void end(Instant now);
  // The run has failed, for this reason.
  void fail(std::string_view words, Instant now);

 private:
  struct Piece {
    Stream stream;
    std::string text;
  };

  Outbox* outbox_;  // none: the log is dropped
  RunName run_;
  std::size_t begin_bytes_ = 0;  // sent already
  std::deque<Piece> end_;        // the latest pieces after those
  std::size_t end_bytes_ = 0;
  std::uint64_t left_out_ = 0;
};

// The last line with text, as far as it fits, with its blanks, however many writes it came in.
class LastLine {
 public:
  void add(std::string_view bytes);
  const std::string& text() const { return line_; }

 private:
  std::string line_;
  bool is_ended_ = true;
};

// Takes what a run writes to standard output and standard error.
class RunOutput {
 public:
  struct Wants {
    bool value = false;  // the last line is the value, and not logged
    bool whole = false;  // all of standard output is kept, and none of it logged unless the run fails
  };

  RunOutput(Wants wants, RunLog& log) : wants_(wants), log_(log) {}

  void add(Stream stream, std::string_view bytes, Instant now);

  // There is more than one run may collect.
  bool is_too_much() const { return is_too_much_; }

  // The last line of standard output, without surrounding blanks.
  std::string_view value_text() const;

  // The end of a run that succeeded, and of one that failed.
  void end(Instant now);
  void fail(std::string_view words, Instant now);

  // The last line with text of standard error, else of standard output.
  std::string last_words() const;

  std::string take_whole() { return std::move(whole_); }

 private:
  void hold_back(std::string_view bytes, Instant now);
  void release(std::size_t count, Instant now);

  Wants wants_;
  RunLog& log_;
  // Standard output from the begin of its last line with text, which may be the value.
  std::string held_;
  bool is_long_line_ = false;  // the begin of the present line was too long to be held
  std::string whole_;
  bool is_too_much_ = false;
  LastLine last_output_;
  LastLine last_error_;
};

}  // namespace pq::programs
