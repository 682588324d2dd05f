// The metadata service of a cloud: plain HTTP at an address of the machine's own. Callers get a function that
// asks, so that tests can check their use of the answers without a service.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/values/instant.h"

namespace pq::interruption {

// All clouds use this address; another endpoint can be set for a machine.
inline constexpr const char* metadata_usual = "http://169.254.169.254";

struct MetadataRequest {
  std::string path;
  std::map<std::string, std::string> headers = {};
  std::string method = "GET";
  std::chrono::seconds patience{1};  // for each of connecting, asking and hearing
};

struct MetadataReply {
  int status = 0;           // of HTTP; 0: no answer, and `body` says why
  std::string body;         // without white space around it
  std::string flavor = {};  // the header Metadata-Flavor, by which GCP's service makes itself known

  bool is_ok() const { return status == 200; }
};

using AskMetadata = std::function<MetadataReply(const MetadataRequest&)>;

// REQUIRES: is_http_endpoint(endpoint).
AskMetadata ask_over_http(const std::string& endpoint);

// "http://HOST" or "http://HOST:PORT", with or without a slash at the end.
bool is_http_endpoint(std::string_view text);

// EC2's service in its second version: each request carries a token, which is requested first.
class Imds {
 public:
  explicit Imds(AskMetadata ask);

  // The text at /latest/`path`. A token that has expired or is refused is replaced once.
  MetadataReply get(const std::string& path, Instant now);

  // Requests only a token, if there is none.
  MetadataReply get_token(Instant now);

 private:
  MetadataReply get_with_token(const std::string& path) const;

  AskMetadata ask_;
  std::string token_;
  Instant token_ends_;
};

}  // namespace pq::interruption
