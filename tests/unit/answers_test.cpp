// Which line of a program answers which question.
#include "agent/programs/answers.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

std::string value_of(Answers& answers, Range asked, bool wants_value = true) {
  REQUIRE(answers.has_line());
  const auto answer = answers.take(asked, wants_value);
  return answer ? answer->value : "flaw: " + answer.error();
}

}  // namespace

TEST_CASE("a line is the answer to one question, whatever it says") {
  Answers answers;
  answers.add("5\n 6.5 \n\n5 6 7");
  CHECK(value_of(answers, {0, 1}) == "5");
  CHECK(answers.surplus() == "6.5");
  CHECK(value_of(answers, {1, 2}) == "6.5");
  CHECK(answers.surplus() == "5 6 7");
  CHECK(value_of(answers, {2, 3}).empty());
  CHECK_FALSE(answers.has_line());
  CHECK(answers.surplus() == "5 6 7");
  CHECK_FALSE(answers.is_echoing());
  Answers blank;
  blank.add("  ");
  CHECK_FALSE(blank.surplus().has_value());
  blank.add("\n");  // an empty line would be an answer too
  CHECK(blank.surplus() == "");
}

TEST_CASE("an answer that begins with its question is known as its answer") {
  Answers answers;
  answers.add("10 20 5\n");
  CHECK(value_of(answers, {10, 20}) == "5");
  CHECK(answers.is_echoing());
  CHECK_FALSE(answers.surplus().has_value());
  answers.add("18446744073709551614 18446744073709551615 -7\n20 30\n30 40 1 2\n");
  CHECK(value_of(answers, {18446744073709551614U, 18446744073709551615U}) == "-7");
  CHECK(value_of(answers, {20, 30}).empty());
  CHECK(value_of(answers, {30, 40}) == "1 2");
}

TEST_CASE("an answer to another question is none") {
  Answers answers;
  answers.add("0 10 5\n");
  CHECK(says(value_of(answers, {10, 20}), "answered for 0 10 when it was asked for 10 20"));
  answers.add("10 20 5\n0 10\n7\n");
  CHECK(value_of(answers, {10, 20}) == "5");
  CHECK(says(value_of(answers, {20, 30}), "answered for 0 10 when"));
  CHECK(says(value_of(answers, {30, 40}), "answered \"7\" without the 30 40"));
}

TEST_CASE("where no value is wanted a line may have any two numbers, unless the program has echoed") {
  Answers answers;
  answers.add("3 4 x\n0 1\n9 9 9\n");
  CHECK(value_of(answers, {0, 1}, false) == "3 4 x");
  CHECK_FALSE(answers.is_echoing());
  CHECK(value_of(answers, {0, 1}, false).empty());
  CHECK(says(value_of(answers, {1, 2}, false), "answered for 9 9"));
}

}  // namespace pq::tests
