// The wire under bytes that no honest program sends, and with memory that runs out: the answer is always a
// message or a refusal.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/wire_samples.h"

namespace {

// Allocations that are still granted to this thread; below 0, all of them are.
thread_local int allocations_left = -1;

}  // namespace

// In place of the library's, for this whole test program: how else could memory run out at a chosen point?
void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(std::max<std::size_t>(size, 1))) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::string_literals;

// {v: 1, t: "ask_jobs", x: …}: a whole message but for what `x`, which is unknown, holds.
std::string question_with(const std::string& x) { return "\x83\xa1v\x01\xa1t\xa8"s + "ask_jobs\xa1x" + x; }

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

// Why the head refuses it; "accepted" if it does not.
std::string refused(std::string_view bytes) {
  const auto heard = decode_to_head(bytes);
  if (heard) return "accepted";
  return std::string(to_text(heard.error().word)) + ": " + heard.error().detail;
}

// ---------------------------------------------------------------- too little, too much

TEST_CASE("a message that is cut short anywhere is refused") {
  for (const Sample& sample : all_samples()) {
    REQUIRE(sample.recode(sample.bytes).has_value());
    const std::string_view bytes = sample.bytes;
    std::size_t refusals = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) refusals += !sample.recode(bytes.substr(0, size));
    CHECK(refusals == bytes.size());
  }
}

TEST_CASE("a message with a byte behind it is refused, whatever the byte") {
  for (const Sample& sample : all_samples()) {
    for (int byte = 0; byte < 256; ++byte) {
      const auto heard = sample.recode(sample.bytes + static_cast<char>(byte));
      REQUIRE_FALSE(heard.has_value());
      CHECK(heard.error().detail.ends_with("bytes after the end"));
    }
  }
}

TEST_CASE("every single byte, and no byte at all, is refused") {
  for (const Recode recode : all_ways) {
    CHECK_FALSE(recode("").has_value());
    for (int byte = 0; byte < 256; ++byte)
      CHECK_FALSE(recode(std::string(1, static_cast<char>(byte))).has_value());
  }
}

TEST_CASE("a message larger than its receiver takes is not even looked at") {
  std::string bytes = question_with("");
  bytes += "\xdb\x00\x10\x00\x00"s + std::string(limits::message_bytes_max, 'x');
  CHECK(refused(bytes) == "malformed: more than 1048576 bytes");
  const HeadToClient large = AgentsReport{std::vector(limits::agents_reported_max, agent_usual()), 0};
  const std::string report = encode(Letter<HeadToClient>{1, large});
  REQUIRE(report.size() > limits::message_bytes_max);
  CHECK(recode_at_client(report).has_value());  // a client trusts its head with more
}

// ---------------------------------------------------------------- sizes that are not there

TEST_CASE("a size that the bytes cannot keep is refused before room is made for it") {
  const std::string not_within = "malformed: not one msgpack object within the limits: ";
  for (const std::string& array :
       {"\xdd\xff\xff\xff\xff"s, "\xdd\x80\x00\x00\x00"s, "\xdc\xff\xff"s,
        "\xdc\x08\x00"s /* as many leases as a beat may have */, "\xdc\x00\xff"s}) {
    CHECK(refused(array) == not_within + "array size overflow");
    CHECK(refused(question_with(array)) == not_within + "array size overflow");
  }
  for (const std::string& map :
       {"\xdf\xff\xff\xff\xff"s, "\xdf\x80\x00\x00\x00"s, "\xde\xff\xff"s, "\xde\x00\x21"s}) {
    CHECK(refused(map) == not_within + "map size overflow");
    CHECK(refused(question_with(map)) == not_within + "map size overflow");
  }
  for (const std::string& text : {"\xdb\xff\xff\xff\xff"s, "\xdb\x80\x00\x00\x00"s, "\xda\xff\xff"s,
                                  "\xd9\xff"s, "\xc6\xff\xff\xff\xff"s, "\xc5\xff\xff"s, "\xc4\xff"s}) {
    CHECK(refused(text) == not_within + "insufficient bytes");
    CHECK(refused(question_with(text)) == not_within + "insufficient bytes");
  }
}

