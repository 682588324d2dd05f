// Messages to bytes. Texts that people or programs wrote are cut to what the other side takes; whatever else
// has a bound is kept within it by those who make messages.
#include <bit>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>
#include <optional>
#include <type_traits>
#include <vector>

#include "common/wire.h"
#include "common/wire_fields.h"
#include "common/wire_words.h"

namespace pq {
namespace {

struct StringSink {
  std::string& bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};

using Packer = msgpack::packer<StringSink>;

constexpr char float64_mark = '\xcb';

// At most `bytes_max` of it, in whole UTF-8 characters.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto goes_on = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (bytes_max > 0 && goes_on(bytes_max)) --bytes_max;
  return text.substr(0, bytes_max);
}

// Counts the fields that will be written: msgpack wants a map's size before its keys.
struct FieldCounter {
  std::size_t count = 0;
  template <class T>
  void operator()(std::string_view /*key*/, const T& /*field*/, std::size_t /*max*/ = 0) {
    ++count;
  }
  template <class T>
  void operator()(std::string_view /*key*/, const std::optional<T>& field, std::size_t /*max*/ = 0) {
    if (field) ++count;
  }
  void operator()(std::string_view /*key*/, const std::vector<std::string>& /*texts*/, std::size_t /*max*/,
                  std::size_t /*text_max*/) {
    ++count;
  }
  template <class T>
  void defaulted(std::string_view /*key*/, const T& field, const std::type_identity_t<T>& usual,
                 std::size_t /*max*/ = 0) {
    if (field != usual) ++count;
  }
};

template <class Struct>
std::size_t count_fields(const Struct& message) {
  FieldCounter counter;
  wire::fields(counter, message);
  return counter.count;
}

class Writer {
 public:
  explicit Writer(std::string& bytes) : sink_{bytes}, packer_(sink_) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void put_map_of(std::size_t fields_count) { packer_.pack_map(static_cast<std::uint32_t>(fields_count)); }

  template <class T>
  void operator()(std::string_view key, const T& field, std::size_t max = limits::text_bytes_max) {
    put_text(key);
    put(field, max);
  }

  template <class T>
  void operator()(std::string_view key, const std::optional<T>& field,
                  std::size_t max = limits::text_bytes_max) {
    if (field) (*this)(key, *field, max);
  }

  void operator()(std::string_view key, const std::vector<std::string>& texts, std::size_t /*max*/,
                  std::size_t text_max) {
    put_text(key);
    packer_.pack_array(static_cast<std::uint32_t>(texts.size()));
    for (const std::string& text : texts) put(text, text_max);
  }

  template <class T>
  void defaulted(std::string_view key, const T& field, const std::type_identity_t<T>& usual,
                 std::size_t max = limits::text_bytes_max) {
    if (field != usual) (*this)(key, field, max);
  }

  void put_text(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    packer_.pack_str(size).pack_str_body(text.data(), size);
  }

 private:
  void put(const std::string& text, std::size_t max) { put_text(cut(text, max)); }
  void put(const Bytes& bytes, std::size_t /*max*/) {
    const auto size = static_cast<std::uint32_t>(bytes.data.size());
    packer_.pack_bin(size).pack_bin_body(bytes.data.data(), size);
  }
  void put(const Sha256& hash, std::size_t /*max*/) { put_text(to_text(hash)); }
  void put(bool flag, std::size_t /*max*/) { flag ? packer_.pack_true() : packer_.pack_false(); }
  void put(std::uint32_t n, std::size_t /*max*/) { packer_.pack_uint32(n); }
  void put(std::int32_t n, std::size_t /*max*/) { packer_.pack_int32(n); }
  void put(std::uint64_t n, std::size_t /*max*/) { packer_.pack_uint64(n); }
  void put(std::int64_t n, std::size_t /*max*/) { packer_.pack_int64(n); }
  template <class Tag>
  void put(const Id<Tag>& id, std::size_t /*max*/) {
    packer_.pack_uint64(id.value);
  }
  void put(const LeaseId& id, std::size_t /*max*/) { put_pair(id.epoch.value, id.counter); }
  void put(const RequestId& id, std::size_t /*max*/) { put_pair(id.high, id.low); }
  void put(const Range& range, std::size_t /*max*/) { put_pair(range.begin, range.end); }
  template <class E>
  requires std::is_enum_v<E>
  void put(E value, std::size_t /*max*/) { put_text(to_text(value)); }

