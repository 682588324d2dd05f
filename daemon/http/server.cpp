#include "daemon/http/server.h"

#include <httplib.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "common/os/wait.h"
#include "daemon/http/answer.h"
#include "daemon/http/bell.h"
#include "daemon/http/connection.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

void put(const HttpAnswer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, answer.type);
}

// One answer a connection: with few threads, a client that keeps one open would keep out others.
class Pages : public httplib::Server {
 public:
  explicit Pages(Snapshots& snapshots) {
    set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
    // Before the library looks for a route or reads what a client would upload.
    set_pre_routing_handler([&](const httplib::Request& request, httplib::Response& response) {
      if (request.method == "GET" || request.method == "HEAD") {
        put(answer_to(request.path, snapshots.fresh().get()), response);
      } else {
        put(refusal(405, "not_allowed", "HTTP is read-only here; GET is all that it takes"), response);
        response.set_header("Allow", "GET, HEAD");
      }
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty())
        put(refusal(response.status, "malformed", "this is no HTTP request that pqd understands"), response);
    });
  }

  void serve(Connection& connection) {
    bool is_closed = false;
    const auto whole_and_plain = [](httplib::Request& request) {
      request.ranges.clear();
      request.headers.erase("Accept-Encoding");  // compressing costs more than loopback does
    };
    process_request(connection, true, is_closed, whole_and_plain);
    connection.see_off();
  }
};

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpAddress& address, Snapshots& from, const Clock& with)
      : snapshots(from), clock(with), listener(address), pages(from) {}

  void serve_until_stopped() {
    while (true) {
      wait_readable(Duration::max(), std::array{listener.fd(), stop.fd()});
      if (stop.is_ringing()) return;
      if (const auto fd = listener.accept()) {
        Connection connection(*fd, stop, clock);
        pages.serve(connection);
      } else if (errno != EAGAIN) {
        wait_readable(100ms,
                      std::array{stop.fd()});  // no descriptors, no memory: it passes, or others report it
      }
    }
  }

  Snapshots& snapshots;
  const Clock& clock;
  Listener listener;
  Pages pages;
  Bell stop;
  std::vector<std::thread> threads;
};

HttpServer::HttpServer(const HttpAddress& address, Snapshots& snapshots, const Clock& clock)
    : parts_(std::make_unique<Parts>(address, snapshots, clock)) {
  for (std::size_t i = 0; i < limits::http_threads; ++i)
    parts_->threads.emplace_back(&Parts::serve_until_stopped, parts_.get());
}

HttpServer::~HttpServer() {
  parts_->stop.ring();
  parts_->snapshots.close();
  for (std::thread& thread : parts_->threads) thread.join();
}

const HttpAddress& HttpServer::address() const { return parts_->listener.address(); }

}  // namespace pq
