// What a program that reads lines has written, and which question each line answers. Each line answers one
// question. A line too many would shift all later answers, so it is reported as soon as it is seen. A program
// that begins each line with the two numbers of its question (the echo form) cannot be misunderstood. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/values/range.h"

namespace pq::programs {

class Answers {
 public:
  void add(std::string_view bytes) { text_ += bytes; }

  bool has_line() const { return text_.find('\n') != std::string::npos; }
  std::size_t bytes() const { return text_.size(); }

  struct Answer {
    std::string line;   // as it was written
    std::string value;  // the line without the echo and without surrounding blanks
  };
  // Takes the first line as the answer to this question. The error says why it cannot be. Without
  // `wants_value` the line may hold anything, and is an echo only if it repeats this question. REQUIRES:
  // has_line().
  tl::expected<Answer, std::string> take(const Range& asked, bool wants_value);

  // What was written beyond the answers that were taken, printable. Blanks without a line end do not count.
  std::optional<std::string> surplus() const;

  // It has answered in the echo form.
  bool is_echoing() const { return is_echoing_; }

 private:
  std::string text_;
  bool is_echoing_ = false;
};

}  // namespace pq::programs
