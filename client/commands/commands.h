// The commands. Each is one file that describes it (name, purpose, flags) and runs it; this is their table.
#pragma once

#include <string>
#include <vector>

#include "client/failure.h"
#include "client/options.h"
#include "client/screen.h"

namespace pq {

// One call of one command, understood as far as all commands are alike.
struct Invocation {
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
Command output();
Command agents();
Command verify();
Command backup();
Command key();
Command user_data();

}  // namespace commands

std::vector<Command> all_commands();

// The only word of this command line, which is a job's number.
JobId the_job(const Invocation& call);

}  // namespace pq
