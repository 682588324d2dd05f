// What only the clients' --json shows, described as messages are (common/protocol/field.h).
#pragma once

#include <optional>
#include <string>

#include "client/new_key.h"
#include "common/report/shown.h"

namespace pq::client {

// A key that pq-key has just made.
struct NewKeyAnswer {
  const KeyWish& wish;
  const NewKey& key;
};

// What a machine becomes that starts with a document of pq-user-data.
enum class MachineRole { agent, head };

struct UserDataAnswer {
  MachineRole role = MachineRole::agent;
  std::string key_name = {};                             // agent
  std::string head = {};                                 // agent
  std::optional<UnixMs> expires_unix_ms = std::nullopt;  // agent
  std::string device = {};                               // head
  std::string document = {};
};

}  // namespace pq::client

namespace pq {

template <>
inline constexpr std::array<std::string_view, 2> enum_words<client::MachineRole>{"agent", "head"};

template <>
inline constexpr SchemaName schema_of<client::NewKeyAnswer> = {"pq.key/1", "A new key."};
void fields(auto& v, Is<client::NewKeyAnswer> auto& m) {
  v(Field("role", "What it may do."), m.wish.role);
  v(Field("name", "What it was called."), m.wish.name);
  v(Field("head", "The address that is in the token."), m.key.head_endpoint);
  v(Field("public_key", "Z85."), m.key.public_key);
  v(Field("expires_unix_ms", "When it ends, if it does."), m.key.expires_unix_ms);
  v(Field("token", "The join token, which holds the secret key."), m.key.token);
}

template <>
inline constexpr SchemaName schema_of<client::UserDataAnswer> = {
    "pq.user_data/1", "A document for machines at their first boot."};
void fields(auto& v, Is<client::UserDataAnswer> auto& m) {
  const bool is_agent = m.role == client::MachineRole::agent;
  v(Field("role", "What the machine becomes."), m.role);
  v.sometimes(is_agent, Field("name", "agent: of its key."), m.key_name);
  v.sometimes(is_agent, Field("head", "agent: the address that it joins."), m.head);
  v.sometimes(is_agent, Field("expires_unix_ms", "agent: when its key ends, or null."), m.expires_unix_ms);
  v.sometimes(!is_agent, Field("device", "head: the volume that the state is on."), m.device);
  v(Field("document", "All of it, as cloud-init takes it."), m.document);
}

}  // namespace pq
