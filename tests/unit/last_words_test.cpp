// The last line of what a program writes, however it comes.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "agent/programs/run_output.h"
#include "tests/rooms.h"

namespace pq::tests {

TEST_CASE("last words keep the blanks between two writes") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"cat: ", "foo", ": No such file\n"}, "cat: foo: No such file"},
      {{"cannot open:", " ", "file.txt\n"}, "cannot open: file.txt"},
      {{"a\tb ", "\t", " c"}, "a\tb \t c"},
      {{"first\n", "  ", "second"}, "  second"},
      {{"first\n", "\n \n", ""}, "first"},
      {{"first\nse", "cond \n", "\n\n"}, "second "},
      {{"one\ntwo\n  \n", "three\n four \n\n"}, " four "},
      {{"x ", "\n", "y"}, "y"},
      {{" ", "\n", " "}, ""},
  };
  for (const auto& [pieces, wanted] : cases) {
    LastLine whole;
    LastLine bytewise;
    for (const std::string& piece : pieces) {
      whole.add(piece);
      for (const char byte : piece) bytewise.add({&byte, 1});
    }
    const auto trimmed = [](std::string text) {
      text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
      return text;
    };
    CHECK(trimmed(whole.text()) == trimmed(wanted));
    CHECK(trimmed(bytewise.text()) == trimmed(wanted));
  }
}

TEST_CASE("last words are bounded, however long a line is") {
  LastLine line;
  for (int i = 0; i < 10000; ++i) line.add("word ");
  CHECK(line.text().size() <= 1024);
  line.add("\nend\n");
  CHECK(line.text() == "end");
}

}  // namespace pq::tests
