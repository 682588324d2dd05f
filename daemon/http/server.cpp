#include "daemon/http/server.h"

#include <httplib.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/os/wait.h"
#include "daemon/http/answer.h"
#include "daemon/http/assets.h"
#include "daemon/http/bell.h"
#include "daemon/http/connection.h"
#include "daemon/http/deliveries.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr const char* soon_s = "5";  // when a client may try again that found no place

// Of every answer. What is shown of the queue belongs to this page's own scripts and to nobody else's.
const httplib::Headers usual_headers = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"}};

void put(const HttpAnswer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, answer.type);
}

// A browser may keep it, and asks each time whether it is still the same.
void put(const Asset& asset, const AssetReply& reply, httplib::Response& response) {
  response.status = reply.status;
  response.headers.erase("Cache-Control");
  response.set_header("Cache-Control", "no-cache");
  response.set_header("Vary", "Accept-Encoding");
  response.set_header("ETag", reply.etag);
  if (reply.is_gzipped) response.set_header("Content-Encoding", "gzip");
  if (reply.status == 200) response.set_content(reply.bytes.data(), reply.bytes.size(), type_of(asset));
}

// The headers alone: what the library would read of the body is nothing.
void announce(const HttpAnswer& answer, httplib::Response& response) {
  response.set_header("ETag", '"' + to_text(answer.file->sha256) + '"');
  response.set_content_provider(answer.file->bytes->size(), answer.type,
                                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
}

// One answer a connection: with few threads, a client that keeps one open would keep out others. Each thread
// has its own of these.
class Pages : public httplib::Server {
 public:
  Pages(Snapshots& snapshots, const AgentFiles& agents, Deliveries& deliveries)
      : agents_(agents), deliveries_(deliveries) {
    set_default_headers(usual_headers);
    // Before the library looks for a route or reads what a client would upload.
    set_pre_routing_handler([&](const httplib::Request& request, httplib::Response& response) {
      const bool is_read = request.method == "GET" || request.method == "HEAD";
      if (is_read && asks_for_agent(request.path)) {
        answer_about(request, response);
      } else if (const Asset* asset = is_read ? asset_at(request.path) : nullptr) {
        const std::string known = request.get_header_value("If-None-Match");
        put(*asset, reply_with(*asset, known, accept_encoding_), response);
      } else if (is_read) {
        const auto snapshot = snapshots.fresh(job_looked_at(request.path, request.params));
        put(*shared_answer_to(request.path, snapshot, request.params), response);
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
    const auto whole_and_plain = [&](httplib::Request& request) {
      request.ranges.clear();
      accept_encoding_ = request.get_header_value("Accept-Encoding");
      request.headers.erase("Accept-Encoding");  // compressing costs more than loopback does
    };
    process_request(connection, true, is_closed, whole_and_plain);
    auto ordered = std::exchange(ordered_, std::nullopt);
    const std::optional<int> fd = ordered ? connection.hand_over() : std::nullopt;
    if (!fd) return connection.see_off();
    deliveries_.take(std::move(ordered->place), *fd, std::move(ordered->body));
  }

 private:
  struct Order {
    Deliveries::Place place;
    std::shared_ptr<const std::string> body;
  };

  void answer_about(const httplib::Request& request, httplib::Response& response) {
    const HttpAnswer answer = answer_about_agent(request.path, agents_.all());
    if (answer.file == nullptr) return put(answer, response);
    if (request.method == "HEAD") return announce(answer, response);
    auto place = deliveries_.reserve();
    if (!place) {
      put(refusal(503, "too_much", "too many machines fetch an agent at once; try again in some seconds"),
          response);
      return response.set_header("Retry-After", soon_s);
    }
    announce(answer, response);
    ordered_ = Order{std::move(*place), answer.file->bytes};
  }

  const AgentFiles& agents_;
  Deliveries& deliveries_;
  // ---- of the request that is being answered
  std::string accept_encoding_;
  std::optional<Order> ordered_;
};

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpAddress& address, Snapshots& from, const AgentFiles& files, const Clock& with)
      : snapshots(from), agents(files), clock(with), listener(address), deliveries(with) {}

  void serve_until_stopped() {
    Pages pages(snapshots, agents, deliveries);
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
  const AgentFiles& agents;
  const Clock& clock;
  Listener listener;
  Deliveries deliveries;
  Bell stop;
  std::vector<std::thread> threads;
};

HttpServer::HttpServer(const HttpAddress& address, Snapshots& snapshots, const AgentFiles& agents,
                       const Clock& clock)
    : parts_(std::make_unique<Parts>(address, snapshots, agents, clock)) {
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
