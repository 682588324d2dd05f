// Files of this machine that are sent with a job. An unusable one throws an EnvironmentError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/values/program.h"

namespace pq::client {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenedFile = std::unique_ptr<std::FILE, FileCloser>;

struct LocalFile {
  FileRef ref;
  std::filesystem::path path;  // as it was given
  OpenedFile file;             // of a directory, the tar that was made of it, which has no name
};

// The value of --file: a plain file, an executable one, or a directory, which is packed. Reads all of it.
LocalFile open_local_file(const std::filesystem::path& path);

// The value of --each: a list with one item per line; "-" is standard input.
struct LocalList {
  LocalFile file;
  std::uint64_t items = 0;
};

LocalList open_local_list(const std::filesystem::path& path);

// At most `bytes_max` bytes at `offset`; nullopt: the file has become shorter, or can no longer be read.
std::optional<std::string> read_part(const LocalFile& file, std::uint64_t offset, std::size_t bytes_max);

// The name under which a file is sent: "data" for "../data/".
std::string name_of(const std::filesystem::path& path);

}  // namespace pq::client
