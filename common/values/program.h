// The program of a job of kernel `exec`, which runs over parts of the job's range. README.md says what a
// program receives and what it must answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/rooms.h"
#include "common/values/sha256.h"
#include "common/values/words.h"

namespace pq {

// One setting of a program's environment.
struct Setting {
  std::string name;
  std::string value;
  bool is_hidden = false;  // from who reads this: the value is not here
  friend bool operator==(const Setting&, const Setting&) = default;
};

enum class FileKind {
  plain,
  executable,
  directory,  // the bytes are a tar of the directory's content
};
template <>
inline constexpr std::array<std::string_view, 3> enum_words<FileKind>{"plain", "executable", "directory"};

// A file that is sent with a job, identified by its content.
struct FileRef {
  std::string name;  // of it in the program's working directory; is_file_name() of common/values/text.h
  Sha256 hash;
  std::uint64_t bytes = 0;
  FileKind kind = FileKind::plain;
  friend bool operator==(const FileRef&, const FileRef&) = default;
};

struct Program {
  // The command; {lo}, {hi} and {item} in it are replaced. No shell interprets it.
  std::vector<std::string> words;
  bool streams = false;  // started once a slot, it reads "lo hi" lines and answers each with a line
  // Integers per run, counted from the begin of the job's range. 0: as many as take about a second.
  std::uint64_t run_width = 0;
  std::uint32_t timeout_ms = 0;    // of one run; 0: none
  std::uint64_t memory_bytes = 0;  // of one run; 0: no limit
  bool collects = false;           // the head keeps what it prints
  std::vector<Setting> env;
  std::vector<FileRef> files;
  std::optional<FileRef> items;  // a list with one item a line; integer 1 of the range is the first line
  bool express = false;          // its runs are short, and need not wait for slots
  std::vector<Setting> secrets;  // files for its runs; hidden from everybody but those who compute it
  friend bool operator==(const Program&, const Program&) = default;
};

// What is wrong with it, in the words of the command line; nothing: it can run.
std::optional<std::string> flaw_of(const Program& program);

// The command as a user would type it in a shell.
std::string command_text(const Program& program);

// Takes the values of its settings away, which may be passwords. What runs needs them; who reads of it does
// not.
void hide_settings(Program& program);

// The same of its secrets.
void hide_secrets(Program& program);

// Every file that must be stored before it can run.
std::vector<FileRef> files_needed(const Program& program);

}  // namespace pq
