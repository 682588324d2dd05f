// Where the fuzzers begin, beside the corpus that is kept: every message that the unit tests know, and words
// of each grammar. Written anew for each run, so that a new message is fuzzed from its first day:
//   pq-fuzz-seeds DIR    writes DIR/TARGET/…
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/keys.h"
#include "daemon/gate/authorized_keys.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/unit/wire_samples.h"

namespace {

namespace fs = std::filesystem;
using namespace pq;
using namespace pq::tests;

// libFuzzer would cut a longer one; the widest messages are the unit tests' affair.
constexpr std::size_t seed_bytes_max = 4096;

void write_seeds(const fs::path& dir, const std::vector<std::string>& seeds) {
  fs::create_directories(dir);
  std::size_t number = 0;
  for (const std::string& seed : seeds) {
    if (seed.size() > seed_bytes_max) continue;
    std::ofstream file(dir / std::to_string(++number), std::ios::binary);
    file << seed;
    if (!file.flush())
      throw fs::filesystem_error("cannot write", dir, std::make_error_code(std::errc::io_error));
  }
}

std::vector<std::string> messages() {
  std::vector<std::string> seeds;
  for (const Sample& sample : all_samples()) seeds.push_back(sample.bytes);
  return seeds;
}

std::vector<std::string> reports() {
  std::vector<std::string> seeds = {
      "/healthz",
      "/api/v1/jobs",
      "/api/v1/jobs/7",
      "/api/v1/agents",
      "/",
      "GET /api/v1/events?limit=1 HTTP/1.1\r\nHost: head:7701\r\nAccept-Encoding: gzip\r\n\r\n",
      "HEAD /?a=%41+b HTTP/1.0\r\nHost: evil\r\nIf-None-Match: *\r\n\r\n"};
  for (const auto& body : answers()) seeds.push_back(encode(Letter<HeadToClient>{3, body}));
  return seeds;
}

std::vector<std::string> numbers() {
  return {"1e7:6e7",    "1e7:+5e7",  "10_000_000:60_000_000",
          "2^64-1",     "1.5e7",     "0:2^64-1",
          "500ms",      "106751d",   "30s",
          "5m",         "1h",        "-17",
          "0.25",       "-1.5e-300", "127.0.0.1:7701",
          "[::1]:7701", "*:*",       "170141183460469231731687303715884105727"};
}

// The first byte says which text it is (keys.cpp).
std::vector<std::string> keys() {
  const std::string key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  const std::string secret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
  const JoinToken token{"tcp://10.0.0.1:7700", key, secret};
  using namespace std::string_literals;
  return {"\0# who may speak\n"s + authorized_keys_line({Role::agent, key, "fleet", 1'800'000'000'000}) +
              "\nviewer " + secret + " web\n",
          "\1\0\5x\0head key, 32 bytes of anything .agent's secret, 32 bytes of it.tcp://10.0.0.1:7700"s,
          "\2" + to_text(token), "\3public " + key + "\nsecret " + secret + "\n", "\4" + key};
}

// Scripts without any sense: the fuzzer finds out what they can say (play.cpp).
std::vector<std::string> plays() {
  std::vector<std::string> seeds;
  std::uint64_t state = 0;
  for (int i = 0; i < 40; ++i) {
    std::string& script = seeds.emplace_back();
    while (script.size() < 256) script += static_cast<char>(mix(++state) & 255U);
  }
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "pq-fuzz-seeds: give the directory for the seeds\n");
    return 2;
  }
  const fs::path dir = argv[1];
  write_seeds(dir / "decoders", messages());
  write_seeds(dir / "reports", reports());
  write_seeds(dir / "numbers", numbers());
  write_seeds(dir / "keys", keys());
  write_seeds(dir / "turns", plays());
  return 0;
}
