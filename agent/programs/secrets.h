// The secrets of a job, as files for the runs of one slot: each of mode 0600 in a directory of its own, which
// goes when the job leaves the slot.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/programs/stamp.h"
#include "common/os/descriptor.h"
#include "common/values/program.h"

namespace pq::programs {

class Secrets {
 public:
  // Writes nothing yet. `dir`: where they will be; nothing else may be there.
  Secrets(std::filesystem::path dir, const std::vector<Setting>& secrets);
  ~Secrets();
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  // Before each run: every file is there as it was sent, also where a run has written to it or removed it.
  // The error is for people.
  tl::expected<void, std::string> prepare();

  const std::filesystem::path& dir() const { return dir_; }
  bool are_none() const { return files_.empty(); }

 private:
  struct File {
    Setting secret;
    std::optional<Stamp> as_made;
  };

  bool are_as_made() const;
  tl::expected<void, std::string> make();
  tl::expected<void, std::string> write(File& file) const;

  std::filesystem::path dir_;
  std::vector<File> files_;
  Descriptor opened_;  // the directory
};

}  // namespace pq::programs
