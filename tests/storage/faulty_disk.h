// A file system in memory. Its power can fail, its process can be killed, and every operation can fail, once
// or from then on. It does not know SQLite; disk_vfs.h lets SQLite use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/storage/torn_file.h"

namespace pq::storage {

enum class Operation { open, read, write, truncate, sync, ask_size, remove, look_up, lock };
std::string_view to_text(Operation operation);

// The outcome of an operation. `ends_early`: a read got less than it asked for. `process_ends`: within the
// operation, which may or may not be done; `process_is_gone`: before it.
enum class Outcome { done, failed, is_full, ends_early, process_ends, process_is_gone };

// The Nth operation fails with this; what asks for no space is not counted for `is_full`, and for
// `ends_early` only reads are.
struct Fault {
  Outcome how = Outcome::failed;
  std::uint64_t at = 1;
  bool lasts = false;  // every later one fails too
};

class FaultyDisk {
 public:
  using File = std::shared_ptr<TornFile>;
  using Image = std::map<std::string, std::string>;

  // With these files on it, all of them durable.
  FaultyDisk(std::uint64_t seed, Device device, const Image& image = {});
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const Device& device() const { return device_; }
  Dice& dice() { return dice_; }
  Image image() const;  // as a process sees it

  // ---- faults
  void plan(const Fault& fault) { fault_ = fault; }
  // The operation that it befell first; empty: it has not come.
  const std::string& fault_befell() const { return fault_befell_; }
  // The process ends in its nth operation from now.
  void end_process_after(std::uint64_t operations) { operations_left_ = operations; }
  void end_process() { is_over_ = true; }
  bool process_is_over() const { return is_over_; }
  // The next process finds everything that the last one wrote.
  void start_process();
  // The next process finds what a power cut leaves.
  void restore_power();
  // The process's last operation.
  const std::string& last() const { return last_; }

  // ---- files, as a process uses them
  struct Opened {
    Outcome outcome = Outcome::done;
    File file;  // nothing: there is none of this name
  };
  Opened open(const std::string& name, bool creates);
  Outcome read(const std::string& name, const TornFile& file, std::uint64_t at, std::size_t size,
               std::string_view& found);
  Outcome write(const std::string& name, TornFile& file, std::uint64_t at, std::string_view bytes);
  Outcome truncate(const std::string& name, TornFile& file, std::uint64_t size);
  // A file's name is durable once its directory was synced.
  Outcome sync(const std::string& name, TornFile& file, bool directory_too);
  Outcome remove(const std::string& name, bool directory_too);
  // posix_fadvise(2): the next process reads what is on the disk, and what is still to be written.
  void forget_cached(const std::string& name);
  // Anything else that does not change the disk.
  Outcome ask(Operation operation, const std::string& name) { return next(operation, name); }
  bool contains(const std::string& name) const;

 private:
  // The files that had this name since its directory was last synced, the latest last. Nothing: no file.
  using Meanings = std::vector<File>;

  Outcome next(Operation operation, const std::string& name);
  bool has_effect(Outcome outcome);
  Meanings& meanings(const std::string& name);
  void sync_directory();

  Dice dice_;
  Device device_;
  std::map<std::string, Meanings> names_;
  std::optional<Fault> fault_;  // `at` counts down; 0: it has come
  std::optional<std::uint64_t> operations_left_;
  bool is_over_ = false;
  std::string last_;
  std::string fault_befell_;
};

}  // namespace pq::storage
