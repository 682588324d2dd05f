#include "daemon/core/proof/plausible.h"

#include <fmt/format.h>

namespace pq::core {
namespace {

// Whether a part's value can go from `shorter` to `longer` when the part grows. A sum of counts grows by at
// most `added_max`, a minimum only falls, a maximum only grows.
bool may_follow(Fold how, Int128 shorter, Int128 longer, Int128 added_max) {
  switch (how) {
    case Fold::sum:
      return longer >= shorter && longer - shorter <= added_max;
    case Fold::min:
      return longer <= shorter;
    case Fold::max:
      return longer >= shorter;
    case Fold::none:
      break;
  }
  return true;
}

}  // namespace

std::optional<std::string> why_impossible(const JobSpec& spec, std::uint64_t begin, const Counted& before,
                                          const Counted& now) {
  if (spec.kernel == Kernel::exec || !now.value || now.upto <= begin) return std::nullopt;
  const auto told = [&](const std::string& why) {
    return fmt::format("{} for [{}, {}): {}", to_text(*now.value), begin, now.upto, why);
  };
  const auto* count = std::get_if<Int128>(&*now.value);
  if (count == nullptr) return told("a count is an integer");
  const std::uint64_t most = now.upto - begin;
  if (*count < 0 || *count > most)
    return told(fmt::format("there are from 0 to {} {} in it", most, to_text(spec.kernel)));
  const auto* former = before.value ? std::get_if<Int128>(&*before.value) : nullptr;
  if (former == nullptr || before.upto == now.upto) return std::nullopt;
  const bool goes_on = now.upto > before.upto;
  const std::uint64_t between = goes_on ? now.upto - before.upto : before.upto - now.upto;
  if (may_follow(spec.fold, goes_on ? *former : *count, goes_on ? *count : *former, between))
    return std::nullopt;
  return told(fmt::format("[{}, {}) has {}", begin, before.upto, to_text(*former)));
}

}  // namespace pq::core
