#include "daemon/store/state_dir.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

// The error of the claim; empty if it succeeds.
std::string refusal(const fs::path& dir) {
  try {
    StateDirClaim claim(StatePaths{dir});
    return "";
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::failed);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.what();
  }
}

unsigned mode_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

// Root may write anywhere; the rest of a test that is about permissions runs as nobody.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() { REQUIRE((!was_root_ || ::seteuid(nobody) == 0)); }
  ~AsOrdinaryUser() {
    if (was_root_) CHECK(::seteuid(0) == 0);
  }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  bool was_root_ = ::geteuid() == 0;
};

}  // namespace

TEST_CASE("a missing state directory is made with its parents, for this user alone") {
  const ScratchDir scratch;
  CHECK(refusal(scratch.path() / "a" / "b" / "") == "");
  CHECK(mode_of(scratch.path() / "a") == 0700);
  CHECK(mode_of(scratch.path() / "a" / "b") == 0700);
  CHECK(fs::is_regular_file(scratch.path() / "a" / "b" / "pqd.lock"));
}

TEST_CASE("a state directory that others may enter is refused, with the command that mends it") {
  const ScratchDir scratch;
  for (const mode_t mode : {0750U, 0710U, 0720U, 0740U, 0701U, 0702U, 0704U, 0755U, 01777U, 02770U}) {
    CAPTURE(mode);
    REQUIRE(::chmod(scratch.path().c_str(), mode) == 0);
    const std::string text = refusal(scratch.path());
    CHECK(says(text, "other users may enter it"));
    CHECK(says(text, "run: chmod 700 " + scratch.path().string()));
    CHECK(mode_of(scratch.path()) == mode);
    CHECK_FALSE(fs::exists(scratch.path() / "pqd.lock"));
  }
  REQUIRE(::chmod(scratch.path().c_str(), 0700) == 0);
  CHECK(refusal(scratch.path()) == "");
}

TEST_CASE("keys without a database are a queue that was lost, and neither of them is a first start") {
  const ScratchDir scratch;
  const StatePaths paths{scratch.path()};
  CHECK_NOTHROW(refuse_lost_queue(paths));
  for (const fs::path& sign : {paths.head_key(), paths.authorized_keys()}) {
    fs::create_directories(sign.parent_path());
    std::ofstream(sign) << "x";
    try {
      refuse_lost_queue(paths);
      FAIL("it is refused");
    } catch (const EnvironmentError& error) {
      CHECK(says(error.what(), sign.string() + " is there, but no database " + paths.database().string()));
      CHECK(says(error.what(), "--new-queue"));
    }
    std::ofstream(paths.database()) << "x";
    CHECK_NOTHROW(refuse_lost_queue(paths));
    fs::remove(paths.database());
    fs::remove(sign);
  }
}

TEST_CASE("a state directory has one daemon at a time") {
  const ScratchDir scratch;
  {
    StateDirClaim first(StatePaths{scratch.path()});
    CHECK(refusal(scratch.path()) ==
          "the state directory " + scratch.path().string() +
              " is in use by another pqd; stop that one or pass another --state-dir");
  }
  CHECK(refusal(scratch.path()) == "");
}

TEST_CASE("the lock is not handed on to the programs that the daemon starts") {
  const ScratchDir scratch;
  StateDirClaim claim(StatePaths{scratch.path()});
  int locks = 0;
  for (const fs::directory_entry& open : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (fs::read_symlink(open.path(), gone).filename() != "pqd.lock") continue;
    CHECK((::fcntl(std::stoi(open.path().filename()), F_GETFD) & FD_CLOEXEC) != 0);
    ++locks;
  }
  CHECK(locks == 1);
}

TEST_CASE("someone else's state directory is refused, by root too") {
  const ScratchDir scratch;
  const bool is_root = ::geteuid() == 0;
  const fs::path foreign = is_root ? scratch.path() : fs::path("/usr");
  if (is_root) REQUIRE(::chown(foreign.c_str(), nobody, nobody) == 0);
  const std::string text = refusal(foreign);
  CHECK(says(text, foreign.string() + " belongs to user " + (is_root ? "65534" : "0")));
  CHECK(says(text, "--state-dir"));
  CHECK_FALSE(fs::exists(foreign / "pqd.lock"));
}

TEST_CASE("a state directory that cannot be written is refused") {
  const ScratchDir scratch;
  if (::geteuid() == 0) REQUIRE(::chown(scratch.path().c_str(), nobody, nobody) == 0);
  const AsOrdinaryUser user;
  REQUIRE(::chmod(scratch.path().c_str(), 0500) == 0);
  CHECK(says(refusal(scratch.path()), "cannot write in the state directory " + scratch.path().string()));
  CHECK(says(refusal(scratch.path() / "new"), "cannot create the state directory"));
  REQUIRE(::chmod(scratch.path().c_str(), 0700) == 0);
  CHECK(refusal(scratch.path()) == "");
}

TEST_CASE("a file in the place of the state directory is refused and kept") {
  const ScratchDir scratch;
  const fs::path file = scratch.path() / "file";
  std::ofstream(file) << "mine";
  CHECK(says(refusal(file), file.string() + " is not a directory"));
  CHECK(says(refusal(file / "below"), "cannot create the state directory"));
  CHECK(bytes_of(file) == "mine");
}

TEST_CASE("file systems that machines share are known, local ones are not among them") {
  CHECK(shared_file_system(0x6969) == "NFS");
  CHECK(shared_file_system(0xFF534D42) == "CIFS");
  CHECK(shared_file_system(0x65735546) == "FUSE");
  CHECK(shared_file_system(0x01021997) == "9p");
  CHECK(shared_file_system(0x00C36400) == "Ceph");
  CHECK(shared_file_system(0x0BD00BD0) == "Lustre");
  CHECK_FALSE(shared_file_system(0xEF53));      // ext4
  CHECK_FALSE(shared_file_system(0x58465342));  // XFS
  CHECK_FALSE(shared_file_system(0x01021994));  // tmpfs
  CHECK_FALSE(shared_file_system(0x794C7630));  // overlayfs
}

}  // namespace pq::tests
