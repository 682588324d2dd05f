// How a cloud tells a machine that it will end. Each cloud has its own file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::interruption {

// The result of one look at the service.
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

}  // namespace pq::interruption
