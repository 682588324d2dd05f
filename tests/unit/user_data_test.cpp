#include "client/user_data.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

WorkerDocument worker() {
  return {.head_endpoint = "tcp://10.0.0.5:7700",
          .key_name = "spot",
          .token = "pq1_00ff",
          .agent_url = "http://10.0.0.5:7702/agents/{arch}",
          .agents = {{.arch = "x86_64", .size = 3, .sha256 = sha256_of("abc")}},
          .settings = {{"PQ_SLOTS", "4"}},
          .patience = 90s};
}

}  // namespace

TEST_CASE("a shell reads a word as what it is, and systemd a setting") {
  CHECK(shell_word("plain") == "'plain'");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's $HOME `id`\\") == "'it'\\''s $HOME `id`\\'");
  CHECK(setting_line({"PQ_LABEL", R"(a="b" $c `d` \e 'f')"}) == R"(PQ_LABEL="a=\"b\" \$c \`d\` \\e 'f'")");
}

TEST_CASE("a worker's document holds its token, its settings and the hash of its agent") {
  const std::string text = cloud_config(worker());
  CHECK(text.starts_with("#cloud-config\n"));
  CHECK(says(text, "\n    pq1_00ff\n"));
  CHECK(says(text, "\n    PQ_SLOTS=\"4\"\n"));
  CHECK(says(text, "\n    url='http://10.0.0.5:7702/agents/{arch}'\n"));
  CHECK(says(text, "\n      x86_64) sha256=" + to_text(sha256_of("abc")) + " ;;\n"));
  CHECK(says(text, "\n    patience_s=90\n"));
  CHECK_FALSE(says(text, "{{"));
  CHECK(text.size() < user_data_bytes_max);
}

TEST_CASE("a worker is powered off at its end, and looser where programs run, only if it is to be so") {
  WorkerDocument document = worker();
  CHECK(says(cloud_config(document), "pq-agent.service.d/cloud.conf"));
  CHECK(says(cloud_config(document), "powers_off=yes"));
  CHECK_FALSE(says(cloud_config(document), "pq-agent.service.d/exec.conf"));
  document.powers_off = false;
  document.allows_exec = true;
  CHECK_FALSE(says(cloud_config(document), "pq-agent.service.d/cloud.conf"));
  CHECK(says(cloud_config(document), "powers_off=no"));
  CHECK(says(cloud_config(document), "pq-agent.service.d/exec.conf"));
}

TEST_CASE("what looks like a part of a template stays what it is, and lines stay within their file") {
  WorkerDocument document = worker();
  document.agent_url = "http://x/{{token}}?{{url}}";
  document.settings = {{"PQ_LABEL", "a={{unit}}\nb=# - :"}};
  const std::string text = cloud_config(document);
  CHECK(says(text, "url='http://x/{{token}}?{{url}}'"));
  CHECK(says(text, "\n    PQ_LABEL=\"a={{unit}}\n    b=# - :\"\n"));
}

TEST_CASE("a head's document names its volume and its packages") {
  const std::string text = cloud_config(HeadDocument{
      .device = "/dev/xvdb",
      .settings = {{"PQD_AGENTS_HTTP", "0.0.0.0:7702"}},
      .packages = {
          {.format = "deb", .arch = "x86_64", .sha256 = sha256_of("abc"), .url = "https://x/a.deb"}}});
  CHECK(text.starts_with("#cloud-config\n"));
  CHECK(says(text, "\n    device='/dev/xvdb'\n"));
  CHECK(says(text, "\n    PQD_AGENTS_HTTP=\"0.0.0.0:7702\"\n"));
  CHECK(says(text, "\n    deb x86_64 " + to_text(sha256_of("abc")) + " https://x/a.deb\n"));
  CHECK(says(text, "RequiresMountsFor=/var/lib/pqd"));
  CHECK_FALSE(says(text, "{{"));
  CHECK(text.size() < user_data_bytes_max);
}

}  // namespace pq::tests
