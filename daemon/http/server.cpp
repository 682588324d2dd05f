#include "daemon/http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/http/limits.h"
#include "daemon/http/priority.h"

namespace pq::http {
namespace {

enum Watched : ConnectionId { stop, newcomers, rendered };  // beside the connections

// After a call that failed: the socket is only not ready.
bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// How many bytes the socket takes now; nullopt: the connection has failed.
std::optional<std::size_t> send_some(const Connection& connection, std::string_view bytes, int flags = 0) {
  const ssize_t count = ::send(connection.socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
  if (count < 0 && !would_wait()) return std::nullopt;
  return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
}

// What the kernel keeps for a client that does not read is bounded too, in bytes and in time.
void bound_kernel(int fd) {
  const int bytes = limits::stream_socket_bytes;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  const auto patience = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(limits::stream_behind_longest).count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
}

Response too_much(const std::string& text) { return refusal_response(503, "too_much", text); }

// All bytes of a response to whoever comes when there is no descriptor for them.
std::string_view no_descriptors() {
  static const Response response = too_much(
      "the head has no descriptor left for another connection; raise its limit (LimitNOFILE, ulimit -n), or "
      "try again in some seconds");
  static const std::string bytes = response.head + std::string(response.body);
  return bytes;
}

}  // namespace

Server::Server(const HttpAddress& address, Snapshots& snapshots, const AgentFiles& agents, const Clock& clock,
               const std::vector<std::string>& names, Offer offer)
    : snapshots_(snapshots),
      agents_(agents),
      clock_(clock),
      names_(names),
      offer_(offer),
      listener_(address),
      renderer_(snapshots, agents) {
  connections_.watch(stop_.fd(), Watched::stop);
  connections_.watch(listener_.fd(), Watched::newcomers);
  connections_.watch(renderer_.fd(), Watched::rendered);
  thread_ = std::thread(&Server::run, this);
}

Server::~Server() {
  stop_.set();
  thread_.join();
  snapshots_.close();  // the renderer may wait for one
}

void Server::run() {
  give_way();  // to the turn
  while (!stop_.is_set()) {
    const bool awaits_news = connections_.has_any<Listening>() && !streams_.is_rendering;
    const Instant wake_at = std::min(awaits_news ? streams_.news_at : Instant::never(), accepts_at_);
    const auto ready = connections_.wait(wake_at, clock_.now().instant);
    const Instant now = clock_.now().instant;
    for (const epoll_event& event : ready) {
      if (event.data.u64 == Watched::newcomers) accept_some(now);
      if (event.data.u64 == Watched::rendered) take_rendered(now);
      if (Connection* known = connections_.find(event.data.u64)) advance(*known, event.events, now);
    }
    connections_.close_overdue(now);
    ask_for_news(now);
    accept_again(now);
  }
}

// Not all at once: those who are here already are served in between.
void Server::accept_some(Instant now) {
  for (std::size_t i = 0; i < limits::visitors_accepted_at_once; ++i) {
    Descriptor socket = listener_.accept();
    if (!socket.is_open()) {
      if (errno == EAGAIN) return;
      const bool is_full = errno == EMFILE || errno == ENFILE;
      const auto turned = is_full ? listener_.turn_away(no_descriptors()) : Listener::Turned::none_to_spare;
      if (turned == Listener::Turned::nobody_waits) return;
      if (turned == Listener::Turned::away) continue;
      // No descriptors, no memory: it passes, or others report it.
      accepts_at_ = now + limits::accept_pause;
      return connections_.set_watched(listener_.fd(), Watched::newcomers, false);
    }
    // Most have sent their request by now.
    advance(connections_.add(std::move(socket), now + limits::http_exchange_longest), EPOLLIN, now);
  }
}

void Server::accept_again(Instant now) {
  if (now < accepts_at_) return;
  accepts_at_ = Instant::never();
  connections_.set_watched(listener_.fd(), Watched::newcomers, true);
}

void Server::advance(Connection& connection, std::uint32_t events, Instant now) {
  Connection::State& state = connection.state;
  if (auto* reading = std::get_if<Reading>(&state)) {
    read(connection, *reading, now);
  } else if (auto* writing = std::get_if<Writing>(&state)) {
    write_more(connection, *writing, now);
  } else if (auto* delivering = std::get_if<Delivering>(&state)) {
    write_more(connection, *delivering, now);
  } else if (auto* listening = std::get_if<Listening>(&state); listening != nullptr && events == EPOLLOUT) {
    send_events(connection, *listening);
  } else if (std::holds_alternative<Closing>(state)) {
    drain(connection);
  } else {
    connection.socket.close();  // it has failed, has left, or sends what nobody asked for
  }
  connections_.settle(connection);
}

// ---------------------------------------------------------------- a request and its response

void Server::read(Connection& connection, Reading& reading, Instant now) {
  constexpr std::string_view end = "\r\n\r\n";
  std::array<char, 4096> part;
  std::string& bytes = reading.request;
  while (true) {
    const std::size_t room = std::min(part.size(), limits::http_request_bytes_max - bytes.size());
    const ssize_t count = ::recv(connection.socket.fd(), part.data(), room, 0);
    if (count < 0 && would_wait()) return;
    if (count < 0 || (count == 0 && bytes.empty())) return connection.socket.close();
    const std::size_t known = bytes.size() < end.size() ? 0 : bytes.size() - end.size();
    bytes.append(part.data(), static_cast<std::size_t>(count));
    const bool is_over = count == 0 || bytes.size() == limits::http_request_bytes_max;
    if (is_over || bytes.find(end, known) != std::string::npos) break;
  }
  if (auto request = parse_request(bytes)) return answer(connection, std::move(*request), now);
  write(connection, refusal_response(400, "malformed", "this is no HTTP request that pqd understands"), now);
}

void Server::answer(Connection& connection, Request request, Instant now) {
  Route route = offer_ == Offer::agents_alone ? route_to_agents(request, agents_)
                                              : http::route(request, names_, agents_);
  if (auto* response = std::get_if<Response>(&route)) return write(connection, std::move(*response), now);
  if (std::holds_alternative<WantsStream>(route)) return open_stream(connection, now);
  if (!connections_.has_room<Rendering>())
    return write(connection, too_much("too many wait for pages; try again in some seconds"), now);
  connection.state = Rendering{};
  connection.deadline = Instant::never();  // the renderer ends it
  renderer_.render(connection.id, std::move(request));
}

void Server::write(Connection& connection, Response response, Instant now) {
  if (response.is_agent && !connections_.has_room<Delivering>())
    response = too_much("too many machines fetch an agent at once; try again in some seconds");
  const bool is_agent = response.is_agent;
  const Instant ends_at = now + (is_agent ? limits::delivery_longest : limits::http_exchange_longest);
  connection.deadline = std::min(ends_at, now + limits::delivery_stall);
  Writing writing{std::move(response), ends_at};
  if (is_agent) {
    write_more(connection, connection.state.emplace<Delivering>(Delivering{std::move(writing)}), now);
  } else {
    write_more(connection, connection.state.emplace<Writing>(std::move(writing)), now);
  }
}

// As much as the socket takes now. A client that goes on has more time, but not beyond the end.
void Server::write_more(Connection& connection, Writing& writing, Instant now) {
  const std::string_view head = writing.response.head;
  const std::string_view body = writing.response.body;
  while (writing.sent < head.size() + body.size()) {
    const bool is_in_head = writing.sent < head.size();
    const std::string_view left =
        is_in_head ? head.substr(writing.sent) : body.substr(writing.sent - head.size());
    const auto sent = send_some(connection, left, is_in_head && !body.empty() ? MSG_MORE : 0);
    if (!sent) return connection.socket.close();
    if (*sent > 0) connection.deadline = std::min(writing.ends_at, now + limits::delivery_stall);
    writing.sent += *sent;
    if (*sent < left.size()) return;
  }
  // A socket that is closed with bytes unread is reset, and the client may lose the end.
  ::shutdown(connection.socket.fd(), SHUT_WR);
  connection.state = Closing{};
  connection.deadline = now + limits::http_farewell;
  drain(connection);
}

void Server::drain(Connection& connection) {
  std::array<char, 1 << 16> unread;
  const ssize_t count = ::recv(connection.socket.fd(), unread.data(), unread.size(), 0);
  if (count == 0 || (count < 0 && !would_wait())) connection.socket.close();
}

void Server::take_rendered(Instant now) {
  Renderer::Rendered rendered = renderer_.take();
  for (auto& [id, response] : rendered.pages) {
    Connection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    write(*connection, std::move(response), now);
    connections_.settle(*connection);
  }
  if (rendered.news) report(*rendered.news, now);
}

// ---------------------------------------------------------------- streams

void Server::open_stream(Connection& connection, Instant now) {
  if (!connections_.has_room<Listening>()) {
    return write(
        connection,
        too_much(fmt::format("{} streams are open, which are all that there may be; close a dashboard",
                             limits::streams_max)),
        now);
  }
  bound_kernel(connection.socket.fd());
  Listening& listening = connection.state.emplace<Listening>();
  listening.texts.push_back({std::make_shared<const std::string>(stream_head()), now});
  streams_.has_newcomer = true;
  send_events(connection, listening);
}

// As many as the socket takes.
void Server::send_events(Connection& connection, Listening& listening) {
  while (!listening.texts.empty()) {
    const auto& [text, since] = listening.texts.front();
    const auto sent = send_some(connection, std::string_view(*text).substr(listening.sent));
    if (!sent) return connection.socket.close();
    connection.deadline = since + limits::stream_behind_longest;
    listening.sent += *sent;
    if (listening.sent < text->size()) return;
    listening.texts.pop_front();
    listening.sent = 0;
  }
  connection.deadline = Instant::never();
}

// Changes once a second; the whole state as soon as a newcomer needs it.
void Server::ask_for_news(Instant now) {
  if (!connections_.has_any<Listening>()) {
    streams_.latest.reset();
    streams_.news_at = {};
  } else if (const bool are_due = now >= streams_.news_at;
             !streams_.is_rendering && (are_due || (streams_.has_newcomer && streams_.latest))) {
    streams_.is_rendering = true;
    renderer_.render({streams_.latest, are_due, std::exchange(streams_.has_newcomer, false)});
    if (are_due) streams_.news_at = now + limits::stream_pulse;
  }
}

void Server::report(const News& news, Instant now) {
  streams_.is_rendering = false;
  if (!news.snapshot) {
    streams_.has_newcomer = true;  // it waits for the next snapshot
    return;
  }
  if (news.snapshot != streams_.latest)
    streams_.news_at = std::max(streams_.news_at, now + limits::stream_pause_shortest);
  streams_.latest = news.snapshot;
  connections_.each<Listening>([&](Connection& connection, Listening& listening) {
    const auto& text = listening.has_state ? news.changes : news.whole;
    if (!text) return;
    std::size_t backlog = 0;  // behind what is being sent
    for (std::size_t i = 1; i < listening.texts.size(); ++i) backlog += listening.texts[i].text->size();
    // Who is so far behind is to come back for the whole.
    if (backlog > limits::stream_backlog_bytes_max) return connection.socket.close();
    listening.texts.push_back({text, now});
    listening.has_state = true;
    send_events(connection, listening);
  });
}

}  // namespace pq::http
