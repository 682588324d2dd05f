// CURVE keys: as files, as join tokens, and where a program finds the ones it needs.
// Keys are Z85 text of 40 characters (32 bytes), as libzmq wants them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/protocol/messages.h"

namespace pq::net {

struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

KeyPair new_key_pair();

// The public key of a secret key; nullopt if `secret` is not a key.
std::optional<std::string> public_key_of(const std::string& secret_key);

// 40 characters of Z85 that decode to 32 bytes.
bool is_key(std::string_view text);

// Two lines, `public KEY` and `secret KEY`, mode 0600. Writing never replaces a file; both throw
// EnvironmentError.
void write_key_file(const std::filesystem::path& path, const KeyPair& keys);
KeyPair read_key_file(const std::filesystem::path& path);

// Everything a machine needs to join: the head's address, its public key, and a secret key that the head
// knows.
struct JoinToken {
  std::string head_endpoint;
  std::string head_public_key;
  std::string secret_key;
};

// One word of [A-Za-z0-9_], safe in any shell, unit file or YAML: "pq1_" and hexadecimal digits.
std::string to_text(const JoinToken& token);
std::optional<JoinToken> parse_join_token(std::string_view text);

// Everything that a program needs to talk to the head.
struct Credentials {
  std::string head_endpoint;
  std::string head_public_key;
  KeyPair own;
};

struct CredentialSources {
  std::filesystem::path state_dir;  // of a head on this machine
  Role role = Role::operator_;      // which of the state directory's keys: agent, else operator
  std::optional<std::string>
      head_endpoint;                      // --head: in place of the one in the state directory or the token
  std::optional<std::string> join_token;  // --join: needs nothing else
  std::optional<std::filesystem::path> key_file;  // --key: a key file, or a file that holds a join token
};

// The error is a whole sentence: what is missing, where pq looked for it, what to do.
tl::expected<Credentials, std::string> find_credentials(const CredentialSources& sources);

}  // namespace pq::net