  // msgpack-c's own pack_double makes the integer 3 of 3.0, which is another value.
  void put(double x, std::size_t /*max*/) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    sink_.bytes.push_back(float64_mark);
    for (int shift = 56; shift >= 0; shift -= 8)
      sink_.bytes.push_back(static_cast<char>(bits >> shift & 255U));
  }

  // msgpack has no wider integers than 64 bits: those that need more travel as decimal text.
  void put(const Value& value, std::size_t max) {
    if (const auto* x = std::get_if<double>(&value)) return put(*x, max);
    const Int128 n = std::get<Int128>(value);
    if (n >= 0 && n <= std::numeric_limits<std::uint64_t>::max()) {
      packer_.pack_uint64(static_cast<std::uint64_t>(n));
    } else if (n < 0 && n >= std::numeric_limits<std::int64_t>::min()) {
      packer_.pack_int64(static_cast<std::int64_t>(n));
    } else {
      put_text(to_text(n));
    }
  }

  template <class T>
  void put(const std::vector<T>& items, std::size_t /*max*/) {
    packer_.pack_array(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) put(item, limits::text_bytes_max);
  }

  template <class Struct>
  requires std::is_class_v<Struct>
  void put(const Struct& message, std::size_t /*max*/) {
    put_map_of(count_fields(message));
    wire::fields(*this, message);
  }

  void put_pair(std::uint64_t first, std::uint64_t second) {
    packer_.pack_array(2);
    packer_.pack_uint64(first);
    packer_.pack_uint64(second);
  }

  StringSink sink_;
  Packer packer_;
};

template <class Message>
std::string encode_message(const Message& message, RequestNumber request) {
  static_assert(!wire::type_of<Message>.empty(), "a message needs its type in wire_fields.h");
  std::string bytes;
  Writer writer(bytes);
  writer.put_map_of(count_fields(message) + (request == 0 ? 2 : 3));
  writer(wire::version_key, protocol_version);
  writer.put_text(wire::type_key);
  writer.put_text(wire::type_of<Message>);
  if (request != 0) writer(wire::request_key, request);
  wire::fields(writer, message);
  return bytes;
}

template <class... Messages>
constexpr std::array<std::string_view, sizeof...(Messages)> words_of(
    const std::variant<Messages...>* /*type*/) {
  return {wire::type_of<Messages>...};
}

}  // namespace

std::array<std::string_view, std::variant_size_v<AgentToHead>> words_of_agents() {
  return words_of(static_cast<const AgentToHead*>(nullptr));
}

std::array<std::string_view, std::variant_size_v<ClientToHead>> words_of_clients() {
  return words_of(static_cast<const ClientToHead*>(nullptr));
}

std::string encode(const AgentToHead& message) {
  return std::visit([](const auto& m) { return encode_message(m, 0); }, message);
}

std::string encode(const HeadToAgent& message) {
  return std::visit([](const auto& m) { return encode_message(m, 0); }, message);
}

std::string encode(const Letter<ClientToHead>& letter) {
  return std::visit([&](const auto& m) { return encode_message(m, letter.request); }, letter.body);
}

std::string encode(const Letter<HeadToClient>& letter) {
  return std::visit([&](const auto& m) { return encode_message(m, letter.request); }, letter.body);
}

std::string encode(const Program& program) {
  std::string bytes;
  Writer writer(bytes);
  writer.put_map_of(count_fields(program));
  wire::fields(writer, program);
  return bytes;
}

std::string encode_refusal(const Refusal& refusal, RequestNumber request) {
  return encode_message(refusal, request);
}

}  // namespace pq
