// Bytes that claim to be messages. Each decoder returns a message or a refusal in plain words. A message that
// it accepts stays the same after encoding and decoding.
#include <string>
#include <variant>

#include "common/protocol/wire.h"
#include "common/values/check.h"
#include "common/values/text.h"
#include "tests/fuzz/entry.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

bool is_same(const ToHead& left, const ToHead& right) {
  if (const auto* said = std::get_if<FromAgent>(&left)) {
    const auto* again = std::get_if<FromAgent>(&right);
    return again != nullptr && *said == *again;
  }
  const auto& said = std::get<FromClient>(left);
  const auto* again = std::get_if<FromClient>(&right);
  return again != nullptr && said.request == again->request && said.body == again->body;
}

bool is_same(const HeadToAgent& left, const HeadToAgent& right) { return left == right; }

bool is_same(const Letter<HeadToClient>& left, const Letter<HeadToClient>& right) {
  return left.request == right.request && left.body == right.body;
}

std::string encode_any(const ToHead& message) {
  return std::visit([](const auto& said) { return encode(said); }, message);
}

template <class Message>
std::string encode_any(const Message& message) {
  return encode(message);
}

template <class Decode>
void try_decoder(Decode decode, std::string_view bytes) {
  const auto heard = decode(bytes);
  if (!heard) {
    check(!sentence(heard.error()).empty() && is_printable(heard.error().detail),
          "a refusal is a line that people can read");
    return;
  }
  const std::string said = encode_any(*heard);
  const auto again = decode(said);
  check(again.has_value(), "what was heard can be said");
  check(is_same(*heard, *again), "what is said again is the same message");
  check(encode_any(*again) == said, "one message is said in one way");
}

}  // namespace

void try_bytes(std::string_view bytes) {
  try_decoder(decode_to_head, bytes);
  try_decoder(decode_to_agent, bytes);
  try_decoder(decode_to_client, bytes);
}

}  // namespace pq::fuzz
