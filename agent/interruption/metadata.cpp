#include "agent/interruption/metadata.h"

#include <httplib.h>

#include <algorithm>
#include <utility>

#include "common/values/text.h"

namespace pq::interruption {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view scheme = "http://";
constexpr std::size_t reply_bytes_max = 65536;  // a longer reply is not one of those expected here
constexpr auto token_lasts = 3600s;
constexpr auto token_reserve = 60s;  // it is replaced this long before its end

std::string reason_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "it cannot be reached";
    case httplib::Error::Read:
      return "no whole answer came in time";
    case httplib::Error::Canceled:
      return "its answer is longer than " + std::to_string(reply_bytes_max) + " bytes";
    default:
      return httplib::to_string(error);
  }
}

std::string without_slashes(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// The token request failed, so the path was never asked for: do not report the token's 404 as the path's.
MetadataReply without_token(const MetadataReply& token) {
  if (token.status == 0) return token;
  return {.status = 0, .body = std::to_string(token.status) + " for a token"};
}

}  // namespace

bool is_http_endpoint(std::string_view text) {
  if (!text.starts_with(scheme)) return false;
  const std::string rest = without_slashes(std::string(text.substr(scheme.size())));
  const std::size_t colon = rest.find(':', rest.starts_with('[') ? std::min(rest.find(']'), rest.size()) : 0);
  const std::string host = rest.substr(0, colon);
  const std::string port = colon == std::string::npos ? "80" : rest.substr(colon + 1);
  const bool is_port = !port.empty() && port.size() <= 5 &&
                       port.find_first_not_of("0123456789") == std::string::npos && std::stoul(port) < 65536;
  return !host.empty() && host.find_first_of("/?#@ ") == std::string::npos && is_port &&
         httplib::Client(std::string(scheme) + rest).is_valid();
}

AskMetadata ask_over_http(const std::string& endpoint) {
  return [base = without_slashes(endpoint)](const MetadataRequest& asked) {
    httplib::Client service(base);
    service.set_connection_timeout(asked.patience);
    service.set_read_timeout(asked.patience);
    service.set_write_timeout(asked.patience);
    httplib::Request request;
    request.method = asked.method;
    request.path = asked.path;
    for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
    if (asked.method != "GET") request.headers.emplace("Content-Length", "0");
    std::string body;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      body.append(data, size);
      return body.size() <= reply_bytes_max;
    };
    httplib::Response response;
    auto error = httplib::Error::Success;
    if (!service.send(request, response, error)) return MetadataReply{0, reason_of(error)};
    return MetadataReply{response.status, std::string(stripped(body)),
                         response.get_header_value("Metadata-Flavor")};
  };
}

Imds::Imds(AskMetadata ask) : ask_(std::move(ask)) {}

MetadataReply Imds::get(const std::string& path, Instant now) {
  const MetadataReply token = get_token(now);
  if (!token.is_ok()) return without_token(token);
  MetadataReply reply = get_with_token(path);
  if (reply.status != 401) return reply;
  token_.clear();  // the service has been restarted, or its clock has gone another way than ours
  const MetadataReply another = get_token(now);
  return another.is_ok() ? get_with_token(path) : without_token(another);
}

MetadataReply Imds::get_token(Instant now) {
  if (!token_.empty() && now < token_ends_) return {.status = 200, .body = token_};
  MetadataReply reply =
      ask_({.path = "/latest/api/token",
            .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(token_lasts.count())}},
            .method = "PUT"});
  token_ = reply.is_ok() ? reply.body : "";
  token_ends_ = now + token_lasts - token_reserve;
  return reply;
}

MetadataReply Imds::get_with_token(const std::string& path) const {
  return ask_({.path = "/latest/" + path, .headers = {{"X-aws-ec2-metadata-token", token_}}});
}

}  // namespace pq::interruption
