#include "client/submission.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>

#include "common/os/files.h"
#include "common/values/errors.h"
#include "common/values/limits.h"
#include "common/values/size.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_u32 = std::numeric_limits<std::uint32_t>::max();

template <class Enumerators>
std::string names_of(const Enumerators& all_of_them) {
  std::string names;
  for (const auto one : all_of_them) names.append(names.empty() ? "" : ", ").append(to_text(one));
  return names;
}

std::string kernel_names() { return names_of(sieve_kernels); }

// Splits "KEY=VALUE".
std::pair<std::string, std::string> parse_pair(const std::string& flag, const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0)
    refuse(fmt::format("{} {} has no value: give KEY=VALUE", flag, text));
  return {text.substr(0, sign), text.substr(sign + 1)};
}

std::uint32_t parse_u32(const Arguments& arguments, const std::string& flag, std::uint32_t usual,
                        std::uint64_t least, std::uint64_t most = largest_u32) {
  const auto text = arguments.value(flag);
  return text ? static_cast<std::uint32_t>(parse_count("--" + flag, *text, least, most)) : usual;
}

std::uint32_t parse_run_timeout(const std::string& text) {
  using std::chrono::milliseconds;
  const auto time = std::chrono::duration_cast<milliseconds>(parse_time("--timeout", text, milliseconds(1)));
  if (static_cast<std::uint64_t>(time.count()) > largest_u32)
    refuse(fmt::format("--timeout: \"{}\" is too long; give at most 49d", text));
  return static_cast<std::uint32_t>(time.count());
}

// ---------------------------------------------------------------- any job

Range parse_range_flag(const Arguments& arguments) {
  const auto text = arguments.value("range");
  if (!text) refuse("--range A:B is missing");
  const auto range = parse_range(*text);
  if (!range) refuse("--range: " + range.error());
  return *range;
}

// Everything except the range and the program.
void read_spec(JobSpec& spec, const Arguments& arguments) {
  if (runs_program(arguments)) spec.kernel = Kernel::exec;
  if (const auto word = arguments.value("kernel")) {
    const auto kernel = parse<Kernel>(*word);
    if (!kernel) refuse(fmt::format("--kernel {} does not exist; there are {}", *word, kernel_names()));
    spec.kernel = *kernel;
  }
  if (const auto word = arguments.value("fold")) {
    const auto how = parse<Fold>(*word);
    if (!how) refuse(fmt::format("--fold {} does not exist; there are {}", *word, names_of(all<Fold>())));
    spec.fold = *how;
  }
  if (const auto name = arguments.value("name")) spec.name = parse_name("--name", *name);
  if (const auto priority = arguments.value("priority")) spec.priority = parse_priority(*priority);
  spec.attempts_max = parse_u32(arguments, "attempts", spec.attempts_max, 1);
  spec.failures_max = parse_u32(arguments, "max-failures", spec.failures_max, 0);
  if (arguments.value("crash-limit") == "never") {
    spec.crash_limit = 0;
  } else {
    spec.crash_limit = parse_u32(arguments, "crash-limit", spec.crash_limit, 1);
  }
  spec.cpus = parse_u32(arguments, "cpus", spec.cpus, 1, limits::slots_max);
  for (const std::string& text : arguments.values("require")) {
    auto [key, value] = parse_pair("--require", text);
    spec.require.push_back({std::move(key), std::move(value)});
  }
}

// ---------------------------------------------------------------- a program

// Flags that need a program.
void refuse_program_flags(const Arguments& arguments) {
  if (arguments.has("each")) refuse("--each needs a program: give it after --, with {item} for the item");
  if (arguments.has("express"))
    refuse("--express is for a program of your own: a small count goes past long ones by itself");
  for (const char* flag : {"step", "file", "env", "secret", "memory", "collect", "stream"}) {
    if (arguments.has(flag))
      refuse(fmt::format("--{} is for a program of your own: give one after --, or leave it out", flag));
  }
}

// A value on the command line would stand in `ps` for everybody to read.
Setting read_secret(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals == std::string::npos) {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) {
      refuse(fmt::format("--secret {0}: there is no variable {0} here; export it, or give {0}=FILE",
                         printable(name)));
    }
    return {.name = name, .value = value};
  }
  const std::string file = text.substr(equals + 1);
  auto bytes = read_file(file);
  if (!bytes) refuse(fmt::format("--secret {}: {}", printable(name), bytes.error()));
  return {.name = name, .value = *std::move(bytes)};
}

Program parse_program(const Arguments& arguments) {
  Program program;
  program.words = *arguments.program();
  program.streams = arguments.has("stream");
  program.collects = arguments.has("collect");
  // A value from the environment is meant for all commands, and those have no runs.
  if (arguments.is_typed("timeout")) program.timeout_ms = parse_run_timeout(*arguments.value("timeout"));
  program.express = arguments.has("express");
  if (program.express && program.timeout_ms == 0) {
    program.timeout_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(limits::express_run_longest).count());
  }
  if (const auto text = arguments.value("memory")) program.memory_bytes = parse_size("--memory", *text, 1);
  program.run_width = arguments.has("each") ? 1 : 0;
  if (const auto text = arguments.value("step")) {
    program.run_width = parse_count("--step", *text, 1, std::numeric_limits<std::uint64_t>::max());
  }
  for (const std::string& text : arguments.values("secret")) program.secrets.push_back(read_secret(text));
  for (const std::string& text : arguments.values("env")) {
    auto [name, value] = parse_pair("--env", text);
    program.env.push_back({std::move(name), std::move(value)});
  }
  return program;
}

