#include "daemon/http/own_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace pq::http {
namespace {

// Names of machines are ASCII, whatever the locale.
std::string in_lower_case(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return lower;
}

bool is_address(const std::string& host) {
  in6_addr address{};
  if (host.starts_with('[') && host.ends_with(']'))
    return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.find_last_of(":]");  // an address of IPv6 has colons of its own
  if (colon == std::string_view::npos || host[colon] == ']') return host;
  const std::string_view port = host.substr(colon + 1);
  const bool is_number = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? host.substr(0, colon) : host;
}

}  // namespace

OwnNames::OwnNames(const std::vector<std::string>& names) : names_{"localhost"} {
  for (const std::string& name : names) names_.insert(in_lower_case(name));
}

bool OwnNames::may_be(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return !name.empty() && name.find_first_not_of(letters) == std::string_view::npos;
}

bool OwnNames::has(std::string_view host) const {
  const std::string name = in_lower_case(without_port(host));
  if (name.find('\0') != std::string::npos) return false;  // inet_pton would look no further
  return is_address(name) || names_.contains(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
}

}  // namespace pq::http
