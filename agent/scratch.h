// The directory that a slot's programs begin in. For each run it is empty but for the job's files, at little
// cost where the last one has left nothing in it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "agent/job_files.h"
#include "agent/process.h"

namespace pq {

class Scratch {
 public:
  explicit Scratch(std::filesystem::path dir) : dir_(std::move(dir)) {}

  // Empty but for links to these files.
  tl::expected<void, std::string> prepare(std::shared_ptr<const JobFiles> files);

  int fd() const { return opened_.fd(); }

 private:
  tl::expected<void, std::string> make();
  bool is_as_made() const;

  std::filesystem::path dir_;
  std::filesystem::path present_;  // in it; another one where the last could not be emptied
  std::shared_ptr<const JobFiles> files_;
  Descriptor opened_;
  std::map<std::string, ino_t> links_;  // what is in it
  int made_ = 0;
};

}  // namespace pq
