// Where a program finds its credentials for the head: a join token, else a key file, else the state directory
// of a head on the same machine.
#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "common/net/key_text.h"
#include "common/net/keys.h"
#include "common/os/files.h"
#include "common/os/paths.h"
#include "common/values/check.h"

namespace pq::net {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_endpoint = "tcp://127.0.0.1:7700";

using Found = tl::expected<Credentials, std::string>;

Credentials from_token(const JoinToken& token, const CredentialSources& sources) {
  const auto public_key = public_key_of(token.secret_key);
  check(public_key.has_value(), "a_join_token_holds_a_key");
  return {.head_endpoint = sources.head_endpoint.value_or(token.head_endpoint),
          .head_public_key = token.head_public_key,
          .own = {.public_key = *public_key, .secret_key = token.secret_key}};
}

// Whether the file is missing. A file that may not be read is another error, with another remedy.
bool is_missing(const fs::path& path) {
  std::error_code ignored;
  return fs::status(path, ignored).type() == fs::file_type::not_found;
}

// The endpoint and the public key of this state directory's head, with `own` as this program's keys.
Found at_local_head(const CredentialSources& sources, KeyPair own) {
  const StatePaths paths{sources.state_dir};
  const auto head_key = read_file(paths.head_public_key());
  if (!head_key) return tl::unexpected(head_key.error());
  if (!is_key(trimmed(*head_key))) {
    return tl::unexpected(
        fmt::format("{} holds no key; restart pqd, which writes it anew", paths.head_public_key().string()));
  }
  std::string endpoint = default_endpoint;
  if (sources.head_endpoint) {
    endpoint = *sources.head_endpoint;
  } else if (!is_missing(paths.head_endpoint())) {
    const auto written = read_file(paths.head_endpoint());
    if (!written) return tl::unexpected(written.error());
    endpoint = trimmed(*written);
  }
  return Credentials{.head_endpoint = std::move(endpoint),
                     .head_public_key = std::string(trimmed(*head_key)),
                     .own = std::move(own)};
}

Found from_key_file(const CredentialSources& sources, const fs::path& key_file) {
  const auto text = read_secret_file(key_file);
  if (!text) return tl::unexpected(text.error());
  if (trimmed(*text).starts_with("pq1_")) {
    const auto token = parse_join_token(trimmed(*text));
    if (token) return from_token(*token, sources);
    return tl::unexpected(
        fmt::format("the join token in {} is damaged; copy all of what pq-key printed", key_file.string()));
  }
  auto own = parse_key_file(*text, key_file);
  if (!own) return tl::unexpected(own.error());
  const StatePaths paths{sources.state_dir};
  if (is_missing(paths.head_public_key())) {
    return tl::unexpected(
        fmt::format("{} does not say which head to trust, and {} is missing; copy head.public from the "
                    "head's state directory "
                    "there, or pass a join token (pq-key new prints one)",
                    key_file.string(), paths.head_public_key().string()));
  }
  return at_local_head(sources, std::move(*own));
}

Found from_state_dir(const CredentialSources& sources) {
  const StatePaths paths{sources.state_dir};
  if (is_missing(paths.head_public_key())) {
    return tl::unexpected(fmt::format(
        "no head has run with state directory {0} yet (head.public is missing); start pqd --state-dir {0}, "
        "or pass --state-dir, --key or --join",
        paths.dir.string()));
  }
  auto own = try_key_file(sources.role == Role::agent ? paths.agent_key() : paths.operator_key());
  if (!own) return tl::unexpected(own.error() + ", or pass --key or --join");
  return at_local_head(sources, std::move(*own));
}

}  // namespace

tl::expected<Credentials, std::string> find_credentials(const CredentialSources& sources) {
  if (sources.join_token) {
    const auto token = parse_join_token(trimmed(*sources.join_token));
    if (token) return from_token(*token, sources);
    return tl::unexpected<std::string>(
        "the --join token is damaged; copy all of what pq-key printed, from pq1_ to the end");
  }
  if (sources.key_file) return from_key_file(sources, *sources.key_file);
  return from_state_dir(sources);
}

}  // namespace pq::net