fs::path whole(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

bool is_same(const fs::path& left, const fs::path& right) {
  std::error_code ignored;
  return fs::equivalent(left, right, ignored);
}

// The name under which the file at `path` is sent; nullopt: it is not among the given files.
std::optional<std::string> place_among(const std::vector<LocalFile>& files, const fs::path& path) {
  for (const LocalFile& file : files) {
    const fs::path within = whole(path).lexically_relative(whole(file.path / ""));
    const bool is_within = file.ref.kind == FileKind::directory && !within.empty() && *within.begin() != "..";
    if (is_within) return fmt::format("./{}/{}", file.ref.name, within.string());
    if (is_same(file.path, path)) return "./" + file.ref.name;
  }
  return std::nullopt;
}

// The first word is what a user would type here: ./sim or bin/sim. An agent has that file only if it is sent.
void send_first_word(std::string& word, std::vector<LocalFile>& files, Screen& screen) {
  std::error_code ignored;
  const fs::path path = word;
  if (word.find('/') == std::string::npos || path.is_absolute() || !fs::is_regular_file(path, ignored))
    return;
  auto there = place_among(files, path);
  const bool is_given = there.has_value();
  if (!is_given) {
    files.push_back(open_local_file(path));
    if (files.back().ref.kind != FileKind::executable) {
      refuse(fmt::format("{} is not executable: chmod +x it, or put its interpreter in front", word));
    }
    there = "./" + files.back().ref.name;
  }
  std::vector<std::string> remarks;
  if (!is_given) remarks.emplace_back("is sent along, as if by --file");
  if (*there != word) remarks.push_back(fmt::format("is {} where it runs", *there));
  if (!remarks.empty()) screen.say(fmt::format("{} {}", word, fmt::join(remarks, ", and ")));
  word = std::move(*there);
}

void add_program(Submission& submission, const Arguments& arguments, Screen& screen) {
  if (!arguments.program()) return refuse_program_flags(arguments);
  Program program = parse_program(arguments);
  for (const std::string& path : arguments.values("file")) submission.files.push_back(open_local_file(path));
  if (!program.words.empty()) send_first_word(program.words.front(), submission.files, screen);
  for (const LocalFile& file : submission.files) program.files.push_back(file.ref);
  if (const auto path = arguments.value("each")) {
    LocalList list = open_local_list(*path);
    program.items = list.file.ref;
    submission.spec.range = {1, list.items + 1};
    submission.files.push_back(std::move(list.file));
  }
  submission.spec.program = std::move(program);
}

}  // namespace

std::vector<Flag> submission_flags() {
  std::vector<std::string> kernels;
  kernels.reserve(std::size(sieve_kernels));
  for (const Kernel kernel : sieve_kernels) kernels.emplace_back(to_text(kernel));
  return {
      {"range", "A:B", "from A to before B, or A:+WIDTH; numbers as 10_000_000, 1e7, 2^40"},
      {"each", "FILE", "in place of a range: a run for each line of this list, which is {item}; - is stdin"},
      {"kernel",
       "NAME",
       "what to compute without a program: " + kernel_names() + " (default primes)",
       {},
       kernels},
      {"fold",
       "NAME",
       "how values join: sum, min, max, none (default sum)",
       {},
       {"sum", "min", "max", "none"}},
      {"step", "N", "integers per run (default: as many as take about a second)"},
      {"stream", "", "start the program once a slot; it reads \"lo hi\" lines and answers each with a line"},
      {"file", "FILE", "send a file or a directory along, into the working directory; may be repeated"},
      {"env", "NAME=VALUE", "set a variable for the program; may be repeated"},
      {"secret", "NAME[=FILE]",
       "a file for the program, $PQ_SECRETS/NAME, that nobody else can read: the content of FILE, or of the "
       "variable "
       "NAME here; may be repeated"},
      {"collect", "", "keep all that the program prints; pq-output shows it"},
      {"timeout", "5m", "with a program: end a run after this time, as failed; else as --wait-timeout"},
      {"express", "", "for runs of seconds that should not wait for slots; each is ended after 10 s"},
      {"memory", "2G", "of a run at most; " + std::string(size_units)},
      {"cpus", "N", "slots of one agent that are held for a step (default 1)"},
      {"require", "KEY=VALUE", "only agents with this label, as pq-agents lists them; may be repeated"},
      {"attempts", "N", "tries of a single integer before it is given up (default 3)"},
      {"max-failures", "N", "failed attempts beyond which the whole job is given up (default 100)"},
      {"crash-limit", "N|never",
       "agents that may be lost with the same run of a program in hand before that is given up (default 3)"},
      {"name", "NAME", "a name for people"},
      {"priority", "P", "higher runs first (default 0)"}};
}

bool runs_program(const Arguments& arguments) { return arguments.program() || arguments.has("each"); }

Submission read_submission(const Arguments& arguments, Screen& screen) {
  arguments.words_named({});
  if (arguments.has("each") && arguments.has("range")) refuse("--each makes the range: leave out --range");
  Submission submission;
  if (!arguments.has("each")) submission.spec.range = parse_range_flag(arguments);
  read_spec(submission.spec, arguments);
  add_program(submission, arguments, screen);
  if (const auto flaw = flaw_of(submission.spec)) refuse(*flaw);
  return submission;
}

}  // namespace pq::client
