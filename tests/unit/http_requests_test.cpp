// What HTTP reads of a request, and what it answers without a snapshot: no socket.

#include <doctest/doctest.h>

#include <string>

#include "daemon/http/request.h"
#include "daemon/http/response.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

std::string parsed(const std::string& head) {
  const auto request = http::parse_request(head);
  return request ? request->method + " " + request->path + " ? " + request->query : "none";
}

std::string head_of_response(const std::string& head) {
  const AgentFiles none("/nowhere");
  static_cast<void>(none.all());
  const http::Route route = http::route(http::parse_request(head).value(), OwnNames({"head"}), none);
  const auto* response = std::get_if<http::Response>(&route);
  return response == nullptr ? "" : response->head;
}

}  // namespace

TEST_CASE("a request is a method, a path and a query") {
  CHECK(parsed("GET / HTTP/1.1\r\n\r\n") == "GET / ? ");
  CHECK(parsed("GET /a?b=c&d HTTP/1.0\r\n\r\n") == "GET /a ? b=c&d");
  CHECK(parsed("HEAD /a%2Fb%20c?d=%41 HTTP/1.1\r\n\r\n") == "HEAD /a/b c ? d=%41");
  CHECK(parsed("GET /%4 HTTP/1.1\r\n\r\n") == "GET /%4 ? ");
  CHECK(parsed("GET /%zz%+1%41 HTTP/1.1\r\n\r\n") == "GET /%zz%+1A ? ");
  CHECK(parsed("GET http://head:7701/a?b HTTP/1.1\r\n\r\n") == "GET /a ? b");
  CHECK(parsed("CONNECT head:80 HTTP/1.1\r\n\r\n") == "CONNECT  ? ");
  CHECK(parsed("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /") == "POST / ? ");
  CHECK(parsed("\r\nGET / HTTP/1.1\r\n\r\n") == "GET / ? ");
}

TEST_CASE("what is no request of HTTP/1 is none, and neither is a part of one") {
  for (const char* head :
       {"", "\r\n\r\n", "nonsense\r\n\r\n", "GET\r\n\r\n", "FETCH / HTTP/1.1\r\n\r\n",
        "GET a HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nHost: head\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    CAPTURE(head);
    CHECK(parsed(head) == "none");
  }
}

TEST_CASE("of the headers those are kept that pqd reads, whatever their case") {
  const auto request = http::parse_request(
      "GET / HTTP/1.1\r\nhOST:  head:7701 \r\nX-Host: evil\r\nHostage: x\r\naccept-encoding: gzip\r\n"
      "If-None-Match: \"a\"\r\nEmpty:\r\n\r\n");
  REQUIRE(request);
  CHECK(request->hosts == 1);
  CHECK(request->host == "head:7701");
  CHECK(request->accept_encoding == "gzip");
  CHECK(request->if_none_match == "\"a\"");
  CHECK(http::parse_request("GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n").value().hosts == 2);
  CHECK(http::parse_request("GET / HTTP/1.1\r\nHost:\r\n\r\n").value().hosts == 1);
}

TEST_CASE("a query is a list of names with values") {
  CHECK(http::parse_query("").empty());
  CHECK(http::parse_query("&=x&&").empty());
  CHECK(http::parse_query("a=1&b&c=&d=x=y") == HttpQuery{{"a", "1"}, {"b", ""}, {"c", ""}, {"d", "x=y"}});
  CHECK(http::parse_query("a=1&a=2").count("a") == 2);
  CHECK(http::parse_query("what%3D=a+b%2Bc") == HttpQuery{{"what=", "a b+c"}});
}

TEST_CASE("no request puts a line into the head of its response") {
  for (const char* head :
       {"GET /agents/%0d%0aEvil:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: evil%0d%0aEvil:1\r\n\r\n",
        "GET /assets/main.js HTTP/1.1\r\nHost: head\r\nIf-None-Match: %0d%0aEvil:1\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n"}) {
    CAPTURE(head);
    const std::string response = head_of_response(head);
    CHECK(response.starts_with("HTTP/1.1 "));
    CHECK(response.find("\r\n\r\n") == response.size() - 4);
    CHECK(response.find("\nEvil") == std::string::npos);
  }
}

TEST_CASE("what needs a snapshot is left to the renderer") {
  CHECK(head_of_response("GET /healthz HTTP/1.1\r\n\r\n").empty());
  CHECK(head_of_response("GET /api/v1/jobs HTTP/1.1\r\nHost: head\r\n\r\n").empty());
  CHECK(
      head_of_response("HEAD /api/v1/stream HTTP/1.1\r\nHost: head\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
}

}  // namespace pq::tests
