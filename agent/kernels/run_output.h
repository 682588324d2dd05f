// What one run writes: which of it is the value, which goes to the job's log, and its last words. However
// much that is, it takes bounded memory and no more than a look at each byte. Pure, but for the outbox that
// log pieces go to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "agent/outbox.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

// The part of one run's output that goes to the log: its begin as it comes, and its end once that is known.
class RunLog {
 public:
  RunLog(Outbox* outbox, RunName run) : outbox_(outbox), run_(run) {}

  void add(Stream stream, std::string_view text, Instant now);
  // There is no more of it.
  void end(Instant now);
  // The run has failed, with these words.
  void fail(std::string_view words, Instant now);

 private:
  struct Piece {
    Stream stream;
    std::string text;
  };

  Outbox* outbox_;  // none: nobody wants it
  RunName run_;
  std::size_t begin_bytes_ = 0;  // sent already
  std::deque<Piece> end_;        // the latest of what came after them
  std::size_t end_bytes_ = 0;
  std::uint64_t left_out_ = 0;
};

// The last line with something in it, as far as it fits.
class LastLine {
 public:
  void add(std::string_view bytes);
  const std::string& text() const { return line_; }

 private:
  std::string line_;
  bool is_ended_ = true;
};

// What a run's standard output and standard error bring.
class RunOutput {
 public:
  struct Wants {
    bool value = false;  // the last line is the value, and not logged
    bool whole = false;  // all of standard output is kept, and none of it logged unless the run fails
  };

  RunOutput(Wants wants, RunLog& log) : wants_(wants), log_(log) {}

  void add(Stream stream, std::string_view bytes, Instant now);

  // More than is kept of one run.
  bool is_too_much() const { return is_too_much_; }

  // The last line of standard output, without the blanks around it.
  std::string_view value_text() const;

  // The end of a run that went well, and of one that failed.
  void end(Instant now);
  void fail(std::string_view words, Instant now);

  // The last line of standard error with something in it, else of standard output.
  std::string last_words() const;

  std::string take_whole() { return std::move(whole_); }

 private:
  void hold_back(std::string_view bytes, Instant now);
  void release(std::size_t count, Instant now);

  Wants wants_;
  RunLog& log_;
  // The end of standard output from the begin of its last line with something in it, which may be the value.
  std::string held_;
  bool is_long_line_ = false;  // the begin of the present line was too long to be held
  std::string whole_;
  bool is_too_much_ = false;
  LastLine last_output_;
  LastLine last_error_;
};

}  // namespace pq
