// The working directory of a slot's programs. For each run it is empty except for the job's files, each of
// them the slot's own. That costs little if the last run has changed nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "agent/programs/job_files.h"
#include "agent/programs/own_tree.h"
#include "common/os/descriptor.h"

namespace pq::programs {

class Scratch {
 public:
  explicit Scratch(std::filesystem::path dir) : dir_(std::move(dir)) {}

  // Prepares the directory: empty except for these files.
  tl::expected<void, FilesFlaw> prepare(std::shared_ptr<const JobFiles> files);

  // The next run is prepared in another directory.
  void leave() { opened_.close(); }

  // Somebody has written to a file that the runs share with others, so they may have read something else than
  // what was sent.
  bool shares_what_was_changed() const { return tree_.changed_shared() != nullptr; }

  int fd() const { return opened_.fd(); }
  // Where it is.
  const std::filesystem::path& path() const { return present_; }

 private:
  tl::expected<void, FilesFlaw> make_anew();

  std::filesystem::path dir_;
  std::filesystem::path present_;  // in it; each has a name of its own
  std::shared_ptr<const JobFiles> files_;
  OwnTree tree_;
  Descriptor opened_;
  int made_ = 0;
};

}  // namespace pq::programs
