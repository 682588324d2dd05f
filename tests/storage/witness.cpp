#include "tests/storage/witness.h"

#include <algorithm>
#include <sstream>

#include "tests/rooms.h"
#include "tests/unit/stored_rows.h"

namespace pq::storage {
namespace {

// The first line in which they differ, in both.
std::string difference(const std::string& found, const std::string& expected) {
  std::istringstream found_lines(found);
  std::istringstream expected_lines(expected);
  std::string a;
  std::string b;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(found_lines, a));
    const bool more_b = static_cast<bool>(std::getline(expected_lines, b));
    if (a != b || more_a != more_b) {
      return "found '" + (more_a ? a : "nothing more") + "' and not '" + (more_b ? b : "nothing more") + "'";
    }
    if (!more_a) return "no difference";
  }
}

}  // namespace

void Witness::asks_for(const Changes& changes) {
  unanswered_ = changes;
  unanswered_is_found_ = false;
}

void Witness::asks_for(Epoch epoch) {
  epoch_unanswered_ = epoch;
  epochs_ever_.insert(epoch.value);
}

void Witness::is_acknowledged() {
  ++acknowledged;
  if (!epoch_unanswered_) {
    apply(*unanswered_, acknowledged_rows_);
    unanswered_.reset();
    return;
  }
  epochs_acknowledged_.insert(epoch_unanswered_->value);
  epoch_unanswered_.reset();
  if (!unanswered_) return;
  // From now on what was found is what there is.
  ++(unanswered_is_found_ ? survived : vanished);
  if (unanswered_is_found_) apply(*unanswered_, acknowledged_rows_);
  unanswered_.reset();
}

void Witness::finds(const Stored& found) {
  const std::string text = text_of(found);
  const std::string before = text_of(acknowledged_rows_);
  unanswered_is_found_ = false;
  epoch_unanswered_.reset();
  if (text == before) return;
  if (unanswered_) {
    Stored after = acknowledged_rows_;
    apply(*unanswered_, after);
    unanswered_is_found_ = text == text_of(after);
  }
  if (!unanswered_is_found_) throw Lost{difference(text, before)};
}

void Witness::finds(const std::set<std::uint64_t>& epochs) const {
  if (!std::ranges::includes(epochs, epochs_acknowledged_)) throw Lost{"an epoch is lost"};
  if (!std::ranges::includes(epochs_ever_, epochs)) throw Lost{"an epoch that no head has begun"};
}

}  // namespace pq::storage
