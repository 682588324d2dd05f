// The commands. Each is one file with its description (name, purpose, flags) and its code; this is their
// table.
#pragma once

#include <string>
#include <vector>

#include "client/failure.h"
#include "client/options.h"
#include "client/output.h"
#include "client/screen.h"
#include "client/selection.h"
#include "common/values/instant.h"

namespace pq::commands {

// One call of one command, parsed as far as all commands are alike.
struct Invocation {
  const std::string& program;  // "pq-submit"
  const Arguments& arguments;
  const SharedOptions& shared;
  Screen& screen;
};

struct Command {
  std::string name;  // "submit": the program pq-submit, or `pq submit`
  Usage usage;
  Outcome (*run)(const Invocation&);
};

Command submit();
Command status();
Command wait();
Command cancel();
Command pause();
Command resume();
Command priority();
Command retry();
Command recompute();
Command forget();
Command provenance();
Command logs();
Command events();
Command output();
Command agents();
Command verify();
Command backup();
Command key();
Command user_data();

std::vector<Command> all_commands();

// The colours for stdout.
Colours colours(const Invocation& call);

// The only argument of this command line, a job's id.
JobId the_job(const Invocation& call);

// The same or `last`, for a command about one job; find_job of tally.h looks it up.
Selection the_one_job(const Invocation& call);

// The only argument of this command line, which selects jobs.
Selection the_jobs(const Invocation& call);

// For commands that follow: how long they wait before they ask the head again.
inline constexpr Duration between_looks = std::chrono::milliseconds(500);

// The help text about the words JOBS and JOB. The first one continues with ": " and what all means.
inline const std::string about_jobs =
    "JOBS is a number, or several as in 1-3,5, or last, the newest job, or all";
inline constexpr const char* about_one_job = "JOB is a number, or last, the newest job.";

// The shell's completions for such a word.
std::vector<WordChoice> words_of_jobs();
std::vector<WordChoice> words_of_one_job();

}  // namespace pq::commands
