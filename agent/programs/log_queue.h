// Pieces of what programs log, in order, until the head takes them. A piece joins the one before it of the
// same run and stream. Bounded: what finds no room is dropped, and how much that was is told as soon as there
// is room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/range.h"

namespace pq::programs {

// Identifies one run of one program.
struct RunName {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint32_t attempt = 1;
  friend bool operator==(const RunName&, const RunName&) = default;
};

class LogQueue {
 public:
  // False: there is no room, and it is dropped.
  bool add(const RunName& run, Stream stream, std::string_view text);
  // The last piece of a failed run: why it failed. There is always room for it. REQUIRES: `words` has text.
  void add_failure(const RunName& run, std::string_view words);

  bool is_empty() const { return pieces_.empty(); }
  // REQUIRES, both: !is_empty().
  std::size_t next_bytes() const { return pieces_.front().part.text.data.size(); }
  LogPart take_next();

 private:
  struct Piece {
    LogPart part;
    bool is_open = true;  // more of the same run and stream may be added
  };

  void append(const RunName& run, Stream stream, std::string_view text);
  void tell_of_loss(const RunName& run);

  std::deque<Piece> pieces_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_bytes_ = 0;  // since there was room
};

}  // namespace pq::programs
