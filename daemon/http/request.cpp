#include "daemon/http/request.h"

#include <http_parser.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/values/text.h"

namespace pq::http {
namespace {

// %-escapes as the bytes that they stand for. What is no escape stays as it is.
std::string unescaped(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const char* const digits = text.data() + 1;
    unsigned char byte = 0;
    const bool is_escape = text.size() >= 3 && text.front() == '%' &&
                           std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    bytes += is_escape ? static_cast<char>(byte) : text.front();
    text.remove_prefix(is_escape ? 3 : 1);
  }
  return bytes;
}

std::string unescaped_form(std::string_view text) {
  std::string with_blanks(text);
  std::replace(with_blanks.begin(), with_blanks.end(), '+', ' ');
  return unescaped(with_blanks);
}

// What the parser reports. It is given all bytes at once, so each part comes whole.
struct Parts {
  std::string_view url;
  std::string_view name;  // of the header whose value comes next
  Request request;
  bool is_whole = false;
};

Parts& parts_of(http_parser* parser) { return *static_cast<Parts*>(parser->data); }

void keep(Request& request, std::string_view name, std::string_view value) {
  const auto is = [&](std::string_view known) {
    return name.size() == known.size() && ::strncasecmp(name.data(), known.data(), known.size()) == 0;
  };
  if (is("Host")) request.hosts += 1;
  if (is("Host")) request.host += value;
  if (is("If-None-Match")) request.if_none_match += value;
  if (is("Accept-Encoding")) request.accept_encoding += value;
}

http_parser_settings make_callbacks() {
  http_parser_settings callbacks;
  http_parser_settings_init(&callbacks);
  callbacks.on_url = [](http_parser* parser, const char* text, std::size_t size) {
    parts_of(parser).url = {text, size};
    return 0;
  };
  callbacks.on_header_field = [](http_parser* parser, const char* text, std::size_t size) {
    parts_of(parser).name = {text, size};
    return 0;
  };
  callbacks.on_header_value = [](http_parser* parser, const char* text, std::size_t size) {
    keep(parts_of(parser).request, parts_of(parser).name, stripped({text, size}));
    return 0;
  };
  callbacks.on_headers_complete = [](http_parser* parser) {
    parts_of(parser).is_whole = true;
    return 0;
  };
  return callbacks;
}

}  // namespace

std::optional<Request> parse_request(std::string_view head) {
  static const http_parser_settings callbacks = make_callbacks();
  Parts parts;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &parts;
  http_parser_execute(&parser, &callbacks, head.data(), head.size());
  if (!parts.is_whole) return std::nullopt;
  http_parser_url url;
  http_parser_url_init(&url);
  const int is_connect = parser.method == HTTP_CONNECT ? 1 : 0;
  if (http_parser_parse_url(parts.url.data(), parts.url.size(), is_connect, &url) != 0) return std::nullopt;
  const auto part = [&](http_parser_url_fields field) {
    return parts.url.substr(url.field_data[field].off, url.field_data[field].len);
  };
  parts.request.method = http_method_str(static_cast<http_method>(parser.method));
  parts.request.path = unescaped(part(UF_PATH));
  parts.request.query = part(UF_QUERY);
  return std::move(parts.request);
}

HttpQuery parse_query(std::string_view query) {
  HttpQuery parameters;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::string_view value = parameter.substr(std::min(name.size() + 1, parameter.size()));
    if (!name.empty()) parameters.emplace(unescaped_form(name), unescaped_form(value));
  }
  return parameters;
}

}  // namespace pq::http
