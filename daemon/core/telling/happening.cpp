#include "daemon/core/telling/happening.h"

#include <utility>

#include "common/values/check.h"

namespace pq::core {
namespace {

using enum Happening;

struct Telling {
  Happening what;
  HappeningWords words;
};

constexpr std::array tellings = {
    Telling{head_started, {"head started", Severity::info}},
    Telling{agent_joined, {"agent joined", Severity::info}},
    Telling{agent_replaced, {"agent replaced", Severity::warning}},
    Telling{agent_drains, {"agent drains", Severity::info}},
    Telling{agent_warned, {"agent warned", Severity::warning}},
    Telling{agent_resumes, {"agent takes work again", Severity::info}},
    Telling{agent_left, {"agent left", Severity::info}},
    Telling{agent_lost, {"agent lost", Severity::warning}},
    Telling{agent_quarantined, {"agent quarantined", Severity::warning}},
    Telling{lease_expired, {"lease expired", Severity::info}},
    Telling{lease_split, {"lease split", Severity::info}},
    Telling{output_lost, {"output lost with a restore, its runs are computed again", Severity::warning}},
    Telling{lease_misused, {"lease misused", Severity::error}},
    Telling{program_failed, {"program failed", Severity::warning}},
    Telling{run_kills_agents, {"run kills agents", Severity::error}},
    Telling{kernel_contradicts, {"agent contradicts itself", Severity::error}},
    Telling{job_submitted, {"job submitted", Severity::info}},
    Telling{job_steered, {"job steered", Severity::info}},
    Telling{job_ended, {"job ended", Severity::info}},
    Telling{message_refused, {"message refused", Severity::warning}},
    Telling{backup_made, {"backup made", Severity::info}},
    Telling{backup_failed, {"backup failed", Severity::error}},
    Telling{key_revoked, {"key revoked", Severity::warning}},
    Telling{value_impossible, {"impossible value refused", Severity::error}},
    Telling{work_discarded, {"work discarded", Severity::warning}},
    Telling{job_forgotten, {"job forgotten", Severity::info}},
    Telling{space_short, {"short of space", Severity::error}},
    Telling{space_enough, {"enough space again", Severity::info}},
    Telling{key_added, {"key added", Severity::info}},
    Telling{key_expired, {"key expired", Severity::warning}},
};
static_assert(tellings.size() == enum_words<Happening>.size());

}  // namespace

const HappeningWords& words_for_people(Happening what) {
  const Telling& telling = tellings.at(static_cast<std::size_t>(what));
  check(telling.what == what, "the words stand in the order of the happenings");
  return telling.words;
}

bool is_kept(Happening what) { return what != message_refused && what != lease_misused; }

std::string signed_by(std::string what, const std::string& name) {
  return name.empty() ? what : std::move(what) + ", by " + name;
}

Severity severity_of(const Event& event) {
  const bool has_failed = event.what == job_ended && parse<JobState>(event.detail) == JobState::failed;
  return has_failed ? Severity::warning : words_for_people(event.what).severity;
}

}  // namespace pq::core
