// A key that is made here for another machine or person. The secret stays with its owner: the head hears of
// the public key alone.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "client/connection.h"
#include "client/failure.h"
#include "common/instant.h"
#include "common/json.h"
#include "common/messages.h"
#include "common/os/command_line.h"

namespace pq {

struct KeyWish {
  Role role = Role::agent;
  std::string name;
  std::optional<std::string> address;  // where its owner reaches the head
  std::optional<Duration> lasts;
};

// From --name, --address and --expires. What does not make sense is thrown as a usage error.
KeyWish parse_key_wish(const Arguments& arguments, Role role);

struct NewKey {
  std::string public_key;
  std::string head_endpoint;  // the wish's address, else the one by which this program has reached the head
  std::string token;
  std::optional<UnixMs> expires_unix_ms;
};

// When it ends, for programs: null is never.
Json expires_json(const NewKey& key);

tl::expected<NewKey, Failure> make_key(Connection& connection, const KeyWish& wish);

// Whether an address means all of a machine's own: tcp://0.0.0.0:7700, tcp://*:7700. It is for listening
// only.
bool is_wildcard(const std::string& endpoint);

// Whether an address means something to this machine only: tcp://127.0.0.1:7700, tcp://*:7700.
bool is_local(const std::string& endpoint);

}  // namespace pq
