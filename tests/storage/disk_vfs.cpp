#include "tests/storage/disk_vfs.h"
#include "tests/rooms.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace pq::storage {

static FaultyDisk* mounted = nullptr;

namespace {

// SQLite hands out memory of this size for each file that it opens.
struct OpenFile : sqlite3_file {
  DiskVfs* vfs = nullptr;
  std::string name;
  FaultyDisk::File file;
  sqlite3* connection = nullptr;
  bool is_deleted_on_close = false;
  bool directory_is_due = false;  // to be synced with the file's first sync, as under Unix
};

OpenFile& opened(sqlite3_file* file) { return *static_cast<OpenFile*>(file); }

int code_of(Outcome outcome, int failed) {
  switch (outcome) {
    case Outcome::done:
      return SQLITE_OK;
    case Outcome::is_full:
      return failed == SQLITE_CANTOPEN ? SQLITE_CANTOPEN : SQLITE_FULL;
    case Outcome::ends_early:
      return SQLITE_IOERR_SHORT_READ;
    default:
      return failed;
  }
}

}  // namespace

// What SQLite calls, as its interface names it.
struct VfsCalls {
  static FaultyDisk& disk(sqlite3_file* file) { return opened(file).vfs->disk_; }
  static DiskVfs& vfs_of(sqlite3_vfs* vfs) { return *static_cast<DiskVfs*>(vfs->pAppData); }

  // ---- a file

  static int close(sqlite3_file* file) {
    OpenFile& self = opened(file);
    if (self.is_deleted_on_close) disk(file).remove(self.name, false);
    --self.vfs->files_open_;
    std::destroy_at(&self);
    return SQLITE_OK;
  }

  static int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
    OpenFile& self = opened(file);
    std::string_view found;
    const auto wanted = static_cast<std::size_t>(size);
    const Outcome outcome =
        disk(file).read(self.name, *self.file, static_cast<std::uint64_t>(at), wanted, found);
    const int code = code_of(outcome, SQLITE_IOERR_READ);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    std::memset(into, 0, wanted);
    if (!found.empty()) std::memcpy(into, found.data(), found.size());
    return found.size() < wanted ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
  }

  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    OpenFile& self = opened(file);
    const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
    return code_of(disk(file).write(self.name, *self.file, static_cast<std::uint64_t>(at), bytes),
                   SQLITE_IOERR_WRITE);
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    OpenFile& self = opened(file);
    return code_of(disk(file).truncate(self.name, *self.file, static_cast<std::uint64_t>(size)),
                   SQLITE_IOERR_TRUNCATE);
  }

  static int sync(sqlite3_file* file, int /*how*/) {
    OpenFile& self = opened(file);
    const Outcome outcome = disk(file).sync(self.name, *self.file, self.directory_is_due);
    if (outcome == Outcome::done) self.directory_is_due = false;
    return code_of(outcome, SQLITE_IOERR_FSYNC);
  }

  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    OpenFile& self = opened(file);
    *size = static_cast<sqlite3_int64>(self.file->bytes().size());
    return code_of(disk(file).ask(Operation::ask_size, self.name), SQLITE_IOERR_FSTAT);
  }

  static int lock(sqlite3_file* file, int /*level*/) {
    return code_of(disk(file).ask(Operation::lock, opened(file).name), SQLITE_IOERR_LOCK);
  }

  static int unlock(sqlite3_file* /*file*/, int /*level*/) { return SQLITE_OK; }

  static int check_reserved_lock(sqlite3_file* file, int* is_reserved) {
    *is_reserved = 0;
    return code_of(disk(file).ask(Operation::lock, opened(file).name), SQLITE_IOERR_CHECKRESERVEDLOCK);
  }

  static int file_control(sqlite3_file* file, int what, void* argument) {
    OpenFile& self = opened(file);
    if (what == SQLITE_FCNTL_PDB) self.connection = *static_cast<sqlite3**>(argument);
    const int pages = self.vfs->checkpoint_pages_;
    // The first moment after SQLite has set its own default.
    if (what == SQLITE_FCNTL_PRAGMA && pages > 0) sqlite3_wal_autocheckpoint(self.connection, pages);
    return SQLITE_NOTFOUND;
  }

  static int sector_size(sqlite3_file* file) { return static_cast<int>(disk(file).device().sector_bytes); }

  static int device_characteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // ---- the file system

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    file->pMethods = nullptr;
    if (name == nullptr) return SQLITE_CANTOPEN;  // a temporary file: the store keeps such things in memory
    auto [outcome, found] = vfs_of(vfs).disk_.open(name, (flags & SQLITE_OPEN_CREATE) != 0);
    if (outcome != Outcome::done || !found) return SQLITE_CANTOPEN;
    auto* const self = new (file) OpenFile();
    self->pMethods = &file_calls;
    self->vfs = &vfs_of(vfs);
    self->name = name;
    self->file = std::move(found);
    self->is_deleted_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    self->directory_is_due = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0;
    ++self->vfs->files_open_;
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    FaultyDisk& disk = vfs_of(vfs).disk_;
    if (!disk.contains(name)) return SQLITE_IOERR_DELETE_NOENT;
    return code_of(disk.remove(name, sync_directory != 0), SQLITE_IOERR_DELETE);
  }

  static int access(sqlite3_vfs* vfs, const char* name, int /*how*/, int* result) {
    *result = vfs_of(vfs).disk_.contains(name) ? 1 : 0;
    return code_of(vfs_of(vfs).disk_.ask(Operation::look_up, name), SQLITE_IOERR_ACCESS);
  }

  static int full_path_name(sqlite3_vfs* vfs, const char* name, int size, char* full) {
    sqlite3_snprintf(size, full, "%s",
                     name);  // NOLINT(cppcoreguidelines-pro-type-vararg): SQLite's interface
    return code_of(vfs_of(vfs).disk_.ask(Operation::look_up, name), SQLITE_CANTOPEN);
  }

  static int randomness(sqlite3_vfs* vfs, int size, char* bytes) {
    for (int i = 0; i < size; ++i) bytes[i] = static_cast<char>(vfs_of(vfs).disk_.dice().bits());
    return size;
  }

  static int sleep(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }

  static int current_time(sqlite3_vfs* /*vfs*/, double* julian_day) {
    *julian_day = 2460370.5;  // 2024-02-29: no test depends on when it runs
    return SQLITE_OK;
  }

  static int last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*text*/) { return EIO; }

  static const sqlite3_io_methods file_calls;
};

