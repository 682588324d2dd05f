// Files of this machine that shall travel with a job. What is wrong with one is thrown as an
// EnvironmentError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/program.h"

namespace pq {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenedFile = std::unique_ptr<std::FILE, FileCloser>;

struct LocalFile {
  FileRef ref;
  std::filesystem::path path;  // as it was given
  OpenedFile file;             // of a directory, the tar that was made of it, which has no name
};

// What --file takes: a plain file, an executable one, or a directory, which is packed. Reads all of it.
LocalFile open_local_file(const std::filesystem::path& path);

// What --each takes: a list with one item a line; "-" is standard input.
struct LocalList {
  LocalFile file;
  std::uint64_t items = 0;
};

LocalList open_local_list(const std::filesystem::path& path);

// The bytes at `offset`, at most so many; nullopt: the file has become shorter, or cannot be read any more.
std::optional<std::string> read_part(const LocalFile& file, std::uint64_t offset, std::size_t bytes_max);

// The name that a file has wherever it travels to: of "../data/", "data".
std::string name_of(const std::filesystem::path& path);

}  // namespace pq
