// The real Transport: the head's socket, and the list of keys. It looks up the key of every message again,
// because a connection outlives the line of authorized_keys that admitted it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/os/clock.h"
#include "common/os/paths.h"
#include "daemon/gate/access.h"
#include "daemon/gate/router.h"
#include "daemon/gate/transport.h"

namespace pq::gate {

// The endpoint by which programs on the same machine reach a head that is bound to `bound`.
std::string local_endpoint(const std::string& bound);

class ZmqTransport final : public Transport {
 public:
  // Binds `listen` and writes the address into the state directory. receive() also returns when one of
  // `wake_fds` is readable, but reads nothing from them. They and `clock` must outlive this. Throws
  // EnvironmentError.
  ZmqTransport(const StatePaths& paths, const std::string& listen, const Clock& clock,
               const std::vector<int>& wake_fds);

  std::vector<Incoming> receive(Instant deadline, std::size_t messages_max) override;
  void send(const std::vector<OutgoingBytes>& batch) override;
  bool has_room(PeerId peer) override { return router_.has_room(peer); }
  std::vector<PeerId> take_unreached() override { return std::exchange(unreached_, {}); }
  Losses losses() const override { return {router_.dropped() + from_strangers_, undelivered_}; }
  tl::expected<Authorized, Refusal> authorize(const Authorize& request, const Principal& asker) override;
  std::vector<ListedKey> keys() const override { return access_.all(); }
  tl::expected<std::vector<Principal>, Refusal> revoke(const RevokeKey& request,
                                                       const Principal& asker) override;
  std::vector<std::string> take_revoked() override { return std::exchange(revoked_, {}); }
  std::vector<KeyNews> take_key_news() override { return access_.take_news(); }

  const std::string& endpoint() const { return router_.endpoint(); }

 private:
  void drain(std::vector<Incoming>& batch, std::size_t messages_max);
  void forget_silent(Instant now);

  const Clock& clock_;
  std::vector<int> wake_fds_;
  Access access_;
  std::vector<int> watched_;  // those and the list of keys
  Router router_;
  std::vector<std::string> revoked_;  // not taken yet
  std::uint64_t from_strangers_ = 0;
  std::uint64_t undelivered_ = 0;
  std::vector<PeerId> unreached_;
  Instant forgets_at_;
};

}  // namespace pq::gate
