// Shared by keys, join tokens and credentials: keys as bytes, and the text of key files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/net/keys.h"

namespace pq::net {

inline constexpr std::size_t key_bytes_size = 32;

// nullopt if `key` is not a key.
std::optional<std::string> bytes_of_key(std::string_view key);

// REQUIRES: key_bytes_size bytes.
std::string key_of_bytes(std::string_view bytes);

// Without surrounding white space.
std::string_view trimmed(std::string_view text);

// read_key_file in two halves, with the error as a sentence. The first half only quotes `path`.
tl::expected<KeyPair, std::string> parse_key_file(std::string_view text, const std::filesystem::path& path);
tl::expected<KeyPair, std::string> try_key_file(const std::filesystem::path& path);

}  // namespace pq::net