TEST_CASE("what nests deeper than any message is refused, however deep it goes") {
  CHECK(refused(question_with(repeated("\x91", limits::depth_max - 1) + "\x01")) == "accepted");
  CHECK(refused(question_with(repeated("\x91", limits::depth_max) + "\x01")) != "accepted");
  CHECK(refused(question_with(repeated("\x81\xa1x", limits::depth_max - 1) + "\x01")) == "accepted");
  CHECK(refused(question_with(repeated("\x81\xa1x", limits::depth_max) + "\x01")) != "accepted");
  const std::string too_deep = "malformed: not one msgpack object within the limits: depth size overflow";
  CHECK(refused(repeated("\x91", 100'000)) == too_deep);
  CHECK(refused(repeated("\x91", limits::message_bytes_max)) == too_deep);
  CHECK(refused(repeated("\x81\xa1x", 100'000)) == too_deep);
  CHECK(refused(repeated("\x81", limits::message_bytes_max)) == too_deep);
}

TEST_CASE("types that no message uses are refused") {
  for (const std::string& extension :
       {"\xd4\x01x"s, "\xd5\x01xx"s, "\xd6\x01xxxx"s, "\xd7\x01xxxxxxxx"s, "\xd8\x01xxxxxxxxxxxxxxxx"s,
        "\xc7\x01\x01x"s, "\xc8\x00\x01\x01x"s, "\xc9\x00\x00\x00\x01\x01x"s, "\xc7\x00\x01"s,
        "\xd6\xff\x00\x00\x00\x00"s /* a time */}) {
    CHECK(refused(question_with(extension)) != "accepted");
  }
  CHECK(refused(question_with("\xc1")) != "accepted");  // the one byte that msgpack does not use
  CHECK(refused("\x82\xa1v\x01\xa1t\xc4\x00"s) == "malformed: the envelope: t is not what it should be");
}

// ---------------------------------------------------------------- chance

// SplitMix64: the same numbers on every machine and in every run.
class Chance {
 public:
  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
    return z ^ (z >> 31U);
  }
  std::size_t below(std::size_t end) { return end == 0 ? 0 : bits() % end; }

 private:
  std::uint64_t state_ = 7;
};

// Bytes that begin something, or are the last of their kind.
constexpr std::string_view telling_bytes =
    "\x7f\x80\x81\x8f\x90\x91\x9f\xa0\xa1\xbf\xc0\xc1\xc2\xc3\xc4\xc7\xca\xcb\xcc\xcd\xce\xcf\xd0\xd3\xd4\xd9"
    "\xdb\xdc"
    "\xdd\xde\xdf\xe0\xff";

void change(std::string& bytes, const std::string& other, Chance& chance) {
  const std::size_t at = chance.below(bytes.size());
  const std::size_t size = chance.below(16);
  switch (bytes.empty() ? 3 : chance.below(7)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << chance.below(8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(chance.bits());
      break;
    case 2:
      bytes[at] = telling_bytes[chance.below(telling_bytes.size())];
      break;
    case 3:
      bytes.insert(at, 1, telling_bytes[chance.below(telling_bytes.size())]);
      break;
    case 4:
      bytes.erase(at, size);
      break;
    case 5:
      bytes.insert(chance.below(bytes.size()), bytes.substr(at, size));
      break;
    default:
      bytes.replace(at, std::string::npos, other.substr(chance.below(other.size())));
      break;
  }
}

bool is_one_line(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

TEST_CASE("50 000 messages with bytes changed by chance are refused, or say the same when said again") {
  std::vector<Sample> samples = all_samples();
  std::erase_if(samples, [](const Sample& sample) { return sample.bytes.size() > 1000; });
  Chance chance;
  int accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    const auto& [original, recode] = samples[chance.below(samples.size())];
    std::string bytes = original;
    for (std::size_t left = 1 + chance.below(3); left > 0; --left)
      change(bytes, samples[chance.below(samples.size())].bytes, chance);
    const auto heard = recode(bytes);
    if (heard) {
      ++accepted;
      const auto again = recode(*heard);
      REQUIRE(again.has_value());
      REQUIRE(*again == *heard);
    } else {
      REQUIRE(is_one_line(heard.error().detail));
    }
  }
  CHECK(accepted > 1'000);  // else this would test refusals only
}

TEST_CASE("bytes drawn by chance are refused") {
  Chance chance;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(chance.below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(chance.bits());
    for (const Recode recode : all_ways) REQUIRE_FALSE(recode(bytes).has_value());
  }
}

// ---------------------------------------------------------------- memory that runs out

// The word of the refusal when allocations fail from the given one on; nullopt: it went through.
template <class Decode>
std::optional<Refusal> refused_after(int allocations, Decode decode) {
  allocations_left = allocations;
  auto heard = decode();
  allocations_left = -1;
  if (heard) return std::nullopt;
  return std::move(heard.error());
}

// Every allocation fails once, until there are enough.
template <class Decode>
int allocations_needed(Decode decode) {
  int allocations = 0;
  while (const auto refusal = refused_after(allocations, decode)) {
    REQUIRE(*refusal == Refusal{ErrorWord::too_much, "out of memory"});
    REQUIRE(++allocations < 10'000);
  }
  return allocations;
}

TEST_CASE("memory that runs out while a message is read is a refusal") {
  int most = 0;
  for (const auto& message : agent_messages()) {
    const std::string bytes = encode(message);
    most = std::max(most, allocations_needed([&] { return decode_to_head(bytes); }));
  }
  CHECK(most > limits::labels_max);  // the widest hello has that many texts of its own
  for (const auto& message : orders_and_other_words()) {
    const std::string bytes = encode(message);
    CHECK(allocations_needed([&] { return decode_to_agent(bytes); }) > 0);
  }
  for (const auto& body : answers()) {
    const std::string bytes = encode(Letter<HeadToClient>{1, body});
    CHECK(allocations_needed([&] { return decode_to_client(bytes); }) > 0);
  }
}

TEST_CASE("memory that runs out while a flaw is put into words is a refusal too") {
  const std::string newer = "\x82\xa1v\x02\xa1t\xa1x";
  const std::string of_no_type = "\x81\xa1v\x01";
  const std::string without_fields = "\x82\xa1v\x01\xa1t\xa7goodbye";
  const std::vector<std::string> flawed = {
      "",         question_with("\xc1"), question_with("\x01\x01"), encode(HeadToAgent(Welcome{})), newer,
      of_no_type, without_fields};
  for (const std::string& bytes : flawed) {
    int allocations = 0;
    for (std::optional<Refusal> refusal; !refusal || refusal->word == ErrorWord::too_much; ++allocations) {
      refusal = refused_after(allocations, [&] { return decode_to_head(bytes); });
      REQUIRE(refusal.has_value());
      REQUIRE(allocations < 100);
    }
    CHECK(allocations > 1);
  }
}

}  // namespace
