#include "daemon/store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <system_error>

#include "common/os/descriptor.h"

namespace pq::store {
namespace {

namespace fs = std::filesystem;

// Blocks and not only a length: an empty stretch of a file takes no space that could be given back.
void make(const fs::path& file, std::uint64_t bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): POSIX's interface
  const Descriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!made.is_open()) return;
  if (::posix_fallocate(made.fd(), 0, static_cast<off_t>(bytes)) == 0) return;
  std::error_code ignored;
  fs::remove(file, ignored);
}

}  // namespace

BallastStep next_step(bool is_there, const Space& disk, std::optional<std::uint64_t> reserve_asked) {
  const std::uint64_t reserve = reserve_of(disk.disk_bytes, reserve_asked);
  const std::uint64_t size = ballast_of(reserve);
  if (is_there) return disk.free_bytes < size || size == 0 ? BallastStep::remove : BallastStep::none;
  return size > 0 && disk.free_bytes >= reserve + size ? BallastStep::make : BallastStep::none;
}

std::optional<Space> Ballast::disk() const {
  std::error_code error;
  const fs::space_info disk = fs::space(file_.parent_path(), error);
  if (error) return std::nullopt;
  return Space{.disk_bytes = disk.capacity, .free_bytes = disk.available};
}

BallastStep Ballast::next_step_on(const Space& disk) const {
  std::error_code error;
  return next_step(fs::exists(file_, error), disk, reserve_asked_);
}

void Ballast::make_way() const {
  std::error_code ignored;
  const auto found = disk();
  if (found && next_step_on(*found) == BallastStep::remove) fs::remove(file_, ignored);
}

void Ballast::look() const {
  make_way();
  const auto found = disk();
  if (found && next_step_on(*found) == BallastStep::make)
    make(file_, ballast_of(reserve_of(found->disk_bytes, reserve_asked_)));
}

}  // namespace pq::store
