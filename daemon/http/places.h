// A bounded number of places, for clients that stay for longer than a page takes. On any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace pq {

// One place, held until it is destroyed. Its Places must outlive it.
class Place {
 public:
  explicit Place(std::atomic<std::size_t>& taken) : taken_(&taken) {}
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~Place() {
    if (taken_ != nullptr) --*taken_;
  }

 private:
  std::atomic<std::size_t>* taken_;
};

class Places {
 public:
  explicit Places(std::size_t places_max) : places_max_(places_max) {}

  // nullopt: all are taken.
  std::optional<Place> reserve() {
    if (taken_.fetch_add(1) < places_max_) return Place(taken_);
    --taken_;
    return std::nullopt;
  }

 private:
  std::size_t places_max_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace pq
