// The head's HTTP side: read-only pages, rendered from Snapshots by a few threads of their own. Neither these
// nor the turn ever wait for a client: Entrance reads what is asked, Deliveries and Streams send what is
// answered, each by one thread for all sockets, with a bound on how many and for how long. The library
// understands and words the HTTP in between.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/os/clock.h"
#include "daemon/agent_files.h"
#include "daemon/http/listener.h"
#include "daemon/http/snapshots.h"

namespace pq {

class HttpServer {
 public:
  // Listens and serves from now on, to those who ask for an address or one of `names` (OwnNames).
  // `snapshots`, `agents` and `clock` must outlive this. Throws EnvironmentError.
  HttpServer(const HttpAddress& address, Snapshots& snapshots, const AgentFiles& agents, const Clock& clock,
             const std::vector<std::string>& names = {});
  // At once: what is being served is cut off.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // With the port that a wildcard became.
  const HttpAddress& address() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pq
