// Small files, read and written as a whole and durably: what was written is on the disk when the call
// returns, and a reader never sees half of it. Every error is a sentence for a person.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace pq {

tl::expected<std::string, std::string> read_file(const std::filesystem::path& path);

// As read_file, but refuses a file of this user's that other users can read, as ssh does. (A secret that a
// supervisor hands over belongs to somebody else, and its mode is the supervisor's business.)
tl::expected<std::string, std::string> read_secret_file(const std::filesystem::path& path);

// Makes the file, mode 0600. Never replaces one.
tl::expected<void, std::string> write_new_file(const std::filesystem::path& path, std::string_view text);

// Puts the text in the place of what the file held, if there was one. One writer at a time.
tl::expected<void, std::string> replace_file(const std::filesystem::path& path, std::string_view text,
                                             unsigned mode = 0644);

// Makes a directory, mode 0700, if there is none.
tl::expected<void, std::string> make_directory(const std::filesystem::path& path);

// Gives a file whose bytes are on the disk already another name, which nobody has yet. Never replaces one.
// After an error the file has the name that it had.
tl::expected<void, std::string> rename_to_new(const std::filesystem::path& from,
                                              const std::filesystem::path& to);

// Adds `line` as a line of its own, also after a last line that had no end. Makes the file, mode 0600, if
// there is none. After an error the file is as it was.
tl::expected<void, std::string> append_line(const std::filesystem::path& path, std::string_view line);

}  // namespace pq
