#include "daemon/http/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/os/priority.h"
#include "common/text.h"
#include "daemon/http/answer.h"
#include "daemon/http/assets.h"
#include "daemon/http/deliveries.h"
#include "daemon/http/entrance.h"
#include "daemon/http/exchange.h"
#include "daemon/http/own_names.h"
#include "daemon/http/streams.h"

namespace pq {
namespace {

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

// The headers alone, of a body that others send: what the library would read of it is nothing.
void announce(const std::string& body, const char* type, httplib::Response& response) {
  response.set_content_provider(body.size(), type,
                                [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
}

// The same, of one that has no length.
void announce_stream(httplib::Response& response) {
  response.set_header("X-Accel-Buffering", "no");  // by proxies that collect answers
  response.set_content_provider("text/event-stream", [](std::size_t, httplib::DataSink&) { return false; });
}

// 421: "the server is not able to produce a response for this authority".
HttpAnswer wrong_host(const std::string& host) {
  const std::string name = host.substr(0, host.rfind(':'));
  return refusal(
      421, "wrong_host",
      fmt::format("HTTP is asked for as \"{}\", which is no name of this head; use its address{}",
                  printable(host), OwnNames::may_be(name) ? ", or start pqd with --http-host " + name : ""));
}

// One answer a connection: a client that keeps one open would keep a place. Each thread has its own of these.
class Pages : public httplib::Server {
 public:
  Pages(Snapshots& snapshots, const AgentFiles& agents, const OwnNames& names, Deliveries& deliveries,
        Streams& streams)
      : snapshots_(snapshots), agents_(agents), names_(names), deliveries_(deliveries), streams_(streams) {
    set_default_headers(usual_headers);
    // Before the library looks for a route or reads what a client would upload.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty())
        put(refusal(response.status, "malformed", "this is no HTTP request that pqd understands"), response);
    });
  }

  void serve(Visitor visitor) {
    bool is_closed = false;
    const auto whole_and_plain = [&](httplib::Request& request) {
      request.ranges.clear();
      accept_encoding_ = request.get_header_value("Accept-Encoding");
      request.headers.erase("Accept-Encoding");  // compressing costs more than loopback does
    };
    Exchange exchange(std::move(visitor.request));
    process_request(exchange, true, is_closed, whole_and_plain);
    Order order = std::exchange(order_, {});
    if (order.is_stream) return streams_.take(std::move(*order.place), visitor.fd, exchange.take_answer());
    if (order.place)
      return deliveries_.take_agent(std::move(*order.place), visitor.fd, exchange.take_answer(), order.body);
    deliveries_.take_page(visitor.fd, exchange.take_answer(), order.body);
  }

 private:
  // What follows what the library has written.
  struct Order {
    std::shared_ptr<const std::string> body = nullptr;
    bool is_stream = false;
    std::optional<Place> place = std::nullopt;  // for a stream or an agent
  };

  void answer(const httplib::Request& request, httplib::Response& response) {
    const std::string& path = request.path;
    if (request.method != "GET" && request.method != "HEAD") {
      put(refusal(405, "not_allowed", "HTTP is read-only here; GET is all that it takes"), response);
      return response.set_header("Allow", "GET, HEAD");
    }
    if (asks_for_agent(path)) return answer_about_agent(request, response);
    if (path != "/healthz" && path != "/readyz") {  // which tell nothing of the queue
      const std::string host = request.get_header_value("Host");
      if (request.get_header_value_count("Host") != 1)
        return put(refusal(400, "malformed", "a request names one Host, and this one does not"), response);
      if (!names_.has(host)) return put(wrong_host(host), response);
    }
    if (const Asset* asset = asset_at(path)) {
      const std::string known = request.get_header_value("If-None-Match");
      return put(*asset, reply_with(*asset, known, accept_encoding_), response);
    }
    if (path == "/api/v1/stream") return answer_with_stream(request, response);
    const auto snapshot = snapshots_.fresh(job_looked_at(path));
    const auto page = shared_answer_to(path, snapshot, request.params);
    if (request.method == "HEAD" || page->status != 200) return put(*page, response);
    order_.body = {page, &page->body};
    announce(*order_.body, page->type, response);
  }

  void answer_about_agent(const httplib::Request& request, httplib::Response& response) {
    const HttpAnswer answer = pq::answer_about_agent(request.path, agents_.all());
    if (answer.file == nullptr) return put(answer, response);
    response.set_header("ETag", '"' + to_text(answer.file->sha256) + '"');
    if (request.method == "HEAD") return announce(*answer.file->bytes, answer.type, response);
    order_.place = deliveries_.reserve();
    if (!order_.place) {
      response.headers.erase("ETag");
      put(refusal(503, "too_much", "too many machines fetch an agent at once; try again in some seconds"),
          response);
      return response.set_header("Retry-After", soon_s);
    }
    order_.body = answer.file->bytes;
    announce(*order_.body, answer.type, response);
  }

  void answer_with_stream(const httplib::Request& request, httplib::Response& response) {
    if (request.method == "HEAD") return announce_stream(response);
    order_.place = streams_.reserve();
    if (!order_.place) {
      put(refusal(503, "too_much",
                  fmt::format("{} streams are open, which are all that there may be; close a dashboard",
                              limits::streams_max)),
          response);
      return response.set_header("Retry-After", soon_s);
    }
    order_.is_stream = true;
    announce_stream(response);
  }

  Snapshots& snapshots_;
  const AgentFiles& agents_;
  const OwnNames& names_;
  Deliveries& deliveries_;
  Streams& streams_;

  // ---- of the request that is being answered
  std::string accept_encoding_;
  Order order_;
};

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpAddress& address, Snapshots& from, const AgentFiles& files, const Clock& with,
        const std::vector<std::string>& own)
      : snapshots(from),
        agents(files),
        names(own),
        listener(address),
        deliveries(with),
        streams(from, with),
        entrance(listener, with) {}

  void answer_until_closed() {
    give_way();  // to the turn
    Pages pages(snapshots, agents, names, deliveries, streams);
    while (auto visitor = entrance.next()) pages.serve(std::move(*visitor));
  }

  Snapshots& snapshots;
  const AgentFiles& agents;
  const OwnNames names;
  const Listener listener;
  Deliveries deliveries;
  Streams streams;
  Entrance entrance;
  std::vector<std::thread> threads;
};

HttpServer::HttpServer(const HttpAddress& address, Snapshots& snapshots, const AgentFiles& agents,
                       const Clock& clock, const std::vector<std::string>& names)
    : parts_(std::make_unique<Parts>(address, snapshots, agents, clock, names)) {
  for (std::size_t i = 0; i < limits::http_threads; ++i)
    parts_->threads.emplace_back(&Parts::answer_until_closed, parts_.get());
}

HttpServer::~HttpServer() {
  parts_->entrance.close();
  parts_->snapshots.close();
  for (std::thread& thread : parts_->threads) thread.join();
}

const HttpAddress& HttpServer::address() const { return parts_->listener.address(); }

}  // namespace pq
