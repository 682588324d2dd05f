#include "agent/programs/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "agent/programs/remove_tree.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

tl::unexpected<std::string> cannot_be(const fs::path& path, const std::string& why) {
  return tl::unexpected(
      fmt::format("cannot make {} on this agent: {}; check its --work-dir", path.string(), why));
}

}  // namespace

Secrets::Secrets(fs::path dir, const std::vector<Setting>& secrets) : dir_(std::move(dir)) {
  for (const Setting& secret : secrets) files_.push_back({secret, std::nullopt});
}

Secrets::~Secrets() {
  opened_.close();
  if (!are_none()) remove_tree(dir_);
}

tl::expected<void, std::string> Secrets::prepare() {
  if (are_none() || are_as_made()) return {};
  return make();
}

bool Secrets::are_as_made() const {
  return opened_.is_open() && std::all_of(files_.begin(), files_.end(), [&](const File& file) {
           return file.as_made && stamp_at(opened_.fd(), file.secret.name.c_str()) == file.as_made;
         });
}

// All of them anew: a run may have left anything in their place.
tl::expected<void, std::string> Secrets::make() {
  opened_.close();
  if (const std::error_code error = remove_tree(dir_)) return cannot_be(dir_, error.message());
  std::error_code error;
  fs::create_directories(dir_.parent_path(), error);
  if (::mkdir(dir_.c_str(), S_IRWXU) != 0) return cannot_be(dir_, errno_text(errno));
  opened_ = Descriptor(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened_.is_open()) return cannot_be(dir_, errno_text(errno));
  for (File& file : files_) {
    if (auto written = write(file); !written) return written;
  }
  return {};
}

tl::expected<void, std::string> Secrets::write(File& file) const {
  const auto& [name, value, is_hidden] = file.secret;
  const Descriptor made(::openat(opened_.fd(), name.c_str(),
                                 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!made.is_open()) return cannot_be(dir_ / name, errno_text(errno));
  const auto written = ::write(made.fd(), value.data(), value.size());
  if (written != static_cast<ssize_t>(value.size()))
    return cannot_be(dir_ / name, written < 0 ? errno_text(errno) : "the disk is full");
  if (!set_stamped_time(made.fd())) return cannot_be(dir_ / name, errno_text(errno));
  file.as_made = stamp_of(made.fd());
  return {};
}

}  // namespace pq::programs
