// The commands. Each is one file that describes it (name, purpose, flags) and runs it; this is their table.
#pragma once

#include <string>
#include <vector>

#include "client/failure.h"
#include "client/options.h"
#include "client/output.h"
#include "client/screen.h"
#include "client/selection.h"
#include "common/instant.h"

namespace pq {

// One call of one command, understood as far as all commands are alike.
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

namespace commands {

Command submit();
Command status();
Command wait();
Command cancel();
Command pause();
Command resume();
Command priority();
Command retry();
Command logs();
Command events();
Command output();
Command agents();
Command verify();
Command backup();
Command key();
Command user_data();

}  // namespace commands

std::vector<Command> all_commands();

// As they are wanted on stdout.
Colours colours(const Invocation& call);

// The only word of this command line, which is a job's number.
JobId the_job(const Invocation& call);

// The same, or `last`, of a command that is about one job; to be found with find_job of tally.h.
Selection the_one_job(const Invocation& call);

// The only word of this command line, which says which jobs.
Selection the_jobs(const Invocation& call);

// Of a command that follows: until it asks the head again for what is new.
inline constexpr Duration between_looks = std::chrono::milliseconds(500);

// What the help of a command says of the word JOBS, or JOB: the first one goes on with ": which ones all
// are".
inline const std::string about_jobs =
    "JOBS is a number, or several as in 1-3,5, or last, the newest job, or all";
inline constexpr const char* about_one_job = "JOB is a number, or last, the newest job.";

// What a shell completes such a word to.
std::vector<WordChoice> words_of_jobs();
std::vector<WordChoice> words_of_one_job();

}  // namespace pq
