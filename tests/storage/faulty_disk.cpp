#include "tests/storage/faulty_disk.h"
#include "tests/rooms.h"

#include <utility>

namespace pq::storage {
namespace {

bool can_befall(Outcome fault, Operation operation) {
  switch (fault) {
    case Outcome::is_full:
      return operation == Operation::write || operation == Operation::open;
    case Outcome::ends_early:
      return operation == Operation::read;
    default:
      return true;
  }
}

}  // namespace

std::string_view to_text(Operation operation) {
  switch (operation) {
    case Operation::open:
      return "open";
    case Operation::read:
      return "read";
    case Operation::write:
      return "write";
    case Operation::truncate:
      return "truncate";
    case Operation::sync:
      return "sync";
    case Operation::ask_size:
      return "ask_size";
    case Operation::remove:
      return "remove";
    case Operation::look_up:
      return "look_up";
    case Operation::lock:
      return "lock";
  }
  return "?";
}

FaultyDisk::FaultyDisk(std::uint64_t seed, Device device, const Image& image) : dice_(seed), device_(device) {
  for (const auto& [name, bytes] : image) names_[name] = {std::make_shared<TornFile>(bytes)};
}

FaultyDisk::Image FaultyDisk::image() const {
  Image image;
  for (const auto& [name, files] : names_) {
    if (files.back()) image[name] = files.back()->bytes();
  }
  return image;
}

// ---------------------------------------------------------------- processes

void FaultyDisk::start_process() {
  is_over_ = false;
  operations_left_.reset();
  fault_.reset();
  fault_befell_.clear();
}

void FaultyDisk::restore_power() {
  for (auto& [name, files] : names_) {
    files = {files.at(dice_.below(files.size()))};
    if (files.back()) files.back()->lose_power(dice_);
  }
  start_process();
}

Outcome FaultyDisk::next(Operation operation, const std::string& name) {
  if (is_over_) return Outcome::process_is_gone;
  last_.assign(to_text(operation)).append(" ").append(name, name.rfind('/') + 1);
  if (operations_left_ && --*operations_left_ == 0) {
    is_over_ = true;
    return Outcome::process_ends;
  }
  if (!fault_ || !can_befall(fault_->how, operation)) return Outcome::done;
  if (fault_->at == 0) return fault_->lasts ? fault_->how : Outcome::done;
  if (--fault_->at > 0) return Outcome::done;
  fault_befell_ = last_;
  return fault_->how;
}

bool FaultyDisk::has_effect(Outcome outcome) {
  return outcome == Outcome::done || (outcome == Outcome::process_ends && dice_.one_in(2));
}

// ---------------------------------------------------------------- files

FaultyDisk::Meanings& FaultyDisk::meanings(const std::string& name) {
  return names_.try_emplace(name, Meanings{nullptr}).first->second;
}

bool FaultyDisk::contains(const std::string& name) const {
  const auto found = names_.find(name);
  return found != names_.end() && found->second.back() != nullptr;
}

FaultyDisk::Opened FaultyDisk::open(const std::string& name, bool creates) {
  const Outcome outcome = next(Operation::open, name);
  if (has_effect(outcome) && creates && !contains(name))
    meanings(name).push_back(std::make_shared<TornFile>());
  if (outcome != Outcome::done || !contains(name)) return {outcome, nullptr};
  return {outcome, meanings(name).back()};
}

Outcome FaultyDisk::read(const std::string& name, const TornFile& file, std::uint64_t at, std::size_t size,
                         std::string_view& found) {
  const Outcome outcome = next(Operation::read, name);
  found = {};
  if (at < file.bytes().size()) found = std::string_view(file.bytes()).substr(at, size);
  if (outcome == Outcome::ends_early) found = found.substr(0, found.size() / 2);
  return outcome;
}

// A write that fails may have got some of its way.
Outcome FaultyDisk::write(const std::string& name, TornFile& file, std::uint64_t at, std::string_view bytes) {
  const Outcome outcome = next(Operation::write, name);
  if (has_effect(outcome)) {
    file.write(at, bytes);
  } else if (outcome == Outcome::failed || outcome == Outcome::is_full) {
    file.write(at, bytes.substr(0, dice_.below(bytes.size())));
  }
  return outcome;
}

Outcome FaultyDisk::truncate(const std::string& name, TornFile& file, std::uint64_t size) {
  const Outcome outcome = next(Operation::truncate, name);
  if (has_effect(outcome)) file.truncate(size);
  return outcome;
}

Outcome FaultyDisk::sync(const std::string& name, TornFile& file, bool directory_too) {
  const Outcome outcome = next(Operation::sync, name);
  if (outcome == Outcome::failed) file.sync_in_part(dice_);
  if (!has_effect(outcome) || !device_.syncs) return outcome;
  file.sync();
  if (directory_too) sync_directory();
  return outcome;
}

Outcome FaultyDisk::remove(const std::string& name, bool directory_too) {
  const Outcome outcome = next(Operation::remove, name);
  if (has_effect(outcome)) meanings(name).push_back(nullptr);
  if (outcome == Outcome::done && directory_too && device_.syncs) sync_directory();
  return outcome;
}

void FaultyDisk::forget_cached(const std::string& name) {
  if (contains(name)) meanings(name).back()->forget_cached();
}

void FaultyDisk::sync_directory() {
  for (auto& [name, files] : names_) files = {files.back()};
}

}  // namespace pq::storage
