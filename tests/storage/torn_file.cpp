#include "tests/storage/torn_file.h"
#include "tests/rooms.h"

#include <algorithm>

namespace pq::storage {
namespace {

constexpr std::uint64_t tear_bytes = 512;  // what a disk writes as a whole, whatever it says of its sectors

void put(std::string& file, std::uint64_t at, std::string_view bytes) {
  if (file.size() < at + bytes.size()) file.resize(at + bytes.size());
  file.replace(at, bytes.size(), bytes);
}

}  // namespace

void TornFile::write(std::uint64_t at, std::string_view bytes) {
  put(live_, at, bytes);
  unsynced_.emplace_back(Write{at, std::string(bytes)});
}

void TornFile::truncate(std::uint64_t size) {
  live_.resize(size);
  unsynced_.emplace_back(Truncation{size});
}

void TornFile::apply(const Change& change, std::string& bytes) {
  if (const auto* write = std::get_if<Write>(&change)) {
    put(bytes, write->at, write->bytes);
  } else {
    bytes.resize(std::get<Truncation>(change).size);
  }
}

void TornFile::sync() {
  for (const Change& change : unsynced_) apply(change, durable_);
  unsynced_.clear();
}

void TornFile::forget_cached() {
  live_ = durable_;
  for (const Change& change : unsynced_) apply(change, live_);
}

// How much is kept differs from one time to the next, from nothing to all.
void TornFile::sync_in_part(Dice& dice) {
  const Luck luck{dice.below(9), dice.one_in(2)};
  for (const Change& change : unsynced_) {
    const auto* write = std::get_if<Write>(&change);
    if (write != nullptr) {
      tear(*write, luck, dice);
    } else if (dice.below(8) < luck.kept_of_8) {
      apply(change, durable_);
    }
  }
  unsynced_.clear();
}

void TornFile::tear(const Write& write, const Luck& luck, Dice& dice) {
  const std::uint64_t write_end = write.at + write.bytes.size();
  for (std::uint64_t begin = write.at; begin < write_end;) {
    const std::uint64_t end = std::min(write_end, (begin / tear_bytes + 1) * tear_bytes);
    std::string sector = write.bytes.substr(begin - write.at, end - begin);
    if (dice.below(8) < luck.kept_of_8) {
      put(durable_, begin, sector);
    } else if (luck.garbles && dice.one_in(4)) {
      for (char& byte : sector) byte = static_cast<char>(dice.bits());
      put(durable_, begin, sector);
    } else if (durable_.size() < end && dice.one_in(4)) {
      durable_.resize(end);  // the file has grown, and the bytes have not come
    }
    begin = end;
  }
}

void TornFile::lose_power(Dice& dice) {
  sync_in_part(dice);
  live_ = durable_;
}

}  // namespace pq::storage
