#include "client/new_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string_view>

#include "common/net/keys.h"
#include "common/os/random.h"
#include "common/values/errors.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

std::optional<std::uint64_t> milliseconds_of(const std::optional<Duration>& duration) {
  if (!duration) return std::nullopt;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count());
}

bool is_at_any(const std::string& endpoint, std::initializer_list<std::string_view> hosts) {
  return std::any_of(hosts.begin(), hosts.end(), [&](std::string_view host) {
    return endpoint.starts_with("tcp://" + std::string(host));
  });
}

}  // namespace

KeyWish parse_key_wish(const Arguments& arguments, Role role) {
  KeyWish wish{.role = role,
               .name = fmt::format("{}-{:04x}", to_text(role), random_bits() & 0xFFFF),
               .address = {},
               .lasts = {}};
  if (const auto name = arguments.value("name")) wish.name = parse_name("--name", *name);
  // A line of authorized_keys is words with spaces between them, and a command line takes -x for a flag.
  const bool is_word =
      std::all_of(wish.name.begin(), wish.name.end(), [](char c) { return c > ' ' && c < 127; });
  if (wish.name.empty() || wish.name.starts_with('-') || !is_word) {
    refuse(fmt::format(
        "--name {} is no key's name: give letters, digits and signs, without spaces or a - at the start",
        wish.name));
  }
  if (const auto address = arguments.value("address")) wish.address = parse_address("--address", *address);
  if (wish.address && is_wildcard(*wish.address)) {
    refuse(fmt::format("--address {} is where a head listens: give the address by which others reach it",
                       *wish.address));
  }
  if (const auto expires = arguments.value("expires"))
    wish.lasts = parse_time("--expires", *expires, std::chrono::seconds(1));
  return wish;
}

tl::expected<NewKey, Failure> make_key(Connection& connection, const KeyWish& wish) {
  const KeyPair keys = new_key_pair();
  const auto authorized = connection.ask_for<Authorized>(Authorize{.role = wish.role,
                                                                   .public_key = keys.public_key,
                                                                   .name = wish.name,
                                                                   .lasts_ms = milliseconds_of(wish.lasts)});
  if (!authorized) return tl::unexpected(authorized.error());
  const Credentials& used = connection.credentials();
  const std::string endpoint = wish.address.value_or(used.head_endpoint);
  return NewKey{
      .public_key = keys.public_key,
      .head_endpoint = endpoint,
      .token = to_text(JoinToken{
          .head_endpoint = endpoint, .head_public_key = used.head_public_key, .secret_key = keys.secret_key}),
      .expires_unix_ms = authorized->expires_unix_ms};
}

bool is_wildcard(const std::string& endpoint) { return is_at_any(endpoint, {"0.0.0.0:", "[::]:", "*:"}); }

bool is_local(const std::string& endpoint) {
  return is_wildcard(endpoint) || is_at_any(endpoint, {"127.", "localhost:", "[::1]:"});
}

}  // namespace pq::client
