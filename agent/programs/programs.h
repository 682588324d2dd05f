// Everything that this machine needs to run programs and to leave nothing of them: a directory for this
// agent, the warden, the handling of orphans, and the files of jobs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/alarm.h"
#include "agent/options.h"
#include "agent/programs/exec.h"
#include "agent/programs/file_cache.h"
#include "agent/programs/job_files.h"
#include "agent/programs/orphans.h"
#include "agent/programs/outbox.h"
#include "agent/programs/run_table.h"
#include "agent/programs/warden.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::programs {

class Programs {
 public:
  // REQUIRES: this process has one thread, its main one. Throws EnvironmentError.
  Programs(const AgentOptions& options, const Hello& introduction, Outbox& outbox);
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  const ExecSettings& settings() const { return settings_; }
  FileCache& cache() { return cache_; }
  Alarm& alarm() { return alarm_; }

  // Call this regularly, on the main thread.
  void look_after_orphans(Instant now);

  // Kills everything that runs, and removes everything that programs have left.
  void end();

 private:
  // A directory in which only this agent may write.
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
  Alarm alarm_;
  Orphans orphans_;
  FileCache cache_;
  JobFilesShelf files_;
  ExecSettings settings_;
  Instant looked_after_;
};

}  // namespace pq::programs
