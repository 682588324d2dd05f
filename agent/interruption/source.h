// A cloud's way of telling a machine that it ends. Each cloud has a file of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/instant.h"
#include "common/messages.h"

namespace pq {

// What one look at the service has shown.
struct Outlook {
  std::optional<Notice> notice = std::nullopt;  // the gravest, if there is any
  std::vector<std::string> errors = {};         // one for each question without a proper answer; never fatal
};

class InterruptionSource {
 public:
  InterruptionSource() = default;
  InterruptionSource(const InterruptionSource&) = delete;
  InterruptionSource& operator=(const InterruptionSource&) = delete;
  virtual ~InterruptionSource() = default;

  // Takes as long as the service takes to answer.
  virtual Outlook look(Now now) = 0;
};

}  // namespace pq
