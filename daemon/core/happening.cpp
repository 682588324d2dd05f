#include "daemon/core/happening.h"

#include <algorithm>
#include <array>

#include "common/check.h"

namespace pq {
namespace {

using enum Happening;

constexpr std::array all_words = {
    HappeningWords{head_started, "head_started", "head started", Severity::info},
    HappeningWords{agent_joined, "agent_joined", "agent joined", Severity::info},
    HappeningWords{agent_replaced, "agent_replaced", "agent replaced", Severity::warning},
    HappeningWords{agent_drains, "agent_drains", "agent drains", Severity::info},
    HappeningWords{agent_warned, "agent_warned", "agent warned", Severity::warning},
    HappeningWords{agent_resumes, "agent_resumes", "agent takes work again", Severity::info},
    HappeningWords{agent_left, "agent_left", "agent left", Severity::info},
    HappeningWords{agent_lost, "agent_lost", "agent lost", Severity::warning},
    HappeningWords{agent_quarantined, "agent_quarantined", "agent quarantined", Severity::warning},
    HappeningWords{lease_expired, "lease_expired", "lease expired", Severity::info},
    HappeningWords{lease_split, "lease_split", "lease split", Severity::info},
    HappeningWords{output_lost, "output_lost", "output lost with a restore, its runs are computed again",
                   Severity::warning},
    HappeningWords{lease_misused, "lease_misused", "lease misused", Severity::error},
    HappeningWords{program_failed, "program_failed", "program failed", Severity::warning},
    HappeningWords{kernel_contradicts, "kernel_contradicts", "kernel contradicts itself", Severity::error},
    HappeningWords{job_submitted, "job_submitted", "job submitted", Severity::info},
    HappeningWords{job_steered, "job_steered", "job steered", Severity::info},
    HappeningWords{job_ended, "job_ended", "job ended", Severity::info},
    HappeningWords{message_refused, "message_refused", "message refused", Severity::warning},
    HappeningWords{backup_made, "backup_made", "backup made", Severity::info},
    HappeningWords{backup_failed, "backup_failed", "backup failed", Severity::error},
    HappeningWords{key_revoked, "key_revoked", "key revoked", Severity::warning},
};

}  // namespace

const HappeningWords& words_of(Happening what) {
  const HappeningWords& words = all_words.at(static_cast<std::size_t>(what));
  check(words.what == what, "the words stand in the order of the happenings");
  return words;
}

std::string_view to_text(Happening what) { return words_of(what).word; }

std::optional<Happening> parse_happening(std::string_view word) {
  const auto* const found = std::find_if(all_words.begin(), all_words.end(),
                                         [&](const HappeningWords& words) { return words.word == word; });
  return found == all_words.end() ? std::nullopt : std::optional(found->what);
}

std::vector<Happening> all_happenings() {
  std::vector<Happening> all;
  all.reserve(std::size(all_words));
  for (const HappeningWords& words : all_words) all.push_back(words.what);
  return all;
}

bool is_kept(Happening what) { return what != message_refused && what != lease_misused; }

Severity severity_of(const Event& event) {
  const bool has_failed = event.what == job_ended && event.detail == to_text(JobState::failed);
  return has_failed ? Severity::warning : words_of(event.what).severity;
}

}  // namespace pq
