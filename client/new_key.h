// Makes a key for another machine or person. The secret stays with its owner; the head gets only the public
// key.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "client/connection.h"
#include "client/failure.h"
#include "common/cli/command_line.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::client {

struct KeyWish {
  Role role = Role::agent;
  std::string name;
  std::optional<std::string> address;  // where its owner reaches the head
  std::optional<Duration> lasts;
};

// From --name, --address and --expires. An invalid value throws a usage error.
KeyWish parse_key_wish(const Arguments& arguments, Role role);

struct NewKey {
  std::string public_key;
  std::string head_endpoint;  // the wish's address, else the one by which this program has reached the head
  std::string token;
  std::optional<UnixMs> expires_unix_ms;
};

tl::expected<NewKey, Failure> make_key(Connection& connection, const KeyWish& wish);

// Whether an address means all addresses of a machine: tcp://0.0.0.0:7700, tcp://*:7700. Such an address is
// only for listening.
bool is_wildcard(const std::string& endpoint);

// Whether an address works only on this machine: tcp://127.0.0.1:7700, tcp://*:7700.
bool is_local(const std::string& endpoint);

}  // namespace pq::client
