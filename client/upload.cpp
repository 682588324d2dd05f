#include "client/upload.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "common/protocol/limits.h"
#include "common/values/size.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

constexpr int setbacks_max = 8;                 // a head that restarts so often is not well
constexpr std::uint64_t large_bytes = 8 << 20;  // large enough to report progress

// How much of a large file is sent, for people.
class SendingProgress {
 public:
  SendingProgress(const LocalFile& file, Screen& screen) : file_(file), screen_(screen) {}

  void show(std::uint64_t upto, Instant now) {
    if (file_.ref.bytes < large_bytes) return;
    if (shown_at_ && now - *shown_at_ < screen_.pause()) return;
    shown_at_ = now;
    const std::string line =
        fmt::format("sending {}: {} of {}", file_.ref.name, bytes_text(upto), bytes_text(file_.ref.bytes));
    if (screen_.is_terminal()) {
      screen_.draw(line);
    } else {
      screen_.say(line);
    }
  }

 private:
  const LocalFile& file_;
  Screen& screen_;
  std::optional<Instant> shown_at_;
};

Failure has_changed(const LocalFile& file) {
  return {ExitStatus::failed, "file_changed",
          fmt::format("{} has changed while it was being sent; submit again once nobody writes it",
                      printable(file.path.string()))};
}

// How much of the file the head has then.
tl::expected<std::uint64_t, Failure> put(const LocalFile& file, std::uint64_t offset, std::string part,
                                         Connection& connection) {
  const PutFile question{file.ref.hash, file.ref.bytes, offset, {std::move(part)}};
  const auto stored = connection.ask_for<FileStored>(question);
  if (stored) return std::min(stored->upto, file.ref.bytes);
  // The head has hashed all of it.
  const bool is_another = stored.error().word == to_text(ErrorWord::malformed);
  return tl::unexpected(is_another ? has_changed(file) : stored.error());
}

}  // namespace

tl::expected<void, Failure> upload(const LocalFile& file, Connection& connection, Screen& screen) {
  SendingProgress progress(file, screen);
  auto upto = put(file, 0, "", connection);
  for (int setbacks = 0; upto && *upto < file.ref.bytes;) {
    progress.show(*upto, connection.now());
    const std::uint64_t before = *upto;
    auto part = read_part(file, before, limits::file_part_bytes_max);
    if (!part) return tl::unexpected(has_changed(file));
    upto = put(file, before, *std::move(part), connection);
    if (upto && *upto <= before && ++setbacks > setbacks_max) {
      return tl::unexpected(Failure{
          ExitStatus::failed, "upload_failed",
          fmt::format("the head has lost what was sent of {} {} times; look at the head, then submit again",
                      file.ref.name, setbacks)});
    }
  }
  if (!upto) return tl::unexpected(upto.error());
  return {};
}

}  // namespace pq::client
