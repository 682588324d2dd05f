#include "common/net/keys.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/os/files.h"
#include "common/os/paths.h"
#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

// From the page of ZeroMQ's CURVE (RFC 26): a pair that others computed.
const KeyPair known_pair{.public_key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
                         .secret_key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"};

unsigned mode_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

void put(const fs::path& path, std::string_view text) {
  fs::remove(path);
  REQUIRE(write_new_file(path, text).has_value());
}

std::string message_of(const fs::path& key_file) {
  try {
    read_key_file(key_file);
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "";
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

CredentialSources sources_in(const fs::path& state_dir) {
  CredentialSources sources;
  sources.state_dir = state_dir;
  return sources;
}

// The files that a head writes into its state directory.
struct HeadState {
  HeadState() {
    fs::create_directories(paths.dir / "keys");
    put(paths.head_public_key(), head.public_key + "\n");
    put(paths.head_endpoint(), "tcp://127.0.0.1:7777\n");
    write_key_file(paths.operator_key(), own);
    write_key_file(paths.agent_key(), agent);
  }

  CredentialSources sources() const { return sources_in(paths.dir); }

  ScratchDir scratch;
  StatePaths paths = scratch.state();
  KeyPair head = new_key_pair();
  KeyPair own = new_key_pair();
  KeyPair agent = new_key_pair();
};

class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~ScopedEnvironment() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("a new key pair is two different keys that belong together") {
  const KeyPair keys = new_key_pair();
  CHECK(is_key(keys.public_key));
  CHECK(is_key(keys.secret_key));
  CHECK(keys.public_key != keys.secret_key);
  CHECK(public_key_of(keys.secret_key) == keys.public_key);
  CHECK(new_key_pair().secret_key != keys.secret_key);
}

TEST_CASE("the public key of a secret one is the one that others compute") {
  CHECK(public_key_of(known_pair.secret_key) == known_pair.public_key);
  CHECK_FALSE(public_key_of("no key").has_value());
}

TEST_CASE("a key is 40 characters of Z85 and nothing else") {
  const std::string key = known_pair.public_key;
  CHECK(is_key(key));
  CHECK_FALSE(is_key(""));
  CHECK_FALSE(is_key(key.substr(1)));
  CHECK_FALSE(is_key(key + "0"));
  CHECK_FALSE(is_key(key + key));
  CHECK_FALSE(is_key(key.substr(0, 39) + " "));
  CHECK_FALSE(is_key(key.substr(0, 39) + "\""));
  CHECK_FALSE(is_key(key.substr(0, 39) + "\xff"));
  CHECK_FALSE(is_key(key.substr(0, 39) + std::string(1, '\0')));
  CHECK_FALSE(is_key(std::string(40, '#')));  // 85^5 is more than 32 bits hold
}

TEST_CASE("a key file is its owner's alone and reads back as it was written") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "own.key";
  write_key_file(path, known_pair);
  CHECK(mode_of(path) == 0600);
  CHECK(bytes_of(path) == "public " + known_pair.public_key + "\nsecret " + known_pair.secret_key + "\n");
  const KeyPair read = read_key_file(path);
  CHECK(read.public_key == known_pair.public_key);
  CHECK(read.secret_key == known_pair.secret_key);
  CHECK(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("writing a key never replaces a file") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "own.key";
  write_key_file(path, known_pair);
  CHECK_THROWS_AS(write_key_file(path, new_key_pair()), EnvironmentError);
  CHECK(read_key_file(path).public_key == known_pair.public_key);
  CHECK_THROWS_AS(write_key_file(scratch.path() / "no" / "such" / "dir.key", known_pair), EnvironmentError);
}

TEST_CASE("a key file that others can read is refused, with the command that mends it") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "own.key";
  write_key_file(path, known_pair);
  for (const mode_t mode : {0644U, 0640U, 0604U, 0620U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(contains(message_of(path), "chmod 600 " + path.string()));
  }
  REQUIRE(::chmod(path.c_str(), 0400) == 0);
  CHECK(message_of(path) == "");
}

TEST_CASE("a file that holds no key pair is refused, and its error quotes no secret") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "own.key";
  CHECK(contains(message_of(path), "No such file"));
  const std::string stranger = new_key_pair().public_key;
  const std::string secret_line = "secret " + known_pair.secret_key + "\n";
  const std::vector<std::string> texts = {
      std::string(),
      std::string("hello\n"),
      secret_line,
      "public " + known_pair.public_key + "\n",
      "public " + known_pair.public_key + "\nsecret short\n",
      "public " + known_pair.public_key + "\n" + secret_line + secret_line,
      "public " + stranger + "\n" + secret_line,
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    put(path, text);
    CHECK(contains(message_of(path), path.string()));
    CHECK_FALSE(contains(message_of(path), known_pair.secret_key));
  }
}

TEST_CASE("a join token is one shell-safe word and reads back as it was") {
  const JoinToken token{.head_endpoint = "tcp://[2001:db8::1]:7700",
                        .head_public_key = known_pair.public_key,
                        .secret_key = known_pair.secret_key};
  const std::string text = to_text(token);
  CHECK(text.starts_with("pq1_"));
  CHECK(std::all_of(text.begin(), text.end(),
                    [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }));
  const auto parsed = parse_join_token(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->head_endpoint == token.head_endpoint);
  CHECK(parsed->head_public_key == token.head_public_key);
  CHECK(parsed->secret_key == token.secret_key);
}

TEST_CASE("a join token that lost or changed a character is refused") {
  const std::string text = to_text(JoinToken{.head_endpoint = "tcp://10.0.0.1:7700",
                                             .head_public_key = known_pair.public_key,
                                             .secret_key = known_pair.secret_key});
  REQUIRE(parse_join_token(text).has_value());
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse_join_token(text.substr(0, length)).has_value());
    std::string changed = text;
    changed[length] = text[length] == '7' ? '8' : '7';
    CHECK_FALSE(parse_join_token(changed).has_value());
  }
  CHECK_FALSE(parse_join_token(text + "00").has_value());
  CHECK_FALSE(parse_join_token(text + text).has_value());
  CHECK_FALSE(parse_join_token(" " + text).has_value());
}

