#include "common/cli/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/values/text.h"
#include "common/values/utc_time.h"
#include "common/version.h"

namespace pq::cli {
namespace {

using Words = std::vector<std::string>;

Words parts_of(std::string_view text, std::string_view between) {
  Words parts;
  while (true) {
    const std::size_t end = text.find(between);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + between.size());
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The values of a flag, if its argument lists them: "auto|always|never".
Words values_of(const Flag& flag) {
  if (!flag.values.empty() || flag.argument.find('|') == std::string::npos) return flag.values;
  const bool is_list = std::all_of(flag.argument.begin(), flag.argument.end(), [](char c) {
    return c == '|' || std::islower(static_cast<unsigned char>(c)) != 0 ||
           std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  return is_list ? parts_of(flag.argument, "|") : Words();
}

// ---------------------------------------------------------------- the manual

// Escapes text for troff: special characters lose their meaning, and characters beyond ASCII get troff's
// names.
std::string troff(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    if (bytes > 1) {
      std::uint32_t point = byte & (0x7FU >> bytes);
      for (std::size_t i = 1; i < bytes && at + i < text.size(); ++i)
        point = point << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
      safe += fmt::format("\\[u{:04X}]", point);
    } else if (text[at] == '\\') {
      safe += "\\e";
    } else if (text[at] == '-') {
      safe += "\\-";
    } else if (text[at] == '^' || text[at] == '~' || text[at] == '`' || text[at] == '\'') {
      safe += fmt::format("\\({}", text[at] == '^'   ? "ha"
                                   : text[at] == '~' ? "ti"
                                   : text[at] == '`' ? "ga"
                                                     : "aq");
    } else {
      safe += text[at] == '\n' ? ' ' : text[at];
    }
    at += bytes;
  }
  return safe;
}

// For a source that people read too. troff fills the lines again.
constexpr std::size_t source_columns_max = 78;

// A paragraph, broken between words so that troff takes no line for a request.
std::string paragraph(std::string_view safe) {
  std::string text;
  std::string line;
  for (const std::string& word : parts_of(safe, " ")) {
    if (!line.empty() && line.size() + 1 + word.size() > source_columns_max) {
      text += line + '\n';
      line.clear();
    }
    line += line.empty() ? (word.starts_with('.') ? "\\&" : "") + word : ' ' + word;
  }
  return text + line + '\n';
}

std::string troff_line(std::string_view text) { return paragraph(troff(text)); }

std::string bold(std::string_view text) { return "\\fB" + troff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + troff(text) + "\\fR"; }

std::string manual_entry(const Usage& usage, const Flag& flag) {
  std::string names = flag.letter.empty() ? "" : bold("-" + flag.letter) + ", ";
  names += bold("--" + flag.name);
  if (!flag.argument.empty()) names += ' ' + italic(flag.argument);
  std::string text = ".TP\n" + names + '\n' + troff_line(flag.meaning);
  if (const auto twin = twin_of(usage, flag)) text += ".RB [ " + troff(*twin) + " ]\n";
  return text;
}

std::string manual_entries(const Usage& usage, const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) text += manual_entry(usage, flag);
  return text;
}

std::string synopsis_section(const Usage& usage) {
  std::string text = ".SH SYNOPSIS\n";
  for (const std::string& one : parts_of(usage.synopsis, " | ")) {
    if (!text.ends_with("SYNOPSIS\n")) text += ".br\n";
    text += bold(usage.program) + ' ' + troff(one) + '\n';
  }
  return text;
}

std::string description_section(const Usage& usage) {
  std::string text = ".SH DESCRIPTION\n" + paragraph(bold(usage.program) + ' ' + troff(usage.purpose) + ".");
  if (!usage.description.empty()) text += ".PP\n" + troff_line(usage.description);
  return text;
}

std::string flags_sections(const Usage& usage) {
  std::string text = ".SH OPTIONS\n";
  std::vector<Flag> common = usage.shared_flags;
  common.insert(common.end(), flags_of_every_program().begin(), flags_of_every_program().end());
  if (usage.commands.empty()) {
    text += troff_line(
        "What stands in brackets is the flag's twin in the environment; the command line wins. A flag "
        "without "
        "an argument is switched on by a twin that is 1, and off by 0.");
  }
  text += manual_entries(usage, usage.flags);
  if (!usage.shared_flags.empty() && !usage.flags.empty()) text += ".SS Common options\n";
  return text + manual_entries(usage, common);
}

std::string commands_section(const Usage& usage) {
  if (usage.commands.empty()) return "";
  std::string text = ".SH COMMANDS\n";
  for (const auto& command : usage.commands) {
    text += fmt::format(".TP\n.BR {} ({})\n{}", troff(command->program), command->section,
                        troff_line(command->purpose));
  }
  return text;
}

std::string statuses_section(const Usage& usage) {
  if (usage.statuses.empty()) return "";
  std::string text = ".SH EXIT STATUS\n";
  for (const StatusMeaning& entry : usage.statuses)
    text += fmt::format(".TP\n{}\n", static_cast<int>(entry.status)) + troff_line(entry.meaning);
  return text;
}

std::string see_also_section(const Usage& usage) {
  Words pages;
  for (const auto& [name, section] : {std::pair{"pq", 1}, {"pqd", 8}, {"pq-agent", 8}}) {
    if (name != usage.program) pages.push_back(fmt::format(".BR {} ({})", troff(name), section));
  }
  return fmt::format(".SH SEE ALSO\n{}\n", fmt::join(pages, ",\n"));
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// ---------------------------------------------------------------- bash

// The function's name: _pq_user_data for pq-user-data.
std::string function_name(const std::string& program) { return '_' + replaced(program, "-", "_"); }

std::string flag_words(const Flag& flag) {
  return flag.letter.empty() ? "--" + flag.name : "--" + flag.name + " -" + flag.letter;
}

std::string flag_patterns(const Flag& flag) {
  return flag.letter.empty() ? "--" + flag.name : "--" + flag.name + " | -" + flag.letter;
}

// How the word after a flag is completed.
std::string bash_action(const Flag& flag) {
  const Words values = values_of(flag);
  if (!values.empty()) return fmt::format("words='{}'", fmt::join(values, " "));
  if (flag.argument == "FILE") return "_pq_paths -f; return";
  if (flag.argument == "DIR") return "_pq_paths -d; return";
  return "return";
}

std::string bash_function(const Usage& usage) {
  Words words;
  std::map<std::string, Words> flags_by_action;
  for (const Flag& flag : all_flags(usage)) {
    words.push_back(flag_words(flag));
    if (!flag.argument.empty()) flags_by_action[bash_action(flag)].push_back(flag_patterns(flag));
  }
  std::string cases;
  for (const auto& [action, flags] : flags_by_action)
    cases += fmt::format("    {}) {} ;;\n", fmt::join(flags, " | "), action);
  std::string first;
  for (const WordChoice& choice : usage.words) {
    if (choice.after.empty()) {
      first = fmt::format("{} ", fmt::join(choice.words, " "));
    } else {
      cases += fmt::format("    {}) words='{}' ;;\n", choice.after, fmt::join(choice.words, " "));
    }
  }
  std::string text = function_name(usage.program) + "() {\n  local current flag words\n  _pq_begin\n";
  if (usage.runs_program) text += "  _pq_is_behind_dashes && { _pq_paths -c -f; return; }\n";
  text += "  case $flag in\n" + cases;
  text += fmt::format("    *) words='{}{}' ;;\n  esac\n  _pq_words \"$words\"\n}}\n", first,
                      fmt::join(words, " "));
  return text + fmt::format("complete -F {} {}\n", function_name(usage.program), usage.program);
}

// "submit" from pq-submit.
std::string word_of(const Usage& command) { return command.program.substr(command.program.find('-') + 1); }

std::string bash_dispatch(const Usage& usage) {
  Words words;
  std::string cases;
  for (const auto& command : usage.commands) {
    words.push_back(word_of(*command));
    cases += fmt::format("    {}) {} ;;\n", word_of(*command), function_name(command->program));
  }
  return fmt::format(
      "{0}() {{\n  local current flag\n  _pq_begin\n  if ((COMP_CWORD == 1)); then\n"
      "    _pq_words '{1} --help --version'\n    return\n  fi\n  case ${{COMP_WORDS[1]}} in\n{2}  esac\n}}\n"
      "complete -F {0} {3}\n",
      function_name(usage.program), fmt::join(words, " "), cases, usage.program);
}

// bash treats a flag's `=` as a separate word.
constexpr std::string_view bash_common = R"(_pq_begin() {
  COMPREPLY=()
  current=${COMP_WORDS[COMP_CWORD]}
  flag=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == = ]]; then
    current=
  elif [[ $flag == = ]] && ((COMP_CWORD > 1)); then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  fi
}
_pq_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }
_pq_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}
_pq_is_behind_dashes() {
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && return 0
  done
  return 1
}

)";

