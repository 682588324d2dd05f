#include "daemon/gate/zmq_transport.h"

#include <poll.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/os/descriptors.h"
#include "common/os/files.h"
#include "daemon/gate/limits.h"

namespace pq::gate {
namespace {

bool is_readable(int fd) {
  pollfd question{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&question, 1, 0) > 0;
}

}  // namespace

std::string local_endpoint(const std::string& bound) {
  for (const std::string_view everywhere : {"tcp://0.0.0.0:", "tcp://[::]:", "tcp://*:"}) {
    if (bound.starts_with(everywhere)) return "tcp://127.0.0.1:" + bound.substr(everywhere.size());
  }
  return bound;
}

ZmqTransport::ZmqTransport(const StatePaths& paths, const std::string& listen, const Clock& clock,
                           const std::vector<int>& wake_fds)
    : clock_(clock),
      wake_fds_(wake_fds),
      access_(paths),
      watched_(wake_fds),
      router_(listen, access_.head_keys(), [this](const std::string& key) {
        access_.refresh(clock_.now());  // also if nobody sends, because nobody is admitted
        const Admission admission = access_.admission(key);
        const bool is_full = admission == Admission::welcome && !can_open(limits::descriptors_spared);
        return is_full ? Admission::come_again : admission;
      }) {
  watched_.push_back(access_.fd());
  const auto written = replace_file(paths.head_endpoint(), local_endpoint(router_.endpoint()) + "\n");
  if (!written) throw EnvironmentError(written.error());
}

std::vector<Incoming> ZmqTransport::receive(Instant deadline, std::size_t messages_max) {
  std::vector<Incoming> batch;
  Duration patience{0};  // at first: a head that is never idle must answer key checks, too
  while (true) {
    router_.wait(patience, watched_);
    const Now now = clock_.now();
    access_.refresh(now);
    forget_silent(now.instant);
    for (std::string& key : access_.take_revoked(now)) revoked_.push_back(std::move(key));
    drain(batch, messages_max);
    patience = std::min(deadline, access_.next_deadline(now)) - now.instant;
    if (!batch.empty() || !revoked_.empty() || access_.has_news() || now.instant >= deadline ||
        std::any_of(wake_fds_.begin(), wake_fds_.end(), is_readable))
      return batch;
  }
}

void ZmqTransport::forget_silent(Instant now) {
  if (now < forgets_at_) return;
  router_.forget_silent();
  forgets_at_ = now + limits::silent_peers_forgotten;
}

// Dropped messages count too: a flood from a revoked key must not hold up the turn.
void ZmqTransport::drain(std::vector<Incoming>& batch, std::size_t messages_max) {
  constexpr std::size_t looks_at_the_clock = 64;  // each so many messages
  const Instant end = clock_.now().instant + limits::batch_longest;
  std::size_t bytes = 0;
  for (std::size_t count = 0; count < messages_max && bytes < limits::batch_bytes_max; ++count) {
    if (count % looks_at_the_clock == looks_at_the_clock - 1 && clock_.now().instant >= end) return;
    auto message = router_.receive();
    if (!message) return;
    bytes += message->bytes.size();
    const auto sender = access_.find(message->public_key);
    const bool is_revoked = !sender && access_.is_revoked(message->public_key);
    if (!sender && !is_revoked) {  // the list may just be being written
      ++from_strangers_;
      continue;
    }
    batch.push_back({.peer = message->peer,
                     .sender = sender.value_or(Principal{.public_key = message->public_key, .name = {}}),
                     .bytes = std::move(message->bytes),
                     .is_revoked = is_revoked});
  }
}

void ZmqTransport::send(const std::vector<OutgoingBytes>& batch) {
  for (const OutgoingBytes& message : batch) {
    if (router_.send(message.peer, message.bytes)) continue;
    ++undelivered_;
    unreached_.push_back(message.peer);
  }
}

tl::expected<Authorized, Refusal> ZmqTransport::authorize(const Authorize& request, const Principal& asker) {
  return access_.authorize(request, asker, clock_.now());
}

tl::expected<std::vector<Principal>, Refusal> ZmqTransport::revoke(const RevokeKey& request,
                                                                   const Principal& asker) {
  return access_.revoke(request.name, asker, clock_.now());
}

}  // namespace pq::gate
