// Large bodies on their way to many clients at once. One thread serves them all, a socket's fill at a time,
// so that a client with a slow line costs a place here and none of the threads that answer pages. After
// limits::delivery_longest, or limits::delivery_stall without progress, a client is cut off.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/instant.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "daemon/http/bell.h"
#include "daemon/http/places.h"

namespace pq {

class Deliveries {
 public:
  // `clock` must outlive this.
  explicit Deliveries(const Clock& clock);
  // At once: what is under way is cut off.
  ~Deliveries();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  // Before the client is promised anything. nullopt: all places are taken.
  std::optional<Place> reserve() { return places_.reserve(); }

  // Sends `body` over the non-blocking socket `fd`, and closes it.
  void take(Place place, int fd, std::shared_ptr<const std::string> body);

 private:
  struct Delivery {
    Place place;
    int fd;
    std::shared_ptr<const std::string> body;
    Instant deadline;
    Instant stalls_at;
    std::size_t sent = 0;
    bool says_farewell = false;  // all is sent; the client is to close
  };

  void run();
  void advance(Delivery& delivery, Instant now);

  const Clock& clock_;
  Places places_{limits::deliveries_max};
  std::mutex mutex_;  // guards all below, but for the bells' descriptors
  std::vector<Delivery> arrived_;
  Bell arrival_;
  Bell stop_;
  std::thread thread_;
};

}  // namespace pq
