#include "daemon/http/address.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace pq::http {

std::optional<HttpAddress> parse_http_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HttpAddress address{.host = std::string(text.substr(0, colon))};
  std::string& host = address.host;
  if (host == "*") host = "0.0.0.0";
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const bool is_ipv6 = host.find(':') != std::string::npos;
  if (is_bracketed != is_ipv6 || host.find_first_of("[]") != std::string::npos) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  if (port == "*") return address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return address;
}

std::string to_text(const HttpAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", address.host, is_ipv6 ? "]" : "", address.port);
}

HttpAddress local_address(const HttpAddress& bound) {
  if (bound.host == "0.0.0.0") return {.host = "127.0.0.1", .port = bound.port};
  if (bound.host == "::") return {.host = "::1", .port = bound.port};
  return bound;
}

}  // namespace pq::http
