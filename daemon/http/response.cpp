#include "daemon/http/response.h"

#include <fmt/format.h>
#include <http_parser.h>

#include <utility>

#include "common/values/text.h"
#include "daemon/http/assets.h"
#include "daemon/view/answer.h"

namespace pq::http {
namespace {

// What is shown of the queue belongs to this page's own scripts and to nobody else's. A connection carries
// one response: a client that kept one open would keep others out.
constexpr std::string_view usual_headers =
    "Connection: close\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Frame-Options: DENY\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'; "
    "object-src 'none'\r\n";

std::string head(int status, std::string_view headers, std::string_view caching = "no-store") {
  return fmt::format("HTTP/1.1 {} {}\r\n{}Cache-Control: {}\r\n{}\r\n", status,
                     http_status_str(static_cast<http_status>(status)), usual_headers, caching, headers);
}

std::string described(std::string_view type, std::size_t size) {
  return fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", type, size);
}

// A browser may keep it, and asks each time whether it is still the same.
Response asset_response(const Asset& asset, const Request& request) {
  const AssetReply reply = reply_with(asset, request.if_none_match, request.accept_encoding);
  std::string headers = fmt::format("Vary: Accept-Encoding\r\nETag: {}\r\n", reply.etag);
  if (reply.is_gzipped) headers += "Content-Encoding: gzip\r\n";
  if (reply.status == 200) headers += described(type_of(asset), reply.bytes.size());
  return {.head = head(reply.status, headers, "no-cache"),
          .body = request.is_head() ? std::string_view() : reply.bytes};
}

// 421: "the server is not able to produce a response for this authority".
Response wrong_host(const Request& request) {
  const std::string name = request.host.substr(0, request.host.rfind(':'));
  const std::string way_out = OwnNames::may_be(name) ? ", or start pqd with --http-host " + name : "";
  return refusal_response(
      421, "wrong_host",
      fmt::format("HTTP is asked for as \"{}\", which is no name of this head; use its address{}",
                  printable(request.host), way_out),
      request.is_head());
}

// These say nothing of the queue.
bool is_for_everybody(std::string_view path) { return path == "/healthz" || path == "/readyz"; }

}  // namespace

Response response_with(std::shared_ptr<const HttpAnswer> answer, bool is_head, std::string_view headers) {
  Response response{.head =
                        head(answer->status, described(answer->type, answer->body.size()).append(headers))};
  if (is_head) return response;
  response.body = answer->body;
  response.owner = std::move(answer);
  return response;
}

Response refusal_response(int status, std::string_view word, std::string_view text, bool is_head) {
  const char* headers = status == 503 ? "Retry-After: 5\r\n" : status == 405 ? "Allow: GET, HEAD\r\n" : "";
  return response_with(std::make_shared<const HttpAnswer>(refusal(status, word, text)), is_head, headers);
}

Response agent_response(const Request& request, const std::vector<AgentFile>& agents) {
  auto answer = answer_about_agent(request.path, agents);
  if (answer.file == nullptr)
    return response_with(std::make_shared<const HttpAnswer>(std::move(answer)), request.is_head());
  const AgentFile& agent = *answer.file;
  const std::string headers = fmt::format("ETag: \"{}\"\r\n", to_text(agent.sha256));
  Response response{.head = head(200, headers + described(answer.type, agent.bytes->size()))};
  if (request.is_head()) return response;
  response.body = *agent.bytes;
  response.owner = agent.bytes;
  response.is_agent = true;
  return response;
}

std::string stream_head() {
  // Proxies would collect the events.
  return head(200, "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n");
}

Route route_to_agents(const Request& request, const AgentFiles& agents) {
  if (request.method != "GET" && !request.is_head())
    return refusal_response(405, "not_allowed", "HTTP is read-only here; GET is all that it takes");
  if (!asks_for_agent(request.path)) {
    return refusal_response(404, "no_such_page",
                            "nothing is here but /agents/ARCH, where ARCH is x86_64 or aarch64",
                            request.is_head());
  }
  const std::vector<AgentFile>* ready = agents.ready();
  return ready != nullptr ? Route(agent_response(request, *ready)) : NeedsRendering();
}

Route route(const Request& request, const OwnNames& names, const AgentFiles& agents) {
  const bool is_head = request.is_head();
  if ((request.method != "GET" && !is_head) || asks_for_agent(request.path))
    return route_to_agents(request, agents);
  if (is_for_everybody(request.path)) return NeedsRendering();
  if (request.hosts != 1)
    return refusal_response(400, "malformed", "a request names one Host, and this one does not", is_head);
  if (!names.has(request.host)) return wrong_host(request);
  if (const Asset* asset = asset_at(request.path)) return asset_response(*asset, request);
  if (request.path != "/api/v1/stream") return NeedsRendering();
  return is_head ? Route(Response{.head = stream_head()}) : WantsStream();
}

}  // namespace pq::http
