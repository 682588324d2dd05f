// Clients that are told of every change as it happens (/api/v1/stream). Once a second, and only while
// somebody is there, one thread asks for a snapshot and renders what has changed, once for all; another one
// serves all sockets, as much as each takes. What waits for a client is shared with the others, and a client
// that lets it wait for limits::stream_behind_longest, or lets more than limits::stream_backlog_bytes_max
// pile up, is cut off: so neither a slow client nor many of them cost more memory than some seconds of
// changes.
#pragma once

#include <cstddef>
#include <deque>
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
#include "daemon/http/snapshots.h"

namespace pq {

class Streams {
 public:
  // Both must outlive this.
  Streams(Snapshots& snapshots, const Clock& clock);
  // At once: all are cut off. REQUIRES: `snapshots` is closed, or the turn goes on.
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // One of limits::streams_max, before the client is promised anything.
  std::optional<Place> reserve() { return places_.reserve(); }

  // From now on the client at the non-blocking socket `fd` is told, first `head`, its headers.
  void take(Place place, int fd, std::string head);

 private:
  // What all are told at one time.
  struct Pulse {
    std::shared_ptr<const Snapshot> before;  // nullptr: nobody was there
    std::shared_ptr<const Snapshot> now;
    std::shared_ptr<const std::string> changes;  // between them
  };

  struct Text {
    std::shared_ptr<const std::string> text;
    Instant since;          // it waits
    bool is_pulse = false;  // else the headers or the whole state
  };

  struct Stream {
    Place place;
    int fd;
    std::shared_ptr<const Snapshot> told = nullptr;  // what it knows, once `waiting` is sent
    std::deque<Text> waiting = {};
    std::size_t sent = 0;     // of the first that waits
    std::size_t backlog = 0;  // bytes of the pulses that wait
  };

  void ask();    // one thread
  void serve();  // the other

  // ---- of the thread that serves
  void hear_news();
  void tell(Stream& stream, const Pulse& pulse, Instant now);
  void tell_whole(Stream& stream, Instant now);
  static void hear(Stream& stream);
  void send(Stream& stream);
  void cut_off_slow();
  std::vector<Stream> streams_;
  std::shared_ptr<const Snapshot> latest_;    // what all are told of; nullptr: nobody is there, or not yet
  std::shared_ptr<const std::string> whole_;  // the state of `latest_`, once somebody needs it

  Snapshots& snapshots_;
  const Clock& clock_;
  Places places_{limits::streams_max};
  std::mutex mutex_;  // guards the two below, and the bell's state
  std::vector<Stream> arrived_;
  std::deque<Pulse> pulses_;
  Bell news_;    // in these two
  Bell wanted_;  // somebody is there
  Bell stop_;
  std::thread asking_;
  std::thread serving_;
};

}  // namespace pq
