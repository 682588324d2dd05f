// Small files, read and written completely and durably: data is on disk when the call returns, and a reader
// never sees half of it. Every error is a sentence for a person.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/values/rooms.h"

namespace pq::os {

tl::expected<std::string, std::string> read_file(const std::filesystem::path& path);

// Like read_file, but refuses a file of this user that other users can read, as ssh does. A secret from a
// supervisor belongs to another user, and the supervisor is responsible for its mode.
tl::expected<std::string, std::string> read_secret_file(const std::filesystem::path& path);

// Creates the file, mode 0600. Never replaces one.
tl::expected<void, std::string> write_new_file(const std::filesystem::path& path, std::string_view text);

// Replaces the file's text, or creates the file. One writer at a time.
tl::expected<void, std::string> replace_file(const std::filesystem::path& path, std::string_view text,
                                             unsigned mode = 0644);

// Creates a directory, mode 0700, if there is none.
tl::expected<void, std::string> make_directory(const std::filesystem::path& path);

// Gives a file, whose bytes are on disk already, another name that is free. Never replaces a file. After an
// error the file still has its old name.
tl::expected<void, std::string> rename_to_new(const std::filesystem::path& from,
                                              const std::filesystem::path& to);

// Appends `line` as a line of its own, even if the last line had no end. Creates the file, mode 0600, if
// there is none. After an error the file is unchanged.
tl::expected<void, std::string> append_line(const std::filesystem::path& path, std::string_view line);

}  // namespace pq::os
