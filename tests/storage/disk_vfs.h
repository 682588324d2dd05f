// Lets SQLite keep its files on a FaultyDisk: while a DiskVfs lives, every database that this process opens
// is there. The code under test names no VFS, so it needs to know nothing of it.
#pragma once

#include <sqlite3.h>

#include "tests/storage/faulty_disk.h"

namespace pq::storage {

// Not modelled: locks (one connection is all there is) and shared memory, which SQLite needs for a
// write-ahead log unless the connection is exclusive; as there is none here, the store has to be.
//
// The store also gives advice to the kernel, by a file of its own opening. It finds an empty file of that
// name in the real directory, and what it advises reaches the FaultyDisk.
class DiskVfs {
 public:
  explicit DiskVfs(FaultyDisk& disk);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  // SQLite moves its log into the database whenever it has so many pages. With its usual 1000 that is too
  // rare for tests that look at what happens meanwhile. 0: as usual.
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
