// One HTTP request as a value. http-parser does the parsing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/view/event_query.h"

namespace pq::http {

struct Request {
  std::string method;
  std::string path;       // without %-escapes
  std::string query;      // as sent, without the "?"
  std::string host = {};  // of several, all in one
  std::size_t hosts = 0;  // how many Host headers there are
  std::string if_none_match = {};
  std::string accept_encoding = {};

  bool is_head() const { return method == "HEAD"; }
};

// `head` is the request with its headers and the blank line; what follows that is ignored. nullopt: it is no
// request of HTTP/1.
std::optional<Request> parse_request(std::string_view head);

// The parameters of a query: "job=7&limit=1".
HttpQuery parse_query(std::string_view query);

}  // namespace pq::http
