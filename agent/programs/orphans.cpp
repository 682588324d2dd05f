#include "agent/programs/orphans.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

// The environment with which a process was started; empty if it belongs to another user, or is gone.
std::string environment_of(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/environ", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::string_view> setting(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view word = environment.substr(0, environment.find('\0'));
    if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
      return word.substr(name.size() + 1);
    environment.remove_prefix(std::min(word.size() + 1, environment.size()));
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool kill_marked_once(const std::string& mark) {
  bool found = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto process = number_in<pid_t>(entry.path().filename().string());
    if (!process || *process == getpid()) continue;
    if (setting(environment_of(*process), "PQ_AGENT") != mark) continue;
    found = kill(*process, SIGKILL) == 0 || found;
  }
  return found;
}

}  // namespace

void kill_marked(const std::string& mark, int passes) {
  while (passes-- > 0 && kill_marked_once(mark)) {
  }
}

Orphans::Orphans(const RunTable& runs, std::string mark, pid_t warden)
    : runs_(runs), mark_(std::move(mark)), warden_(warden) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// The kernel makes orphans children of the main thread. The programs that slots start are children of the
// slots' threads.
void Orphans::look_after(pid_t witness) {
  while (waitpid(-1, nullptr, WNOHANG | __WNOTHREAD) > 0) {
  }
  for (const pid_t orphan : all(witness)) {
    if (is_of_no_run(orphan)) kill(orphan, SIGKILL);
  }
}

bool Orphans::are_there(pid_t witness) const { return !all(witness).empty(); }

std::vector<pid_t> Orphans::all(pid_t witness) const {
  const std::string self = std::to_string(getpid());
  std::ifstream children("/proc/" + self + "/task/" + self + "/children");
  std::vector<pid_t> orphans;
  for (pid_t child = 0; children >> child;) {
    if (child != warden_ && child != witness) orphans.push_back(child);
  }
  return orphans;
}

bool Orphans::is_of_no_run(pid_t process) const {
  const std::string environment = environment_of(process);
  if (setting(environment, "PQ_AGENT") != mark_) return !runs_.is_anything_running();
  const std::string_view run = setting(environment, "PQ_RUN").value_or("");
  const std::size_t dot = run.find('.');
  if (dot == std::string_view::npos) return !runs_.is_anything_running();
  const auto slot = number_in<std::uint64_t>(run.substr(0, dot));
  const auto number = number_in<std::uint64_t>(run.substr(dot + 1));
  return !slot || !number || !runs_.is_running(*slot, *number);
}

}  // namespace pq::programs
