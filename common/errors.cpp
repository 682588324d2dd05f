#include "common/errors.h"

#include <array>
#include <system_error>

namespace pq {
namespace {

struct Wording {
  ErrorWord word;
  std::string_view name;      // on the wire
  std::string_view sentence;  // what happened
  std::string_view advice;    // what to do next
};

constexpr std::array wordings = {
    Wording{ErrorWord::malformed, "malformed", "the head did not understand this message",
            "install the same pq on both sides"},
    Wording{ErrorWord::unsupported_version, "unsupported_version", "the two sides speak different protocols",
            "install the same pq on both sides"},
    Wording{ErrorWord::not_allowed, "not_allowed", "this key's role does not allow it",
            "use a key whose role in authorized_keys does"},
    Wording{ErrorWord::introduce_yourself, "introduce_yourself", "the head does not know this agent process",
            "say hello first"},
    Wording{ErrorWord::replaced, "replaced", "a newer process has taken this agent's name",
            "give each agent its own --name"},
    Wording{ErrorWord::no_such_job, "no_such_job", "no such job", "pq-status lists the jobs"},
    Wording{ErrorWord::no_such_agent, "no_such_agent", "no such agent", "pq-agents lists the agents"},
    Wording{ErrorWord::job_has_ended, "job_has_ended", "the job has ended already",
            "submit the range again to compute it anew"},
    Wording{ErrorWord::nothing_failed, "nothing_failed", "there is nothing to try again",
            "only failed parts are tried again; pq-submit computes a range anew"},
    Wording{ErrorWord::no_such_file, "no_such_file", "the head does not have a file of this job",
            "submit it again: pq-submit sends its files first"},
    Wording{ErrorWord::too_much, "too_much", "a limit of the head is reached",
            "see common/limits.h for the limits"},
    Wording{ErrorWord::backup_under_way, "backup_under_way", "another backup is under way",
            "ask again when that one is done"},
    Wording{ErrorWord::name_is_taken, "name_is_taken", "a backup of this name exists already",
            "choose another --name, or remove that file"},
    Wording{ErrorWord::backup_failed, "backup_failed", "the backup failed and nothing of it is left",
            "the head goes on; make room or check that disk, then run pq-backup again"},
    Wording{ErrorWord::no_such_key, "no_such_key", "no such key", "pq-key list shows the keys"},
    Wording{ErrorWord::key_revoked, "key_revoked", "this key is not valid any more",
            "ask for another one, made by pq-key new"},
};

const Wording& wording_of(ErrorWord word) {
  for (const Wording& wording : wordings) {
    if (wording.word == word) return wording;
  }
  return wordings.front();
}

}  // namespace

std::string_view to_text(ErrorWord word) { return wording_of(word).name; }

std::optional<ErrorWord> parse_error_word(std::string_view word) {
  for (const Wording& wording : wordings) {
    if (wording.name == word) return wording.word;
  }
  return std::nullopt;
}

std::vector<ErrorWord> all_error_words() {
  std::vector<ErrorWord> words;
  words.reserve(std::size(wordings));
  for (const Wording& wording : wordings) words.push_back(wording.word);
  return words;
}

std::string errno_text(int error) { return std::generic_category().message(error); }

std::string sentence(const Refusal& refusal) {
  const Wording& wording = wording_of(refusal.word);
  std::string text(wording.sentence);
  if (!refusal.detail.empty()) text.append(": ").append(refusal.detail);
  return text.append("; ").append(wording.advice);
}

}  // namespace pq
