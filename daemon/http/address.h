// The address at which HTTP listens, as a person gives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq::http {

struct HttpAddress {
  std::string host;        // a name or an address; IPv6 without its brackets
  std::uint16_t port = 0;  // 0: any
};

// HOST:PORT. `*` as host stands for every IPv4 address, as port for any free one; IPv6 stands in brackets.
std::optional<HttpAddress> parse_http_address(std::string_view text);

std::string to_text(const HttpAddress& address);

// By which programs on the same machine reach a head that listens at `bound`.
HttpAddress local_address(const HttpAddress& bound);

}  // namespace pq::http
