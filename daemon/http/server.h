// The head's HTTP side: read-only pages and streams, made of Snapshots. One thread serves all connections and
// waits for none of them; a second one renders (README.md). Neither holds up the turn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/os/clock.h"
#include "common/os/wake_up.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/connections.h"
#include "daemon/http/listener.h"
#include "daemon/http/own_names.h"
#include "daemon/http/renderer.h"
#include "daemon/view/snapshots.h"

namespace pq::http {

// Machines that have no agent yet are let in further than readers of the queue.
enum class Offer { queue_and_agents, agents_alone };

class Server {
 public:
  // Listens and serves from now on, to those who ask for an address or one of `names` (OwnNames); agents to
  // everybody. `snapshots`, `agents` and `clock` must outlive this. Throws EnvironmentError.
  Server(const HttpAddress& address, Snapshots& snapshots, const AgentFiles& agents, const Clock& clock,
         const std::vector<std::string>& names = {}, Offer offer = Offer::queue_and_agents);
  // At once: closes all connections, and `snapshots`.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that a wildcard became.
  const HttpAddress& address() const { return listener_.address(); }

 private:
  // What is known of the streams together.
  struct Streams {
    std::shared_ptr<const Snapshot> latest = nullptr;  // what listeners know; nullptr: nobody knows anything
    Instant news_at = {};
    bool is_rendering = false;
    bool has_newcomer = false;  // somebody listens who knows nothing yet
  };

  void run();
  void accept_some(Instant now);
  void accept_again(Instant now);
  void advance(Connection& connection, std::uint32_t events, Instant now);
  void read(Connection& connection, Reading& reading, Instant now);
  void answer(Connection& connection, Request request, Instant now);
  void write(Connection& connection, Response response, Instant now);
  static void write_more(Connection& connection, Writing& writing, Instant now);
  static void drain(Connection& connection);
  void take_rendered(Instant now);

  // ---- streams
  void open_stream(Connection& connection, Instant now);
  static void send_events(Connection& connection, Listening& listening);
  void ask_for_news(Instant now);
  void report(const News& news, Instant now);

  Snapshots& snapshots_;
  const AgentFiles& agents_;
  const Clock& clock_;
  const OwnNames names_;
  const Offer offer_;
  Listener listener_;
  Instant accepts_at_ = Instant::never();  // the listener is watched again then
  Renderer renderer_;
  Connections connections_;
  Streams streams_;
  WakeUp stop_;
  std::thread thread_;  // owns the connections and the streams
};

}  // namespace pq::http

namespace pq::http {

using HttpServer = http::Server;

}  // namespace pq::http