TEST_CASE("a join token without an endpoint, or with an unprintable one, is refused") {
  for (const std::string endpoint : {"", "tcp://a b:1", "tcp://a\n:1"}) {
    CAPTURE(endpoint);
    CHECK_FALSE(parse_join_token(to_text(JoinToken{endpoint, known_pair.public_key, known_pair.secret_key}))
                    .has_value());
  }
}

TEST_CASE("a join token's endpoint has 512 characters at most") {
  const auto is_token = [](std::size_t size) {
    const JoinToken token{std::string(size, 'h'), known_pair.public_key, known_pair.secret_key};
    return parse_join_token(to_text(token)).has_value();
  };
  CHECK(is_token(512));
  CHECK_FALSE(is_token(513));
}

TEST_CASE("on the head's machine the state directory is enough") {
  const HeadState state;
  const auto found = find_credentials(state.sources());
  REQUIRE(found.has_value());
  CHECK(found->head_endpoint == "tcp://127.0.0.1:7777");
  CHECK(found->head_public_key == state.head.public_key);
  CHECK(found->own.secret_key == state.own.secret_key);
  CredentialSources sources = state.sources();
  sources.role = Role::agent;
  CHECK(find_credentials(sources)->own.secret_key == state.agent.secret_key);
}

TEST_CASE("a head that has left no address is looked for at the default one, and --head comes before both") {
  const HeadState state;
  CredentialSources sources = state.sources();
  sources.head_endpoint = "tcp://10.0.0.9:1";
  CHECK(find_credentials(sources)->head_endpoint == "tcp://10.0.0.9:1");
  fs::remove(state.paths.head_endpoint());
  CHECK(find_credentials(state.sources())->head_endpoint == "tcp://127.0.0.1:7700");
}

TEST_CASE("a join token comes before a key file, and a key file before the state directory") {
  const HeadState state;
  const KeyPair other_head = new_key_pair();
  const KeyPair joining = new_key_pair();
  const KeyPair filed = new_key_pair();
  CredentialSources sources = state.sources();
  sources.key_file = state.scratch.path() / "filed.key";
  write_key_file(*sources.key_file, filed);
  auto found = find_credentials(sources);
  REQUIRE(found.has_value());
  CHECK(found->own.public_key == filed.public_key);
  CHECK(found->head_public_key == state.head.public_key);
  CHECK(found->head_endpoint == "tcp://127.0.0.1:7777");

  sources.join_token = to_text(JoinToken{"tcp://10.0.0.1:7700", other_head.public_key, joining.secret_key});
  found = find_credentials(sources);
  REQUIRE(found.has_value());
  CHECK(found->own.public_key == joining.public_key);
  CHECK(found->own.secret_key == joining.secret_key);
  CHECK(found->head_public_key == other_head.public_key);
  CHECK(found->head_endpoint == "tcp://10.0.0.1:7700");
  sources.head_endpoint = "tcp://10.0.0.2:7700";
  CHECK(find_credentials(sources)->head_endpoint == "tcp://10.0.0.2:7700");
}

