// Renders what needs a snapshot of the queue, on one thread of its own: pages, and what streams report. All
// that waits shares one snapshot, so a crowd of readers costs the turn no more than one reader.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/os/wake_up.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/response.h"
#include "daemon/view/snapshots.h"

namespace pq::http {

// Never used again for another connection.
using ConnectionId = std::uint64_t;

// What streams report at one moment.
struct News {
  std::shared_ptr<const Snapshot> snapshot;    // nullptr: the turn gave none in time
  std::shared_ptr<const std::string> changes;  // since the snapshot before; nullptr: not wanted
  std::shared_ptr<const std::string> whole;    // the whole state; nullptr: not wanted
};

class Renderer {
 public:
  struct NewsWanted {
    std::shared_ptr<const Snapshot> latest;  // what streams know; nullptr: nothing
    bool wants_changes;                      // since `latest`, by a new snapshot
    bool wants_whole;
  };
  struct Rendered {
    std::vector<std::pair<ConnectionId, Response>> pages;
    std::optional<News> news;
  };

  // Both must outlive this.
  Renderer(Snapshots& snapshots, const AgentFiles& agents);
  // REQUIRES: `snapshots` is closed, or the turn goes on.
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  void render(ConnectionId connection, Request request);
  // REQUIRES: the last news have been taken.
  void render(NewsWanted wanted);

  // Readable while there is something to take.
  int fd() const { return is_done_.fd(); }
  Rendered take();

 private:
  struct Page {
    ConnectionId connection;
    Request request;
    Instant asked_at;
  };
  struct Work {
    std::vector<Page> pages;
    std::set<JobId> jobs;  // that the pages show in detail
    Instant asked_at;      // by the last of them
    std::optional<NewsWanted> news;
  };

  void run();
  std::optional<Work> next();
  Work pages_until(Instant asked_at);
  Rendered rendered(const Work& work);

  Snapshots& snapshots_;
  const AgentFiles& agents_;
  std::mutex mutex_;  // guards all below
  std::condition_variable work_came_;
  bool is_closed_ = false;
  std::deque<Page> pages_;
  std::optional<NewsWanted> news_;
  Rendered done_;
  WakeUp is_done_;
  std::thread thread_;
};

}  // namespace pq::http
