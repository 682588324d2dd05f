#include "daemon/core/proof/provenance_findings.h"

#include <fmt/format.h>

#include <iterator>
#include <variant>

#include "common/values/text.h"
#include "daemon/core/ledger.h"

namespace pq::core {
namespace {

bool agree(const std::optional<Value>& left, const std::optional<Value>& right) {
  return left.has_value() == right.has_value() && (!left || same(*left, *right));
}

// Checks the parts of one done span and moves `part` behind the last of them. Empty: they tile the span.
std::string flaw_of(const Range& done, const std::optional<Value>& value, Fold how,
                    Parts::const_iterator& part, Parts::const_iterator end) {
  std::uint64_t at = done.begin;
  Folded total;
  for (; at < done.end; ++part) {
    if (part == end || part->first != at)
      return fmt::format("nobody has computed what is done from {} on", at);
    if (part->second.end <= at || part->second.end > done.end)
      return fmt::format("the part at {} ends at {}", at, part->second.end);
    at = part->second.end;
    if (total.fits) total = fold_present(how, total.value, part->second.value);
  }
  if (total.fits && agree(total.value, value)) return "";
  return fmt::format("the parts of {} do not fold to its value", to_text(done));
}

std::uint64_t bytes_of(const Parts& parts) {
  std::uint64_t bytes = 0;
  for (const auto& [begin, part] : parts) bytes += part.output_bytes;
  return bytes;
}

}  // namespace

Finding provenance_tiles_done(const JobRow& job, const SpanRows& spans, const Provenance& provenance) {
  constexpr const char* name = "provenance_tiles_done";
  auto part = provenance.parts.begin();
  for (const auto& [key, span] : spans) {
    const auto* done = std::get_if<Done>(&span.state);
    if (done == nullptr) continue;
    std::string flaw =
        flaw_of({key.begin, span.end}, done->value, job.spec.fold, part, provenance.parts.end());
    if (!flaw.empty()) return {name, false, std::move(flaw)};
  }
  if (part != provenance.parts.end())
    return {name, false, fmt::format("there is a part at {}, which is not done", part->first)};
  std::uint64_t unknown = 0;
  for (const auto& [begin, one] : provenance.parts) {
    if (one.workers.empty()) unknown += one.end - begin;
    for (const WorkerId worker : one.workers) {
      if (!provenance.workers.contains(worker))
        return {name, false, fmt::format("whoever computed the part at {} has no name", begin)};
    }
  }
  std::string detail =
      fmt::format("{} of {} cover{} what is done, and their values fold to its values",
                  count_of(provenance.parts.size(), "part"), count_of(provenance.workers.size(), "agent"),
                  provenance.parts.size() == 1 ? "s" : "");
  if (unknown > 0) detail += fmt::format("; who computed {} is not known", count_of(unknown, "integer"));
  return {name, true, std::move(detail)};
}

Finding collected_bytes_fit(const JobRow& job, const SpanRows& spans, const Provenance& provenance,
                            const OutputKept& output) {
  constexpr const char* name = "collected_bytes_fit";
  const std::uint64_t of_parts = bytes_of(provenance.parts);
  std::uint64_t committed = 0;
  std::uint64_t waiting = 0;
  for (const auto& [key, span] : spans) {
    const auto* leased = std::get_if<Leased>(&span.state);
    const auto found = leased == nullptr ? output.collected.end() : output.collected.find(leased->lease);
    if (found == output.collected.end()) continue;
    committed += found->second.committed_bytes;
    waiting += found->second.waiting_bytes();
  }
  const std::uint64_t kept = job.output_forgotten ? 0 : job.collected_bytes;
  const bool holds = job.collected_bytes == of_parts + committed && output.bytes == kept + waiting;
  if (holds && job.output_forgotten && job.collected_bytes > 0) {
    const std::string bytes = count_of(job.collected_bytes, "byte");
    return {name, true, fmt::format("the {} that were collected are forgotten", bytes)};
  }
  if (holds && output.bytes == 0) return {name, true, "no output is collected"};
  return {name, holds,
          fmt::format(
              "{} collected are counted: {} of parts, {} committed of live leases; {} stored, of which {} "
              "wait for a commit",
              count_of(job.collected_bytes, "byte"), of_parts, committed, output.bytes, waiting)};
}

Finding values_agree(const std::map<WorkerId, Suspect>& suspects) {
  constexpr const char* name = "values_agree";
  if (auto why = why_not_deterministic(suspects)) return {name, false, *std::move(why)};
  std::string told;
  for (const auto& [worker, suspect] : suspects) {
    told += fmt::format("{}agent {} gave {} {}", told.empty() ? "" : "; ", printable(suspect.name),
                        suspect.contradicts ? "two values for" : "the impossible value", suspect.what);
  }
  if (told.empty()) return {name, true, "no agent gave two values for one part, or an impossible one"};
  return {name, true, told + "; nothing counts that was computed there until then"};
}

std::optional<std::string> why_not_deterministic(const std::map<WorkerId, Suspect>& suspects) {
  const Suspect* first = nullptr;
  for (const auto& [worker, suspect] : suspects) {
    if (!suspect.contradicts) continue;
    if (first != nullptr) {
      return fmt::format("it is not deterministic: agent {} gave two values for {}, and agent {} for {}",
                         printable(first->name), first->what, printable(suspect.name), suspect.what);
    }
    first = &suspect;
  }
  return std::nullopt;
}

std::vector<Finding> examine_provenance(const Stored& stored, JobId job) {
  const JobRow& row = stored.jobs.at(job);
  const SpanRows spans = spans_of(stored, job);
  const Provenance& provenance = stored.provenance.at(job);
  std::map<WorkerId, Suspect> suspects;
  for (const auto& [key, suspect] : stored.suspects) {
    if (key.first == job) suspects.emplace(key.second, suspect);
  }
  return {provenance_tiles_done(row, spans, provenance),
          collected_bytes_fit(row, spans, provenance, {stored.output_bytes.at(job), stored.collected}),
          values_agree(suspects)};
}

}  // namespace pq::core
