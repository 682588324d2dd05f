// By which names HTTP may be asked for. A browser that was led to an evil page lets its scripts read whatever
// answers at that page's name, and the owner of the name can make it point to this machine (DNS rebinding);
// but the browser says for which name it asks. So pages that tell of the queue are shown only to those who
// ask for an address, for localhost, or for a name that this machine is known by.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/rooms.h"

namespace pq::http {

class OwnNames {
 public:
  // Beside localhost.
  explicit OwnNames(const std::vector<std::string>& names);

  // Whether this could be one: letters, digits, dots, - and _, and no port.
  static bool may_be(std::string_view name);

  // `host` as a request has it: "head", "head:7701", "10.0.0.5:7701", "[::1]".
  bool has(std::string_view host) const;

 private:
  std::set<std::string> names_;  // in lower case
};

}  // namespace pq::http
