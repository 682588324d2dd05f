#include "daemon/http/agent_files.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "common/os/files.h"
#include "daemon/http/limits.h"

namespace pq::http {
namespace {

std::vector<AgentFile> read_agents(const std::filesystem::path& dir) {
  std::vector<AgentFile> files;
  for (const char* arch : {"x86_64", "aarch64"}) {
    const std::filesystem::path path = dir / (std::string("pq-agent-") + arch);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error == std::errc::no_such_file_or_directory) continue;
    auto bytes = read_file(path);
    if (!bytes || bytes->empty() || size > limits::agent_program_bytes_max) {
      spdlog::warn("no agent for {} is handed out: {}", arch,
                   bytes ? path.string() + " is empty or too large" : bytes.error());
      continue;
    }
    const Sha256 hash = sha256_of(*bytes);
    files.push_back({arch, hash, std::make_shared<const std::string>(std::move(*bytes))});
  }
  return files;
}

}  // namespace

AgentFiles::AgentFiles(std::filesystem::path dir)
    : files_(std::async(std::launch::async, read_agents, std::move(dir)).share()) {}

const std::vector<AgentFile>* AgentFiles::ready() const {
  return files_.wait_for(std::chrono::seconds(0)) == std::future_status::ready ? &files_.get() : nullptr;
}

}  // namespace pq::http
