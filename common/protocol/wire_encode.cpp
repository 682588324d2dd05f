// Messages to bytes. Texts that people or programs wrote are cut to what the other side takes; whatever else
// has a bound is kept within it by those who make messages.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>
#include <optional>
#include <type_traits>
#include <vector>

#include "common/protocol/fields.h"
#include "common/protocol/wire.h"
#include "common/protocol/wire_envelope.h"
#include "common/values/text.h"

namespace pq {
namespace {

struct StringSink {
  std::string& bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};

using Packer = msgpack::packer<StringSink>;

constexpr char float64_mark = '\xcb';

// Counts the fields that will be written: msgpack wants a map's size before its keys.
struct FieldCounter {
  std::size_t count = 0;
  template <class T>
  void operator()(const Field& /*field*/, const T& /*value*/) {
    ++count;
  }
  template <class T>
  void operator()(const Field& /*field*/, const std::optional<T>& value) {
    if (value) ++count;
  }
  template <class T>
  void operator()(const Field& /*field*/, const T& value, const std::type_identity_t<T>& usual) {
    if (value != usual) ++count;
  }
  static void derived(const Field& /*field*/, auto /*value*/) {}
};

template <class Struct>
std::size_t count_fields(const Struct& message) {
  FieldCounter counter;
  fields(counter, message);
  return counter.count;
}

class Writer {
 public:
  explicit Writer(std::string& bytes) : sink_{bytes}, packer_(sink_) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void put_map_of(std::size_t fields_count) { packer_.pack_map(static_cast<std::uint32_t>(fields_count)); }

  template <class T>
  void operator()(const Field& field, const T& value) {
    put_text(field.key());
    put(value, field);
  }
  template <class T>
  void operator()(const Field& field, const std::optional<T>& value) {
    if (value) (*this)(field, *value);
  }
  template <class T>
  void operator()(const Field& field, const T& value, const std::type_identity_t<T>& usual) {
    if (value != usual) (*this)(field, value);
  }
  static void derived(const Field& /*field*/, auto /*value*/) {}

  // The oldest protocol that has all that was written.
  std::uint32_t version() const { return version_; }

  void put_text(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    packer_.pack_str(size).pack_str_body(text.data(), size);
  }

 private:
  void put(const std::string& text, const Field& field) { put_text(beginning(text, field.max())); }
  void put(const Bytes& bytes, const Field& /*field*/) {
    const auto size = static_cast<std::uint32_t>(bytes.data.size());
    packer_.pack_bin(size).pack_bin_body(bytes.data.data(), size);
  }
  void put(const Sha256& hash, const Field& /*field*/) { put_text(to_text(hash)); }
  void put(bool flag, const Field& /*field*/) { flag ? packer_.pack_true() : packer_.pack_false(); }
  void put(std::uint32_t n, const Field& /*field*/) { packer_.pack_uint32(n); }
  void put(std::int32_t n, const Field& /*field*/) { packer_.pack_int32(n); }
  void put(std::uint64_t n, const Field& /*field*/) { packer_.pack_uint64(n); }
  void put(std::int64_t n, const Field& /*field*/) { packer_.pack_int64(n); }
  template <class Tag>
  void put(const Id<Tag>& id, const Field& /*field*/) {
    packer_.pack_uint64(id.value);
  }
  void put(const LeaseId& id, const Field& /*field*/) { put_pair(id.epoch.value, id.counter); }
  void put(const RequestId& id, const Field& /*field*/) { put_pair(id.high, id.low); }
  void put(const Range& range, const Field& /*field*/) { put_pair(range.begin, range.end); }
  template <class E>
  requires std::is_enum_v<E>
  void put(E value, const Field& /*field*/) { put_text(to_text(value)); }

  // msgpack-c's own pack_double makes the integer 3 of 3.0, which is another value.
  void put(double x, const Field& /*field*/) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    sink_.bytes.push_back(float64_mark);
    for (int shift = 56; shift >= 0; shift -= 8)
      sink_.bytes.push_back(static_cast<char>(bits >> shift & 255U));
  }

  // msgpack has no wider integers than 64 bits: those that need more travel as decimal text.
  void put(const Value& value, const Field& field) {
    if (const auto* x = std::get_if<double>(&value)) return put(*x, field);
    if (const auto* sum = std::get_if<ExactSum>(&value)) return put(*sum);
    const Int128 n = std::get<Int128>(value);
    if (n >= 0 && n <= std::numeric_limits<std::uint64_t>::max()) {
      packer_.pack_uint64(static_cast<std::uint64_t>(n));
    } else if (n < 0 && n >= std::numeric_limits<std::int64_t>::min()) {
      packer_.pack_int64(static_cast<std::int64_t>(n));
    } else {
      put_text(to_text(Value(n)));
    }
  }

  void put(const ExactSum& sum) {
    version_ = std::max(version_, protocol_of_sums);
    const auto size = static_cast<std::uint32_t>(sum.bytes().size());
    packer_.pack_bin(size).pack_bin_body(sum.bytes().data(), size);
  }

  template <class T>
  void put(const std::vector<T>& items, const Field& field) {
    packer_.pack_array(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) put(item, field.each());
  }

  template <class Struct>
  requires std::is_class_v<Struct>
  void put(const Struct& message, const Field& /*field*/) {
    put_map_of(count_fields(message));
    fields(*this, message);
  }

  void put_pair(std::uint64_t first, std::uint64_t second) {
    packer_.pack_array(2);
    packer_.pack_uint64(first);
    packer_.pack_uint64(second);
  }

  StringSink sink_;
  Packer packer_;
  std::uint32_t version_ = protocol_version_oldest;
};

template <class Message>
std::string encode_message(const Message& message, RequestNumber request) {
  static_assert(!message_type<Message>.empty(), "a message needs its type in fields.h");
  std::string bytes;
  Writer writer(bytes);
  writer.put_map_of(count_fields(message) + (request == 0 ? 2 : 3));
  writer.put_text(wire::version_key);
  const std::size_t version_at = bytes.size();
  bytes.push_back(0);  // known in the end; a small integer is a byte of its own
  writer.put_text(wire::type_key);
  writer.put_text(message_type<Message>);
  if (request != 0) writer(Field(wire::request_key), request);
  fields(writer, message);
  bytes[version_at] = static_cast<char>(writer.version());
  return bytes;
}

template <class... Messages>
constexpr std::array<std::string_view, sizeof...(Messages)> words_of(
    const std::variant<Messages...>* /*type*/) {
  return {message_type<Messages>...};
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
  fields(writer, program);
  return bytes;
}

std::string encode_refusal(const Refusal& refusal, RequestNumber request) {
  return encode_message(refusal, request);
}

}  // namespace pq