TEST_CASE("a key file may hold a join token, and then needs no state directory") {
  const ScratchDir scratch;
  const JoinToken token{"tcp://10.0.0.1:7700", new_key_pair().public_key, new_key_pair().secret_key};
  CredentialSources sources = sources_in(scratch.path() / "none");
  sources.key_file = scratch.path() / "token";
  put(*sources.key_file, to_text(token) + "\n");
  const auto found = find_credentials(sources);
  REQUIRE(found.has_value());
  CHECK(found->head_public_key == token.head_public_key);
  CHECK(found->own.secret_key == token.secret_key);
  put(*sources.key_file, to_text(token).substr(0, 100));
  CHECK(contains(find_credentials(sources).error(), "damaged"));
}

TEST_CASE("what is missing is named, with what to do") {
  const ScratchDir scratch;
  CredentialSources sources = sources_in(scratch.path());
  const std::string dir = scratch.path().string();
  CHECK(find_credentials(sources).error() == "no head has run with state directory " + dir +
                                                 " yet (head.public is missing); start pqd --state-dir " +
                                                 dir + ", or pass --state-dir, --key or --join");

  sources.key_file = scratch.path() / "own.key";
  CHECK(contains(find_credentials(sources).error(), "No such file"));
  write_key_file(*sources.key_file, new_key_pair());
  CHECK(contains(find_credentials(sources).error(), "does not say which head to trust"));

  sources.join_token = "pq1_0123";
  CHECK(contains(find_credentials(sources).error(), "--join"));
}

TEST_CASE("a state directory whose head key is damaged, or whose own key is missing, is an error") {
  const HeadState state;
  fs::remove(state.paths.operator_key());
  CHECK(contains(find_credentials(state.sources()).error(), state.paths.operator_key().string()));
  put(state.paths.head_public_key(), "nonsense\n");
  write_key_file(state.paths.operator_key(), state.own);
  CHECK(contains(find_credentials(state.sources()).error(), "holds no key"));
}

TEST_CASE("the state directory is the one that was said, else the supervisor's, else one that is writable") {
  const ScopedEnvironment home("HOME", "/home/someone");
  const ScopedEnvironment base("XDG_STATE_HOME", "/elsewhere");
  const ScopedEnvironment said("PQ_STATE_DIR", "/said");
  const ScopedEnvironment supervised("STATE_DIRECTORY", "/var/lib/one:/var/lib/two");
  CHECK(default_state_dir() == "/said");
  const ScopedEnvironment unsaid("PQ_STATE_DIR", "");
  CHECK(default_state_dir() == "/var/lib/one");
  const ScopedEnvironment unsupervised("STATE_DIRECTORY", "");
  if (fs::exists("/var/lib/pqd")) return;  // whether it may be used depends on who runs the tests
  CHECK(default_state_dir() == "/elsewhere/pq");
  const ScopedEnvironment relative("XDG_STATE_HOME", "elsewhere");
  CHECK(default_state_dir() == "/home/someone/.local/state/pq");
}

TEST_CASE("a line is appended whole, also to a file whose last line has no end") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "list";
  REQUIRE(append_line(path, "one").has_value());
  CHECK(mode_of(path) == 0600);
  CHECK(bytes_of(path) == "one\n");
  put(path, "one\ntwo");
  REQUIRE(append_line(path, "three").has_value());
  CHECK(bytes_of(path) == "one\ntwo\nthree\n");
}

TEST_CASE("a file that is replaced holds the new text and leaves nothing beside it") {
  const ScratchDir scratch;
  const fs::path path = scratch.path() / "head.endpoint";
  REQUIRE(replace_file(path, "a much longer text\n").has_value());
  REQUIRE(replace_file(path, "short\n").has_value());
  CHECK(bytes_of(path) == "short\n");
  CHECK(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()) == 1);
  CHECK_FALSE(replace_file(scratch.path() / "none" / "x", "text").has_value());
}

}  // namespace pq::tests
