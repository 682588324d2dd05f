// What a system keeps about a program: its manual page and its completions, of the Usage that --help is made
// of.
#include "common/cli/pages.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace pq;
using namespace pq::tests;

namespace {

Usage some_usage() {
  return {.program = "pq-some",
          .synopsis = "one [FLAGS] | two -- PROGRAM…",
          .purpose = "does 'this' and that",
          .description = "First of all.\nThen .bashrc and C:\\dos.",
          .flags = {{"in", "FILE", "read [this]: 2^40 at most"},
                    {"mode", "fast|slow", "how"},
                    {"level", "LEVEL", "high or low", {}, {"high", "low"}},
                    {"size", "2G|all", "how much"},
                    {"quiet", "", "say less", "q"}},
          .statuses = {{ExitStatus::done, "done"}},
          .section = 8,
          .words = {{"", {"one", "two"}}, {"one", {"more"}}}};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a manual page tells all that --help tells, and nothing in it steers troff") {
  const std::string page = manual_page(some_usage(), "2026-12-01");
  CHECK(page.starts_with(".TH PQ\\-SOME 8 2026-12-01 \"pq "));
  CHECK(has(page, "\npq\\-some \\- does \\(aqthis\\(aq and that\n"));
  CHECK(has(
      page,
      ".SH SYNOPSIS\n\\fBpq\\-some\\fR one [FLAGS]\n.br\n\\fBpq\\-some\\fR two \\-\\- PROGRAM\\[u2026]\n"));
  CHECK(has(page, "\nFirst of all. Then .bashrc and C:\\edos.\n"));
  CHECK(has(page, ".TP\n\\fB\\-\\-in\\fR \\fIFILE\\fR\nread [this]: 2\\(ha40 at most\n.RB [ PQ_IN ]\n"));
  CHECK(has(page, ".TP\n\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\nsay less\n"));
  CHECK(has(page, "\\fB\\-\\-version\\fR"));
  CHECK(has(page, ".SH EXIT STATUS\n.TP\n0\ndone\n"));
  Usage usage = some_usage();
  usage.description = ".so /etc/passwd";
  CHECK(has(manual_page(usage, ""), "\n\\&.so /etc/passwd\n"));
  usage.description = "word " + std::string(80, 'x') + " .so";
  CHECK(has(manual_page(usage, ""), "word\n" + std::string(80, 'x') + "\n\\&.so\n"));
}

TEST_CASE("a flag is completed to what it can be") {
  const std::string bash = bash_completion(some_usage());
  CHECK(has(bash, "--in) _pq_paths -f; return ;;"));
  CHECK(has(bash, "--mode) words='fast slow' ;;"));
  CHECK(has(bash, "--level) words='high low' ;;"));
  CHECK(has(bash, "--size) return ;;"));
  CHECK(has(bash, "one) words='more' ;;"));
  CHECK(has(bash, "*) words='one two --in --mode --level --size --quiet -q --help -h --version' ;;"));
  CHECK(bash.ends_with("complete -F _pq_some pq-some\n"));
  const std::string zsh = zsh_completion(some_usage());
  CHECK(zsh.starts_with("#compdef pq-some\n"));
  CHECK(has(zsh, "'*--in=[read \\[this\\]\\: 2^40 at most]:FILE:_files'"));
  CHECK(has(zsh, "'(-q --quiet)'{-q,--quiet}'[say less]'"));
  CHECK(has(zsh, "'2:word:(more)'"));
}

TEST_CASE("only a program that runs another one completes what is behind its dashes") {
  Usage usage = some_usage();
  CHECK_FALSE(has(bash_completion(usage), "_pq_is_behind_dashes &&"));
  CHECK_FALSE(has(zsh_completion(usage), "_normal"));
  usage.runs_program = true;
  CHECK(has(bash_completion(usage), "_pq_is_behind_dashes &&"));
  CHECK(has(zsh_completion(usage), "'*::program:_normal'"));
}

TEST_CASE("a program whose words are other programs completes to theirs") {
  const Usage family{.program = "pq",
                     .synopsis = "COMMAND",
                     .purpose = "all",
                     .commands = {std::make_shared<const Usage>(some_usage())}};
  const std::string bash = bash_completion(family);
  CHECK(has(bash, "complete -F _pq_some pq-some\n"));
  CHECK(has(bash, "    some) _pq_some ;;\n"));
  CHECK(has(manual_page(family, ""), ".TP\n.BR pq\\-some (8)\ndoes"));
  CHECK(has(zsh_completion(family), "'some:does '\\''this'\\'' and that'"));
}

TEST_CASE("the day of a page is that of the build, and a page of another kind is refused") {
  CHECK_THROWS_AS(page_of(some_usage(), "html"), EnvironmentError);
  setenv("SOURCE_DATE_EPOCH", "1795000000", 1);
  CHECK(has(page_of(some_usage(), "man"), " 8 2026-11-18 \"pq"));
  setenv("SOURCE_DATE_EPOCH", "soon", 1);
  CHECK(has(page_of(some_usage(), "man"), " 8 \"\" \"pq"));
  unsetenv("SOURCE_DATE_EPOCH");
}