const sqlite3_io_methods VfsCalls::file_calls = [] {
  sqlite3_io_methods calls{};
  calls.iVersion = 1;  // no shared memory, no memory mapping
  calls.xClose = &VfsCalls::close;
  calls.xRead = &VfsCalls::read;
  calls.xWrite = &VfsCalls::write;
  calls.xTruncate = &VfsCalls::truncate;
  calls.xSync = &VfsCalls::sync;
  calls.xFileSize = &VfsCalls::file_size;
  calls.xLock = &VfsCalls::lock;
  calls.xUnlock = &VfsCalls::unlock;
  calls.xCheckReservedLock = &VfsCalls::check_reserved_lock;
  calls.xFileControl = &VfsCalls::file_control;
  calls.xSectorSize = &VfsCalls::sector_size;
  calls.xDeviceCharacteristics = &VfsCalls::device_characteristics;
  return calls;
}();

DiskVfs::DiskVfs(FaultyDisk& disk) : disk_(disk) {
  mounted = &disk;
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(OpenFile));
  vfs_.mxPathname = 1024;
  vfs_.zName = "faulty disk";
  vfs_.pAppData = this;
  vfs_.xOpen = &VfsCalls::open;
  vfs_.xDelete = &VfsCalls::remove;
  vfs_.xAccess = &VfsCalls::access;
  vfs_.xFullPathname = &VfsCalls::full_path_name;
  vfs_.xRandomness = &VfsCalls::randomness;
  vfs_.xSleep = &VfsCalls::sleep;
  vfs_.xCurrentTime = &VfsCalls::current_time;
  vfs_.xGetLastError = &VfsCalls::last_error;
  sqlite3_vfs_register(&vfs_, 1);
  sqlite3_randomness(0, nullptr);  // the next one asks this disk, so that a seed repeats everything
}

DiskVfs::~DiskVfs() {
  sqlite3_vfs_unregister(&vfs_);
  mounted = nullptr;
}

void DiskVfs::stand_in(const std::string& name) {
  std::filesystem::create_directories(std::filesystem::path(name).parent_path());
  std::ofstream(name, std::ios::app);
}

}  // namespace pq::storage

// All advice of this process passes here.
extern "C" int posix_fadvise(int fd, off_t /*begin*/, off_t /*size*/, int advice) {
  const std::filesystem::path link = "/proc/self/fd/" + std::to_string(fd);
  if (pq::storage::mounted != nullptr && advice == POSIX_FADV_DONTNEED) {
    pq::storage::mounted->forget_cached(std::filesystem::read_symlink(link).string());
  }
  return 0;
}
