#include "client/head_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <system_error>

#include "common/values/errors.h"

namespace pq::client {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> places_of_programs() {
  std::vector<fs::path> places;
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!error) places = {here, here / ".." / "sbin"};
  const char* const path = std::getenv("PATH");
  std::istringstream listed(path == nullptr ? "" : path);
  for (std::string place; std::getline(listed, place, ':');) {
    if (!place.empty()) places.emplace_back(place);
  }
  return places;
}

std::optional<fs::path> find_head_program() {
  for (const fs::path& place : places_of_programs()) {
    if (::access((place / "pqd").c_str(), X_OK) == 0) return place / "pqd";
  }
  return std::nullopt;
}

}  // namespace

Failure become_head_program(const std::vector<std::string>& words) {
  const auto program = find_head_program();
  if (!program) {
    return {
        ExitStatus::failed, "environment",
        "there is no pqd beside this program, in ../sbin or in $PATH, and it alone reads databases: install "
        "the head's part of pq (pq-head) on this machine too"};
  }
  std::vector<std::string> command = {program->string()};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  ::execv(program->c_str(), arguments.data());
  return {ExitStatus::failed, "environment",
          fmt::format("cannot run {}: {}; install it anew", program->string(), errno_text(errno))};
}

}  // namespace pq::client