// ---------------------------------------------------------------- zsh

// Quotes the text in single quotes, and escapes what _arguments would interpret.
std::string zsh_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
      safe += c;
    }
  }
  return safe;
}

std::string zsh_value(const Flag& flag) {
  if (flag.argument.empty()) return "";
  const Words values = values_of(flag);
  std::string action = " ";
  if (!values.empty()) action = fmt::format("({})", fmt::join(values, " "));
  if (flag.argument == "FILE") action = "_files";
  if (flag.argument == "DIR") action = "_files -/";
  return fmt::format(":{}:{}", zsh_text(flag.argument), action);
}

// A flag with an argument may be given again.
std::string zsh_flag(const Flag& flag) {
  const std::string rest = fmt::format("[{}]{}", zsh_text(flag.meaning), zsh_value(flag));
  const std::string again = flag.argument.empty() ? "" : "*";
  const std::string equals = flag.argument.empty() ? "" : "=";
  if (flag.letter.empty()) return fmt::format("'{}--{}{}{}'", again, flag.name, equals, rest);
  return fmt::format("'(-{0} --{1})'{{-{0},--{1}}}'{2}'", flag.letter, flag.name, rest);
}

std::string zsh_arguments(const Usage& usage) {
  std::string text = "_arguments -s -S";
  for (const Flag& flag : all_flags(usage)) text += " \\\n  " + zsh_flag(flag);
  int place = 1;
  for (const WordChoice& choice : usage.words)
    text += fmt::format(" \\\n  '{}:word:({})'", place++, fmt::join(choice.words, " "));
  if (usage.runs_program) text += " \\\n  '*::program:_normal'";
  return text + '\n';
}

