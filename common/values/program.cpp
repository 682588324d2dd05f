#include "common/values/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "common/values/duration.h"
#include "common/values/limits.h"
#include "common/values/text.h"

namespace pq {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
constexpr std::string_view plain_in_shell =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%{}";

bool has_null(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::optional<std::string> flaw_of(const Setting& setting, std::string_view flag) {
  const std::string& key = setting.name;
  const bool is_name = !key.empty() && (key.front() < '0' || key.front() > '9') &&
                       key.find_first_not_of(letters_and_digits) == std::string::npos &&
                       key.size() <= limits::setting_name_bytes_max;
  if (!is_name)
    return fmt::format("{} {}: \"{}\" is not the name of a variable", flag, printable(key), printable(key));
  if (key.starts_with("PQ_")) return fmt::format("{} {}: names that begin with PQ_ are pq's own", flag, key);
  if (setting.is_hidden) return fmt::format("{} {}: its value is not here, but hidden", flag, key);
  return std::nullopt;
}

std::optional<std::string> flaw_of(const FileRef& file) {
  if (!is_file_name(file.name)) {
    return fmt::format(
        "--file {}: the name must be letters, digits, dots, underscores and dashes, a letter or "
        "digit first: rename it",
        printable(file.name));
  }
  if (file.bytes > limits::file_bytes_max) {
    return fmt::format(
        "--file {} has {} bytes: at most {} travel with a job; put it where agents can fetch it", file.name,
        file.bytes, limits::file_bytes_max);
  }
  return std::nullopt;
}

// A run that goes past the line must be short.
std::optional<std::string> flaw_of_express(const Program& program) {
  const auto limit = std::chrono::milliseconds(program.timeout_ms);
  if (limit == Duration{0}) {
    return fmt::format("--express needs a limit of each run: give --timeout {} or less",
                       to_text(limits::express_run_longest));
  }
  if (limit <= limits::express_run_longest) return std::nullopt;
  return fmt::format("--express ends a run after {}: --timeout {} is more; give less, or leave out --express",
                     to_text(limits::express_run_longest), to_text(Duration(limit)));
}

std::size_t text_bytes(const Program& program) {
  std::size_t bytes = 0;
  for (const std::string& word : program.words) bytes += word.size();
  for (const auto* settings : {&program.env, &program.secrets}) {
    for (const Setting& setting : *settings) bytes += setting.name.size() + setting.value.size();
  }
  return bytes;
}

void hide(std::vector<Setting>& settings) {
  for (Setting& setting : settings)
    setting = {.name = std::move(setting.name), .value = {}, .is_hidden = true};
}

}  // namespace

void hide_settings(Program& program) { hide(program.env); }

void hide_secrets(Program& program) { hide(program.secrets); }

std::optional<std::string> flaw_of(const Program& program) {
  if (program.words.empty() || program.words.front().empty()) return "no program after --: give a command";
  if (std::any_of(program.words.begin(), program.words.end(), has_null)) return "the command has a NUL byte";
  if (program.words.size() > limits::words_max || text_bytes(program) > limits::program_bytes_max ||
      program.env.size() > limits::env_max || program.secrets.size() > limits::env_max) {
    return fmt::format(
        "the command with its --env and --secret has more than {} words, {} settings or {} bytes: put them "
        "into "
        "a script and send it with --file",
        limits::words_max, limits::env_max, limits::program_bytes_max);
  }
  if (program.files.size() > limits::files_max)
    return fmt::format("more than {} times --file: send a directory", limits::files_max);
  std::set<std::string> names;
  for (const Setting& setting : program.env) {
    if (auto flaw = flaw_of(setting, "--env")) return flaw;
    if (has_null(setting.value)) return fmt::format("--env {}: its value has a NUL byte", setting.name);
    if (!names.insert(setting.name).second) return fmt::format("--env {} is given twice", setting.name);
  }
  names.clear();
  for (const Setting& secret : program.secrets) {
    if (auto flaw = flaw_of(secret, "--secret")) return flaw;
    if (!names.insert(secret.name).second) return fmt::format("--secret {} is given twice", secret.name);
  }
  names.clear();
  for (const FileRef& file : program.files) {
    if (auto flaw = flaw_of(file)) return flaw;
    if (!names.insert(file.name).second)
      return fmt::format("two files of the name {} cannot travel with one job: rename one", file.name);
  }
  if (program.items && program.items->bytes > limits::file_bytes_max)
    return fmt::format("--each: a list has at most {} bytes", limits::file_bytes_max);
  if (program.items && program.streams)
    return "--each and --stream do not go together: a stream reads \"lo hi\" lines";
  if (program.items && program.run_width != 1) return "--each runs one item at a time: leave out --step";
  return program.express ? flaw_of_express(program) : std::nullopt;
}

std::string command_text(const Program& program) {
  std::string text;
  for (const std::string& word : program.words) {
    if (!text.empty()) text += ' ';
    if (!word.empty() && word.find_first_not_of(plain_in_shell) == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::vector<FileRef> files_needed(const Program& program) {
  std::vector<FileRef> files = program.files;
  if (program.items) files.push_back(*program.items);
  return files;
}

}  // namespace pq
