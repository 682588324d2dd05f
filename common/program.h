// What a job of kernel `exec` runs: any program of the user's, over parts of the job's range. README.md says
// what it is told and what it must answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sha256.h"

namespace pq {

// Of a program's environment.
struct Setting {
  std::string name;
  std::string value;
  friend bool operator==(const Setting&, const Setting&) = default;
};

enum class FileKind {
  plain,
  executable,
  directory,  // the bytes are a tar of what is in it
};

std::string_view to_text(FileKind kind);
std::optional<FileKind> parse_file_kind(std::string_view word);

// A file that travels with a job, known by what is in it.
struct FileRef {
  std::string name;  // of it in the program's working directory; is_file_name() of common/text.h
  Sha256 hash;
  std::uint64_t bytes = 0;
  FileKind kind = FileKind::plain;
  friend bool operator==(const FileRef&, const FileRef&) = default;
};

struct Program {
  // The command: {lo}, {hi} and {item} in it are replaced. No shell is between.
  std::vector<std::string> words;
  bool streams = false;  // started once a slot, it reads "lo hi" lines and answers each with a line
  // Integers a run, counted from the begin of the job's range. 0: as many as take about a second.
  std::uint64_t run_width = 0;
  std::uint32_t timeout_ms = 0;    // of one run; 0: none
  std::uint64_t memory_bytes = 0;  // of one run; 0: no limit
  bool collects = false;           // what it prints is kept at the head
  std::vector<Setting> env;
  std::vector<FileRef> files;
  std::optional<FileRef> items;  // a list with one item a line; integer 1 of the range is the first line
  friend bool operator==(const Program&, const Program&) = default;
};

// What is wrong with it, in the words of the command line; nothing: it can be run.
std::optional<std::string> flaw_of(const Program& program);

// The command as one would type it in a shell.
std::string command_text(const Program& program);

// Every file that must be there before it can run.
std::vector<FileRef> files_needed(const Program& program);

}  // namespace pq
