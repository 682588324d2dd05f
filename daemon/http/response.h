// What pqd answers by HTTP, as bytes to be sent: the headers that every response has, and the bodies, which
// are shared and never copied for a client.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/http/agent_files.h"
#include "daemon/http/own_names.h"
#include "daemon/http/request.h"
#include "daemon/view/http_answer.h"

namespace pq::http {

struct Response {
  std::string head;
  std::string_view body = {};
  std::shared_ptr<const void> owner = nullptr;  // of the body
  bool is_agent = false;                        // the body is an agent's program
};

// `headers` go with the usual ones, each with its line's end. To HEAD the response has no body.
Response response_with(std::shared_ptr<const HttpAnswer> answer, bool is_head, std::string_view headers = {});

// A "no" of this status; 503 says when to try again.
Response refusal_response(int status, std::string_view word, std::string_view text, bool is_head = false);

// The program that `path` asks for, or that there is none.
Response agent_response(const Request& request, const std::vector<AgentFile>& agents);

// The response begins, and events follow for as long as the client listens.
std::string stream_head();

struct NeedsRendering {};
struct WantsStream {};

// What a request is answered with. Only what needs a snapshot, or agents that are still being read, is left
// to be rendered.
using Route = std::variant<Response, NeedsRendering, WantsStream>;
Route route(const Request& request, const OwnNames& names, const AgentFiles& agents);
// The same where only agents are handed out, to whoever asks.
Route route_to_agents(const Request& request, const AgentFiles& agents);

}  // namespace pq::http
