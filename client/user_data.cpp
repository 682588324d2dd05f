#include "client/user_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "client/templates.h"
#include "common/values/check.h"

namespace pq::client {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

// A line that holds only a value becomes as many lines as the value has, each indented alike.
void put_lines(std::string& text, std::string_view indent, std::string_view value) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    if (end > 0) text += indent;
    text += value.substr(0, end);
    text += '\n';
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

const std::string& value_of(std::string_view name, const Values& values) {
  const auto found = values.find(name);
  check(found != values.end(), "a template names only values that there are");
  return found->second;
}

void put_line(std::string& text, std::string_view line, const Values& values) {
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  const std::string_view words = line.substr(first);
  if (words.starts_with("{{") && words.find("}}") + 2 == words.size())
    return put_lines(text, line.substr(0, first), value_of(words.substr(2, words.size() - 4), values));
  while (true) {
    const std::size_t begin = line.find("{{");
    text += line.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = line.find("}}", begin);
    check(end != std::string_view::npos, "a value's name in a template has an end");
    text += value_of(line.substr(begin + 2, end - begin - 2), values);
    line.remove_prefix(end + 2);
  }
  text += '\n';
}

std::string filled(std::string_view lines, const Values& values) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    put_line(text, lines.substr(0, end), values);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

std::string lines_of(const std::vector<Label>& settings) {
  std::string lines;
  for (const Label& setting : settings) lines += setting_line(setting) + '\n';
  return lines;
}

// A drop-in of the agent's unit, as another file of the document.
std::string drop_in(std::string_view name, std::string_view conf) {
  std::string text = fmt::format(
      "- path: /etc/systemd/system/pq-agent.service.d/{}\n  permissions: '0644'\n  content: |\n", name);
  put_lines(text, "    ", conf);
  return text;
}

std::string in_comment(std::string_view text) {
  std::string plain(text);
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return plain;
}

}  // namespace

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + '\'';
}

std::string setting_line(const Label& setting) {
  std::string line = setting.key + "=\"";
  for (const char c : setting.value) {
    if (std::string_view("\"\\`$").find(c) != std::string_view::npos) line += '\\';
    line += c;
  }
  return line + '"';
}

std::string cloud_config(const WorkerDocument& document) {
  std::string hashes;
  for (const AgentProgram& agent : document.agents)
    hashes += fmt::format("{}) sha256={} ;;\n", agent.arch, to_text(agent.sha256));
  std::string drop_ins;
  if (document.powers_off) drop_ins += drop_in("cloud.conf", agent_cloud_conf);
  if (document.allows_exec) drop_ins += drop_in("exec.conf", agent_exec_conf);
  const auto patience_s = std::chrono::ceil<std::chrono::seconds>(document.patience).count();
  return filled(agent_document_template, {{"head", in_comment(document.head_endpoint)},
                                          {"key", in_comment(document.key_name)},
                                          {"token", document.token},
                                          {"settings", lines_of(document.settings)},
                                          {"unit", agent_unit},
                                          {"drop_ins", drop_ins},
                                          {"url", shell_word(document.agent_url)},
                                          {"patience_s", std::to_string(patience_s)},
                                          {"powers_off", document.powers_off ? "yes" : "no"},
                                          {"hashes", hashes}});
}

std::string cloud_config(const HeadDocument& document) {
  std::string packages;
  for (const Package& package : document.packages) {
    packages +=
        fmt::format("{} {} {} {}\n", package.format, package.arch, to_text(package.sha256), package.url);
  }
  return filled(head_document_template, {{"volume", in_comment(document.device)},
                                         {"settings", lines_of(document.settings)},
                                         {"device", shell_word(document.device)},
                                         {"packages", packages}});
}

}  // namespace pq::client
