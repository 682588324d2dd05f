// Answers on their way to many clients at once: pages, and the agents that new machines fetch. One thread
// serves them all, a socket's fill at a time, so that a client with a slow line costs a place here and none
// of the threads that answer. A page has limits::http_exchange_longest to be taken, an agent
// limits::delivery_longest if it goes on; then a client is cut off.
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

  // Before the client is promised an agent. nullopt: all places are taken.
  std::optional<Place> reserve() { return agents_.reserve(); }

  // Sends `head` and then `body`, if there is one, over the non-blocking socket `fd`, and closes it.
  void take_agent(Place place, int fd, std::string head, std::shared_ptr<const std::string> body);

  // The same. A client that comes while limits::answers_max take theirs is cut off.
  void take_page(int fd, std::string head, std::shared_ptr<const std::string> body);

 private:
  struct Delivery {
    Place place;
    int fd;
    std::string head;
    std::shared_ptr<const std::string> body;  // or nullptr
    Instant deadline;
    Instant stalls_at;
    std::size_t sent = 0;        // of both
    bool says_farewell = false;  // all is sent; the client is to close
  };

  void take(Delivery delivery);
  std::vector<Delivery> take_arrived();
  void run();
  static void advance(Delivery& delivery, Instant now);
  static void hear_farewell(Delivery& delivery);

  const Clock& clock_;
  Places agents_{limits::deliveries_max};
  Places pages_{limits::answers_max};
  std::mutex mutex_;  // guards all below, but for the bells' descriptors
  std::vector<Delivery> arrived_;
  Bell arrival_;
  Bell stop_;
  std::thread thread_;
};

}  // namespace pq
