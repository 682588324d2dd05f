// A disk on which heads live one after the other. A power cut, or kill -9, ends each of them at any of its
// operations: while it opens the file, makes the tables, reads the log, commits, checkpoints or closes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/rooms.h"

namespace pq::storage {

// Counts over many disks.
struct Tally {
  std::uint64_t cuts = 0;
  std::uint64_t kills = 0;
  std::uint64_t faults = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t survived = 0;
  std::uint64_t vanished = 0;
  std::map<std::string, std::uint64_t> ends;  // by the stage in which they came
};

// Runs everything that a seed decides. `syncs` is false for a disk that claims to sync and does not. Returns
// what was lost, as a sentence; nothing: nothing was lost.
std::optional<std::string> cut_power_of_one_disk(std::uint64_t seed, bool syncs, Tally& tally);

// The counts in one line.
std::string to_text(const Tally& tally);

}  // namespace pq::storage
