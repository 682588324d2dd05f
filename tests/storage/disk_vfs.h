// Lets SQLite keep its files on a FaultyDisk: while a DiskVfs lives, every database that this process opens
// is there. The code under test names no VFS, so it does not notice.
#pragma once

#include <sqlite3.h>

#include "tests/rooms.h"
#include "tests/storage/faulty_disk.h"

namespace pq::storage {

// Two things are not modelled: locks, because there is only one connection, and shared memory. SQLite needs
// shared memory for a write-ahead log unless the connection is exclusive, so the store's must be.
//
// The store also advises the kernel through a file that it opens itself. It finds an empty file of that name
// in the real directory, and its advice reaches the FaultyDisk.
class DiskVfs {
 public:
  explicit DiskVfs(FaultyDisk& disk);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  // After how many pages SQLite moves its log into the database. Its usual 1000 is too rare for tests of what
  // happens meanwhile. 0: as usual.
  void checkpoint_after(int pages) { checkpoint_pages_ = pages; }
  // Makes the empty file.
  static void stand_in(const std::string& name);
  // Files that a process has not closed.
  int files_open() const { return files_open_; }

 private:
  friend struct VfsCalls;

  FaultyDisk& disk_;
  int checkpoint_pages_ = 0;
  int files_open_ = 0;
  sqlite3_vfs vfs_{};
};

}  // namespace pq::storage
