// Clients that have come and not yet asked. One thread reads from all of them what each has sent so far, and
// the threads that answer meet only those whose request is whole: so a client that is slow, or that says
// nothing at all, costs a descriptor and nobody's time. It is dropped limits::http_exchange_longest after it
// came; where limits::visitors_max are here already, the one that came first makes room.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/instant.h"
#include "common/os/clock.h"
#include "daemon/http/bell.h"
#include "daemon/http/listener.h"

namespace pq {

// A client that has asked.
struct Visitor {
  int fd;               // non-blocking; whoever takes the visitor closes it
  std::string request;  // its head, or what there is of one: limits::http_request_bytes_max at most
};

class Entrance {
 public:
  // Both must outlive this.
  Entrance(const Listener& listener, const Clock& clock);
  // At once: all who are still here are cut off.
  ~Entrance();
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  // Waits for the next one who has asked. nullopt: the entrance is closed. On any thread.
  std::optional<Visitor> next();

  // From now on next() has nobody.
  void close();

 private:
  struct Newcomer {
    Visitor visitor;
    Instant deadline;
    bool is_done = false;  // it has asked, or has gone
  };

  void serve();
  void accept_some();
  void hear(Newcomer& newcomer);
  void hand_on(Newcomer& newcomer);

  const Listener& listener_;
  const Clock& clock_;
  std::list<Newcomer> newcomers_;  // of the thread, by when they came
  std::mutex mutex_;               // guards the two below
  std::deque<Visitor> asked_;
  bool is_closed_ = false;
  std::condition_variable somebody_asked_;
  Bell stop_;
  std::thread thread_;
};

}  // namespace pq
