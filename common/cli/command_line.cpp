#include "common/cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cxxopts.hpp>

#include "common/cli/pages.h"
#include "common/values/text.h"
#include "common/version.h"

namespace pq::cli {
namespace {

// cxxopts takes "-5" for a flag. With this prefix it stays an argument, in its place among the others.
constexpr char number_mark = '\x1f';

// Flags that --help does not list.
const std::vector<Flag>& hidden_flags() {
  static const std::vector<Flag> flags = {{"help-as", "man|bash|zsh", "this page for a system to keep"}};
  return flags;
}

// Every flag that a command line may have.
std::vector<Flag> known_flags(const Usage& usage) {
  std::vector<Flag> flags = all_flags(usage);
  flags.insert(flags.end(), hidden_flags().begin(), hidden_flags().end());
  return flags;
}

// Questions about pq itself are asked only on the command line.
bool has_twin(const Flag& flag) {
  return flag.name != "help" && flag.name != "version" && flag.name != "help-as";
}

std::string twin_name(const Usage& usage, std::string_view flag) {
  std::string twin = usage.twin_prefix;
  for (const char c : flag)
    twin += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return twin;
}

std::optional<std::string> twin_value(const Usage& usage, std::string_view flag) {
  const char* value = std::getenv(twin_name(usage, flag).c_str());
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

bool is_on(std::string_view text) {
  for (const std::string_view on : {"1", "true", "yes", "on"}) {
    if (text == on) return true;
  }
  return false;
}

bool parse_switch(const Usage& usage, std::string_view flag, const std::string& text) {
  if (is_on(text)) return true;
  for (const std::string_view off : {"0", "false", "no", "off"}) {
    if (text == off) return false;
  }
  refuse(fmt::format("{}={} is neither 1 nor 0", twin_name(usage, flag), text));
}

void declare(cxxopts::Options& options, const Usage& usage, const std::string& group,
             const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    const std::string meaning =
        has_twin(flag) ? fmt::format("{} [{}]", flag.meaning, twin_name(usage, flag.name)) : flag.meaning;
    const auto value = flag.argument.empty() ? std::shared_ptr<cxxopts::Value>(cxxopts::value<bool>())
                                             : std::shared_ptr<cxxopts::Value>(cxxopts::value<std::string>());
    const std::string names = flag.letter.empty() ? flag.name : flag.letter + ',' + flag.name;
    options.add_options(group)(names, meaning, value, flag.argument);
  }
}

std::string indented(const std::string& lines) {
  std::string text = "  ";
  for (const char c : lines) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return text;
}

cxxopts::Options declared(const Usage& usage) {
  cxxopts::Options options(usage.program, fmt::format("{}: {}\n", usage.program, usage.purpose));
  options
      .custom_help(usage.description.empty() ? usage.synopsis
                                             : usage.synopsis + "\n\n" + indented(usage.description))
      .set_width(110);
  std::vector<Flag> shared = usage.shared_flags;
  shared.insert(shared.end(), flags_of_every_program().begin(), flags_of_every_program().end());
  if (!usage.flags.empty()) declare(options, usage, usage.program, usage.flags);
  declare(options, usage, usage.shared_flags.empty() ? usage.program : "Common", shared);
  declare(options, usage, "hidden", hidden_flags());
  return options;
}

bool is_negative_number(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) != 0;
}

// The part that cxxopts parses: the program's name, and the words before a `--`.
std::vector<std::string> prepared(const std::string& program, const std::vector<std::string>& command_line) {
  std::vector<std::string> words = {program};
  for (const std::string& word : command_line) {
    if (word == "--") break;
    const bool may_be_a_flags_value = words.back().starts_with("--");
    words.push_back(is_negative_number(word) && !may_be_a_flags_value ? number_mark + word : word);
  }
  return words;
}

cxxopts::ParseResult parse(const Usage& usage, const std::vector<std::string>& command_line) {
  const std::vector<std::string> words = prepared(usage.program, command_line);
  std::vector<const char*> pointers;
  pointers.reserve(words.size());
  for (const std::string& word : words) pointers.push_back(word.c_str());
  try {
    return declared(usage).parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const cxxopts::exceptions::exception& error) {
    std::string text = error.what();
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    refuse(text);
  }
}

}  // namespace

