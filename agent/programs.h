// What it takes to run programs on this machine and to leave nothing of them: a directory of this agent's
// own, the warden, the care for orphans, and the files of jobs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/file_cache.h"
#include "agent/job_files.h"
#include "agent/kernels/exec.h"
#include "agent/options.h"
#include "agent/orphans.h"
#include "agent/outbox.h"
#include "agent/run_table.h"
#include "agent/warden.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

class Programs {
 public:
  // REQUIRES: this process has one thread, its main one. Throws EnvironmentError.
  Programs(const AgentOptions& options, const Hello& introduction, Outbox& outbox);
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  const ExecSettings& settings() const { return settings_; }
  FileCache& cache() { return cache_; }

  // Now and then, on the main thread.
  void look_after_orphans(Instant now);

  // Kills all that runs and removes all that they have left.
  void end();

 private:
  // Where this agent, and nobody else, may write.
  class OwnDir {
   public:
    OwnDir(const std::filesystem::path& parent, const std::string& mark);
    const std::filesystem::path& path() const { return path_; }

   private:
    std::filesystem::path path_;
    Descriptor lock_;  // held until this process ends, however it does
  };

  const std::string mark_;
  const OwnDir own_;
  RunTable runs_;
  Warden warden_;
  Orphans orphans_;
  FileCache cache_;
  JobFilesShelf files_;
  ExecSettings settings_;
  Instant looked_after_;
};

}  // namespace pq
