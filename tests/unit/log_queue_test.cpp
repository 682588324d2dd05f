#include "agent/programs/log_queue.h"
#include "common/protocol/limits.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace pq::tests {
namespace {

RunName run(std::uint64_t begin) { return {{1}, {{9}, begin}, {begin, begin + 10}, 1}; }

}  // namespace

TEST_CASE("pieces of one run and stream join, up to the size of a part") {
  LogQueue logs;
  CHECK(logs.is_empty());
  CHECK(logs.add(run(0), Stream::stderr_, "one "));
  CHECK(logs.add(run(10), Stream::stderr_, "other"));
  CHECK(logs.add(run(0), Stream::stderr_, "two"));
  CHECK(logs.add(run(0), Stream::stdout_, "three"));
  CHECK(logs.next_bytes() == 7);
  CHECK(logs.take_next().text.data == "one two");
  CHECK(logs.take_next().text.data == "other");
  CHECK(logs.take_next().stream == Stream::stdout_);
  CHECK(logs.is_empty());
  CHECK(logs.add(run(0), Stream::stderr_, std::string(limits::log_part_bytes_max + 1, 'x')));
  CHECK(logs.take_next().text.data.size() == limits::log_part_bytes_max);
  CHECK(logs.take_next().text.data.size() == 1);
}

TEST_CASE("no character is in two parts") {
  const std::string most(limits::log_part_bytes_max - 1, 'x');
  const auto takes_both = [](LogQueue& logs, const std::string& first, const std::string& second) {
    CHECK(logs.take_next().text.data == first);
    CHECK(logs.take_next().text.data == second);
    CHECK(logs.is_empty());
  };
  LogQueue logs;
  CHECK(logs.add(run(0), Stream::stderr_, most + "素数"));
  takes_both(logs, most, "素数");
  CHECK(logs.add(run(0), Stream::stderr_, most));
  CHECK(logs.add(run(0), Stream::stderr_, "素"));
  takes_both(logs, most, "素");
}

TEST_CASE("nothing joins the last words of a failed run") {
  LogQueue logs;
  CHECK(logs.add(run(0), Stream::pq, "before"));
  logs.add_failure(run(0), "exit status 1");
  CHECK(logs.add(run(0), Stream::pq, "after"));
  CHECK_FALSE(logs.take_next().failed);
  const LogPart failure = logs.take_next();
  CHECK(failure.failed);
  CHECK(failure.text.data == "exit status 1");
  CHECK(logs.take_next().text.data == "after");
}

TEST_CASE("what finds no room is dropped, and told once there is room again") {
  LogQueue logs;
  const std::string part(limits::log_part_bytes_max, 'x');
  while (logs.add(run(0), Stream::stderr_, part)) {
  }
  CHECK_FALSE(logs.add(run(0), Stream::stderr_, part));
  logs.take_next();
  CHECK(logs.add(run(10), Stream::stderr_, "x"));
  LogPart told;
  while (!logs.is_empty() && told.stream != Stream::pq) told = logs.take_next();
  CHECK(told.text.data == std::to_string(2 * part.size()) +
                              " bytes of logs were left out: more was printed than the head took\n");
  CHECK(logs.take_next().text.data == "x");
  CHECK(logs.is_empty());
}

}  // namespace pq::tests
