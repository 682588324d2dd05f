// One file of a disk whose power can fail: what a process reads of it, what is durable, and what was written
// in between. Nothing is durable before a sync. Of what was not synced anything may survive: any write or
// none, any sector of it, in any order, or bytes that nobody has written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/dice.h"
#include "tests/rooms.h"

namespace pq::storage {

// The guarantees of a disk. SQLite under Linux relies on one: a torn write harms no byte beside it. These
// tests rely on it too. Without it SQLite pads its log to whole sectors. Even then two power cuts in a row
// once lost a commit: the second one came while the padding that the first had torn was written again.
struct Device {
  std::uint32_t sector_bytes = 4096;
  bool syncs = true;  // false: it says so and does nothing
};

class TornFile {
 public:
  TornFile() = default;
  explicit TornFile(std::string durable) : live_(durable), durable_(std::move(durable)) {}

  const std::string& bytes() const { return live_; }
  void write(std::uint64_t at, std::string_view bytes);
  void truncate(std::uint64_t size);

  void sync();

  // What a failed sync leaves behind: some of it is durable, and no later sync writes the rest, but every
  // process still reads it. Linux treats the pages as written.
  void sync_in_part(Dice& dice);
  // But they can be read from the disk again.
  void forget_cached();

  void lose_power(Dice& dice);

 private:
  struct Write {
    std::uint64_t at = 0;
    std::string bytes;
  };
  struct Truncation {
    std::uint64_t size = 0;
  };
  using Change = std::variant<Write, Truncation>;
  struct Luck {
    std::uint64_t kept_of_8 = 0;  // sectors
    bool garbles = false;
  };

  static void apply(const Change& change, std::string& bytes);
  void tear(const Write& write, const Luck& luck, Dice& dice);

  std::string live_;
  std::string durable_;
  std::vector<Change> unsynced_;
};

}  // namespace pq::storage
