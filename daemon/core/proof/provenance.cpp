#include "daemon/core/proof/provenance.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/protocol/limits.h"
#include "common/values/sha256.h"
#include "daemon/core/ledger.h"

namespace pq::core {
namespace {

std::vector<WorkerId> both(const std::vector<WorkerId>& left, const std::vector<WorkerId>& right) {
  if (left.empty() || right.empty()) return {};
  std::vector<WorkerId> all;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(all));
  if (all.size() > limits::part_workers_max) all.clear();
  return all;
}

// One pass: each part joins the one before it if `may_join` allows it, while there are more than `count_max`.
template <class MayJoin>
Parts join_once(Parts&& parts, Fold how, std::size_t count_max, MayJoin may_join) {
  Parts result;
  std::size_t count = parts.size();
  for (auto& [begin, part] : parts) {
    if (!result.empty() && count > count_max) {
      auto& [left_begin, left] = *std::prev(result.end());
      if (left.end == begin && may_join(left, part)) {
        if (auto one = joined(left, part, how)) {
          left = *std::move(one);
          count -= 1;
          continue;
        }
      }
    }
    result.emplace_hint(result.end(), begin, std::move(part));
  }
  return result;
}

}  // namespace

WorkerId worker_of(std::string_view name, std::string_view public_key) {
  // A key contains no space.
  const Sha256 hash = sha256_of(std::string(public_key).append(" ").append(name));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | hash.bytes.at(i);
  return {std::max<std::uint64_t>(number, 1)};
}

std::optional<Part> joined(const Part& left, const Part& right, Fold how) {
  const Folded value = fold_present(how, left.value, right.value);
  if (!value.fits) return std::nullopt;
  return Part{right.end, std::nullopt, both(left.workers, right.workers), value.value,
              left.output_bytes + right.output_bytes};
}

// If the workers differ, only every second part joins the one before it, so that joined parts stay small.
Parts joined(Parts parts, Fold how, std::size_t count_max) {
  parts = join_once(std::move(parts), how, 0,
                    [](const Part& left, const Part& right) { return left.workers == right.workers; });
  for (std::size_t before = parts.size() + 1; parts.size() > count_max && parts.size() < before;) {
    before = parts.size();
    bool was_joined = false;
    parts = join_once(std::move(parts), how, count_max, [&](const Part&, const Part&) {
      was_joined = !was_joined;
      return was_joined;
    });
  }
  return parts;
}

}  // namespace pq::core