const std::vector<Flag>& flags_of_every_program() {
  static const std::vector<Flag> flags = {{"help", "", "this page", "h"},
                                          {"version", "", "the version of this program"}};
  return flags;
}

std::vector<Flag> all_flags(const Usage& usage) {
  std::vector<Flag> flags = usage.flags;
  for (const auto* more : {&usage.shared_flags, &flags_of_every_program()})
    flags.insert(flags.end(), more->begin(), more->end());
  return flags;
}

std::optional<std::string> twin_of(const Usage& usage, const Flag& flag) {
  return has_twin(flag) ? std::optional(twin_name(usage, flag.name)) : std::nullopt;
}

void refuse(const std::string& text) { throw EnvironmentError(printable(text), ExitStatus::usage); }

Arguments::Arguments(const Usage& usage, const std::vector<std::string>& command_line) {
  const auto dashes = std::find(command_line.begin(), command_line.end(), "--");
  if (dashes != command_line.end() && usage.runs_program) program_.emplace(dashes + 1, command_line.end());
  const cxxopts::ParseResult parsed = parse(usage, command_line);
  std::map<std::string, std::vector<std::string>> given;
  for (const cxxopts::KeyValue& one : parsed.arguments()) {
    given[one.key()].push_back(one.value());
    typed_.insert(one.key());
  }
  for (const Flag& flag : known_flags(usage)) {
    const bool is_switch = flag.argument.empty();
    std::vector<std::string>& texts = given[flag.name];
    if (texts.empty() && has_twin(flag)) {
      if (auto text = twin_value(usage, flag.name)) texts.push_back(std::move(*text));
    } else if (!texts.empty() && is_switch) {
      texts = {parsed[flag.name].as<bool>() ? "1" : "0"};
    }
    if (!texts.empty() && (!is_switch || parse_switch(usage, flag.name, texts.back())))
      values_.emplace(flag.name, std::move(texts));
  }
  for (const std::string& word : parsed.unmatched()) {
    words_.push_back(word.starts_with(number_mark) ? word.substr(1) : word);
  }
  if (dashes != command_line.end() && !usage.runs_program)
    words_.insert(words_.end(), dashes + 1, command_line.end());
}

std::optional<std::string> Arguments::value(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> Arguments::values(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

const std::vector<std::string>& Arguments::words_named(const std::vector<std::string>& names) const {
  if (words_.size() < names.size()) refuse(fmt::format("{} is missing", names[words_.size()]));
  if (words_.size() > names.size())
    refuse(fmt::format("\"{}\" is an unexpected argument", words_[names.size()]));
  return words_;
}

std::optional<std::string> answer_about_itself(const Usage& usage, const Arguments& arguments) {
  if (const auto format = arguments.value("help-as")) return page_of(usage, *format);
  if (arguments.has("version")) return fmt::format("{} {}", usage.program, program_version);
  if (!arguments.has("help")) return std::nullopt;
  std::string text = declared(usage).help({usage.program, "Common"}) + "\nExit status:";
  for (const StatusMeaning& entry : usage.statuses) {
    text += fmt::format("\n  {:>3}  {}", static_cast<int>(entry.status), entry.meaning);
  }
  return text;
}

bool is_switched_on(const Usage& usage, const std::string& switch_name,
                    const std::vector<std::string>& command_line) {
  const auto dashes = std::find(command_line.begin(), command_line.end(), "--");
  if (std::find(command_line.begin(), dashes, "--" + switch_name) != dashes) return true;
  return is_on(twin_value(usage, switch_name).value_or(""));
}

}  // namespace pq::cli
