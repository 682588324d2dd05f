// Agents that the head hands out by HTTP: many clients at once, slow ones and ones that go away among them.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "common/values/sha256.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/limits.h"
#include "daemon/http/server.h"
#include "daemon/view/snapshots.h"
#include "tests/rooms.h"
#include "tests/unit/http_site.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view page = "/agents/x86_64";

// More than sockets hold by themselves, and no part of it like another.
std::string program_bytes() {
  std::string bytes;
  for (std::uint32_t i = 0; bytes.size() < (std::size_t{8} << 20); ++i) bytes += std::to_string(i) + '\n';
  return bytes;
}

struct AgentSite {
  explicit AgentSite(const std::string& name = "pq-agent-x86_64") {
    std::ofstream(scratch.path() / name, std::ios::binary) << program;
    agents.emplace(scratch.path());
    server.emplace(HttpAddress{.host = "127.0.0.1"}, snapshots, *agents, clock);
  }

  httplib::Client client() const {
    httplib::Client made("127.0.0.1", server->address().port);
    made.set_connection_timeout(patience_max);
    made.set_read_timeout(patience_max);
    return made;
  }

  // A client that asks, and takes what it likes.
  int asks() const {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(server->address().port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    const std::string request = "GET " + std::string(page) + " HTTP/1.1\r\n\r\n";
    REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
    return fd;
  }

  const std::string program = program_bytes();
  ScratchDir scratch;
  TestClock clock;  // stands still: nobody is cut off because this machine is slow
  Snapshots snapshots{clock};
  std::optional<AgentFiles> agents;
  std::optional<HttpServer> server;
};

// How many bytes; 0: the server has closed.
std::size_t takes_some(int fd) {
  std::array<char, 512> part{};
  const ssize_t count = ::recv(fd, part.data(), part.size(), 0);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace

TEST_CASE("an agent is handed out whole, and known by its hash") {
  const AgentSite site;
  const auto heard = site.client().Get(std::string(page));
  REQUIRE(heard);
  CHECK(heard->status == 200);
  CHECK(heard->body == site.program);
  const auto says = [&](const httplib::Response& response) {
    CHECK(response.get_header_value("Content-Length") == std::to_string(site.program.size()));
    CHECK(response.get_header_value("Content-Type") == "application/octet-stream");
    CHECK(response.get_header_value("ETag") == '"' + to_text(sha256_of(site.program)) + '"');
  };
  says(*heard);
  const auto head = site.client().Head(std::string(page));
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body.empty());
  says(*head);
  const auto part = site.client().Get(std::string(page), {{"Range", "bytes=0-1"}});
  REQUIRE(part);
  CHECK(part->body == site.program);
}

TEST_CASE("an agent that is not there is a 404 that names those that are") {
  const AgentSite site;
  for (const char* path : {"/agents/aarch64", "/agents/", "/agents/x86_64/", "/agents/../x86_64"}) {
    CAPTURE(path);
    const auto heard = site.client().Get(path);
    REQUIRE(heard);
    CHECK(heard->status == 404);
    CHECK(says(heard->body, "there is /agents/x86_64"));
  }
  const AgentSite none("something-else");
  const auto heard = none.client().Get(std::string(page));
  REQUIRE(heard);
  CHECK(heard->status == 404);
  CHECK(says(heard->body, "install the package pq-head"));
}

TEST_CASE("a fleet that boots at once gets its agents, past clients that take nothing") {
  AgentSite site;
  std::list<int> idle;
  for (int i = 0; i < 50; ++i) idle.push_back(site.asks());
  std::vector<std::future<bool>> fleet;
  for (int i = 0; i < 100; ++i) {
    fleet.push_back(std::async(std::launch::async, [&] {
      const auto heard = site.client().Get(std::string(page));
      return heard && heard->status == 200 && heard->body == site.program;
    }));
  }
  int complete = 0;
  for (auto& machine : fleet) complete += machine.get() ? 1 : 0;
  CHECK(complete == 100);
  for (const int fd : idle) CHECK(takes_some(fd) > 0);
  expect_to_return([&] { site.server.reset(); });  // the stop waits for none of them
  for (const int fd : idle) ::close(fd);
}

TEST_CASE("who finds no place is told when to come again, and places become free") {
  const AgentSite site;
  std::list<int> idle;
  for (std::size_t i = 0; i < limits::deliveries_max; ++i) {
    idle.push_back(site.asks());
    REQUIRE(takes_some(idle.back()) > 0);
  }
  const auto heard = site.client().Get(std::string(page));
  REQUIRE(heard);
  CHECK(heard->status == 503);
  CHECK(heard->has_header("Retry-After"));
  CHECK(says(heard->body, "try again"));
  for (const int fd : idle) ::close(fd);
  const Instant end = instant_now() + patience_max;
  while (true) {
    const auto again = site.client().Get(std::string(page));
    if (again && again->status == 200) break;
    REQUIRE(instant_now() < end);
  }
}

TEST_CASE("who takes nothing of an agent for too long loses the place") {
  AgentSite site;
  const int idle = site.asks();
  std::size_t taken = takes_some(idle);
  REQUIRE(taken > 0);
  site.clock.passes(limits::delivery_stall);
  CHECK(site.client().Get(std::string(page))->status == 200);  // which makes the server look at the time
  for (std::size_t more = takes_some(idle); more > 0; more = takes_some(idle)) taken += more;
  CHECK(taken < site.program.size());
  ::close(idle);
}

TEST_CASE("files that are no program are not handed out") {
  const ScratchDir scratch;
  std::ofstream(scratch.path() / "pq-agent-x86_64");
  std::filesystem::create_directory(scratch.path() / "pq-agent-aarch64");
  CHECK(AgentFiles(scratch.path()).all().empty());
  CHECK(AgentFiles(scratch.path() / "nowhere").all().empty());
}

}  // namespace pq::tests
