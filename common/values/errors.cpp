#include "common/values/errors.h"

#include <array>
#include <system_error>

namespace pq {
namespace {

struct Wording {
  ErrorWord word;
  std::string_view sentence;  // what happened
  std::string_view advice;    // what to do next
};

constexpr std::array wordings = {
    Wording{ErrorWord::malformed, "the head did not understand this message",
            "install the same pq on both sides"},
    Wording{ErrorWord::unsupported_version, "the two sides speak different protocols",
            "install the same pq on both sides"},
    Wording{ErrorWord::not_allowed, "this key's role does not allow it",
            "use a key with another role (pq-key list shows them)"},
    Wording{ErrorWord::introduce_yourself, "the head does not know this agent process", "say hello first"},
    Wording{ErrorWord::replaced, "a newer process has taken this agent's name",
            "give each agent its own --name"},
    Wording{ErrorWord::no_such_job, "no such job", "pq-status lists the jobs"},
    Wording{ErrorWord::no_such_agent, "no such agent", "pq-agents lists the agents"},
    Wording{ErrorWord::no_such_worker, "no part is recorded as computed by this agent",
            "pq-provenance lists who computed what; --unknown selects the parts without a recorded agent"},
    Wording{ErrorWord::job_has_ended, "the job has ended already",
            "submit the range again to compute it once more"},
    Wording{ErrorWord::job_is_live, "the job has not ended", "wait for its end, or end it with pq-cancel"},
    Wording{ErrorWord::forgotten, "it is erased", "submit the job again to compute it once more"},
    Wording{ErrorWord::nothing_failed, "no part of the job has failed",
            "pq-retry retries failed parts only; pq-submit computes a whole range"},
    Wording{ErrorWord::no_such_file, "the head does not have a file of this job",
            "submit it again: pq-submit sends its files first"},
    Wording{ErrorWord::file_is_gone, "the head no longer keeps this file",
            "submit the job again, or any job with this file: the head then keeps it for an hour"},
    Wording{ErrorWord::too_much, "the head cannot do this", "ask for less, or try again later"},
    Wording{ErrorWord::short_of_space, "the disk of the head is short of space",
            "erase old jobs with pq-forget, or make room on that disk; jobs can be steered meanwhile"},
    Wording{ErrorWord::backup_under_way, "another backup is under way", "ask again when that one is done"},
    Wording{ErrorWord::name_is_taken, "a backup of this name exists already",
            "choose another --name, or remove that file"},
    Wording{ErrorWord::backup_failed, "the backup failed and nothing of it is left",
            "the head goes on; make room or check that disk, then run pq-backup again"},
    Wording{ErrorWord::no_such_key, "no such key", "pq-key list shows the keys"},
    Wording{ErrorWord::key_revoked, "this key is no longer valid",
            "ask an operator for a new one (pq-key new)"},
};

const Wording& wording_of(ErrorWord word) {
  for (const Wording& wording : wordings) {
    if (wording.word == word) return wording;
  }
  return wordings.front();
}

}  // namespace

std::string errno_text(int error) { return std::generic_category().message(error); }

std::string sentence(const Refusal& refusal) {
  const Wording& wording = wording_of(refusal.word);
  std::string text(wording.sentence);
  if (!refusal.detail.empty()) text.append(": ").append(refusal.detail);
  return text.append("; ").append(wording.advice);
}

}  // namespace pq