std::string zsh_dispatch(const Usage& usage) {
  std::string commands;
  std::string cases;
  for (const auto& command : usage.commands) {
    commands += fmt::format("  '{}:{}'\n", word_of(*command), zsh_text(command->purpose));
    cases += fmt::format("  {0}) words[1]={1}; _{1} ;;\n", word_of(*command), command->program);
  }
  return fmt::format(
      "local -a commands\ncommands=(\n{})\nif ((CURRENT == 2)); then\n  _describe command commands\n  "
      "return\nfi\n"
      "shift words\n((CURRENT--))\ncase $words[1] in\n{}esac\n",
      commands, cases);
}

std::optional<std::string> build_date() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  std::uint64_t seconds = 0;
  if (text == nullptr) return std::nullopt;
  const std::string_view digits = text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size() || seconds > 1U << 31U)
    return std::nullopt;
  return utc_text(static_cast<UnixMs>(seconds) * 1000).substr(0, 10);
}

}  // namespace

std::string manual_page(const Usage& usage, std::string_view date) {
  std::string text = fmt::format(".TH {} {} {} \"pq {}\" \"{}\"\n", troff(upper(usage.program)),
                                 usage.section, date.empty() ? "\"\"" : date, program_version,
                                 usage.section == 8 ? "System administration" : "User commands");
  // Without hyphenation, and with a ragged right margin.
  text += ".nh\n.ad l\n";
  text += ".SH NAME\n" + paragraph(troff(usage.program) + " \\- " + troff(usage.purpose));
  return text + synopsis_section(usage) + description_section(usage) + commands_section(usage) +
         flags_sections(usage) + statuses_section(usage) + see_also_section(usage);
}

std::string bash_completion(const Usage& usage) {
  std::string text =
      fmt::format("# Completion of {} in bash, made of its flags.\n\n{}", usage.program, bash_common);
  if (usage.commands.empty()) return text + bash_function(usage);
  for (const auto& command : usage.commands) text += bash_function(*command) + '\n';
  return text + bash_dispatch(usage);
}

std::string zsh_completion(const Usage& usage) {
  return fmt::format("#compdef {0}\n# Completion of {0} in zsh, made of its flags.\n\n", usage.program) +
         (usage.commands.empty() ? zsh_arguments(usage) : zsh_dispatch(usage));
}

std::string page_of(const Usage& usage, const std::string& format) {
  if (format == "man") return manual_page(usage, build_date().value_or(""));
  if (format == "bash") return bash_completion(usage);
  if (format == "zsh") return zsh_completion(usage);
  refuse(fmt::format("--help-as {} is none of man, bash and zsh", format));
}

}  // namespace pq::cli
