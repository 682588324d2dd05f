#include "agent/programs/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/text.h"

namespace pq::programs {
namespace {

constexpr std::string_view search_path_usual = "/usr/local/bin:/usr/bin:/bin";
constexpr std::array<std::string_view, 7> variable_names = {
    "PQ_LO=", "PQ_HI=", "PQ_LEASE=", "PQ_ATTEMPT=", "PQ_RUN=", "PWD=", "PQ_ITEM="};

// Variables that a shell sets for the command that it starts: they belong to the agent, not to a run. PWD is
// set for each run.
constexpr std::array<std::string_view, 4> shell_names = {"PWD", "OLDPWD", "SHLVL", "_"};

bool has_place(std::string_view word) {
  return word.find("{lo}") != std::string_view::npos || word.find("{hi}") != std::string_view::npos ||
         word.find("{item}") != std::string_view::npos;
}

// Replaces in one pass: inserted text is not searched again.
void fill_places(std::string_view word, const RunFacts& run, std::string& filled) {
  filled.clear();
  while (!word.empty()) {
    const std::size_t place = word.find('{');
    filled += word.substr(0, place);
    if (place == std::string_view::npos) return;
    word.remove_prefix(place);
    std::size_t taken = 1;
    if (word.starts_with("{lo}")) {
      filled += std::to_string(run.name.run.begin), taken = 4;
    } else if (word.starts_with("{hi}")) {
      filled += std::to_string(run.name.run.end), taken = 4;
    } else if (word.starts_with("{item}") && run.item) {
      filled += *run.item, taken = 6;
    } else {
      filled += '{';
    }
    word.remove_prefix(taken);
  }
}

// If a name is set twice, the later setting holds.
std::map<std::string, std::string> settings_of(const JobOrder& order,
                                               const std::vector<std::string>& environment) {
  std::map<std::string, std::string> settings;
  for (const std::string& word : environment) {
    const std::size_t equals = word.find('=');
    const bool is_of_a_shell =
        std::find(shell_names.begin(), shell_names.end(), word.substr(0, equals)) != shell_names.end();
    if (equals != std::string::npos && !word.starts_with("PQ_") && !is_of_a_shell)
      settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
  // So that the output of a Python program can be read while it runs.
  settings["PYTHONUNBUFFERED"] = "1";
  for (const Setting& setting : order.program->env) settings[setting.name] = setting.value;
  settings.erase("PWD");
  return settings;
}

bool is_file(int directory, const std::string& path) {
  struct stat found {};
  return fstatat(directory, path.c_str(), &found, 0) == 0 && S_ISREG(found.st_mode);
}

}  // namespace

ProgramCommand::ProgramCommand(const JobOrder& order, const std::vector<std::string>& environment,
                               const CommandOwner& owner, const std::filesystem::path& secrets)
    : slot_(owner.slot), words_(order.program->words), arguments_(words_) {
  for (const std::string& word : words_) has_places_.push_back(has_place(word));
  for (std::string& word : arguments_) argument_words_.push_back(word.data());
  argument_words_.push_back(nullptr);
  const auto settings = settings_of(order, environment);
  for (const auto& [name, value] : settings) fixed_.push_back(fmt::format("{}={}", name, value));
  fixed_.push_back(fmt::format("PQ_JOB={}", order.job.value));
  fixed_.push_back(fmt::format("PQ_SLOT={}", owner.slot));
  fixed_.push_back("PQ_AGENT=" + owner.mark);
  if (!secrets.empty()) fixed_.push_back("PQ_SECRETS=" + secrets.native());
  if (order.program->streams) fixed_.push_back("PQ_ANSWERS=echo");  // is understood
  for (std::string& word : fixed_) environment_words_.push_back(word.data());
  first_varied_ = environment_words_.size();
  environment_words_.resize(first_varied_ + variables + 1, nullptr);
  const auto path = settings.find("PATH");
  search_path_ = path == settings.end() ? search_path_usual : std::string_view(path->second);
  for (const FileRef& file : order.program->files) file_names_.push_back(file.name);
}

void ProgramCommand::set_variable(Variable which, std::string_view value) {
  varied_[which] = variable_names[which];
  varied_[which] += value;
  environment_words_[first_varied_ + which] = varied_[which].data();
}

void ProgramCommand::set(const RunFacts& facts, const std::filesystem::path& directory) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!has_places_[i]) continue;
    fill_places(words_[i], facts, arguments_[i]);
    argument_words_[i] = arguments_[i].data();
  }
  set_variable(lo, std::to_string(facts.name.run.begin));
  set_variable(hi, std::to_string(facts.name.run.end));
  set_variable(lease, to_text(facts.name.lease));
  set_variable(attempt, std::to_string(facts.name.attempt));
  set_variable(run, fmt::format("{}.{}", slot_, facts.number));
  set_variable(pwd, directory.native());
  if (facts.item) set_variable(item, *facts.item);
}

tl::expected<std::string, std::string> ProgramCommand::find(int directory) const {
  const std::string& name = arguments_.front();
  if (name.find('/') != std::string::npos) return name;
  bool is_forbidden = false;
  for (std::string_view rest = search_path_; !name.empty();) {
    const std::size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (is_file(directory, path)) {
      if (faccessat(directory, path.c_str(), X_OK, 0) == 0) return path;
      is_forbidden = true;
    }
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (is_forbidden) return tl::unexpected(printable(name) + ": Permission denied");
  const bool travels = std::find(file_names_.begin(), file_names_.end(), name) != file_names_.end();
  return tl::unexpected(printable(name) + ": command not found" +
                        (travels ? "; the file that travels with the job is ./" + name : ""));
}

std::string ProgramCommand::flaw(int directory, int error) const {
  const std::string name = printable(arguments_.front());
  if (error == ENOEXEC)
    return name + ": no program that this machine runs; a script needs a first line like #!/bin/sh";
  if (error == ENOENT && is_file(directory, arguments_.front()))
    return name + ": what its first line (#!) or its loader names is not on this machine";
  return name + ": " + errno_text(error);
}

}  // namespace pq::programs
