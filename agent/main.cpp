#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "agent/agent.h"
#include "agent/options.h"
#include "common/cli/run_program.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/os/private_files.h"
#include "common/os/random.h"
#include "common/os/supervisor.h"
#include "common/values/errors.h"

namespace pq::agent {
namespace {

// Programs inherit none of the agent's descriptors, nor those that the agent inherited. The agent's own
// descriptors never take the numbers of standard streams that were closed when it started.
void keep_descriptors_to_itself() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

ExitStatus run(int argc, char** argv) {
  Supervisor supervisor;
  auto options = parse_agent_options(argc, argv);
  if (!options) return ExitStatus::done;
  keep_descriptors_to_itself();
  set_up_log("pq-agent", options->log_level);
  seed_c_library();
  // Sent by a closed terminal, and by batch systems before they end a job.
  StopSignals signals{SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
  const SystemClock clock;
  const Hello introduction = introduction_of(*options);
  // Never destroyed: its threads may still compute a step that was given back, and nobody waits for them.
  auto* agent = new AgentLoop(std::move(*options), introduction, signals, supervisor, clock);
  return agent->run();
}

}  // namespace
}  // namespace pq::agent

int main(int argc, char** argv) {
  pq::os::keep_files_private();
  pq::os::set_up_name_service();
  const pq::ExitStatus status = pq::cli::run_program("pq-agent", [&] { return pq::agent::run(argc, argv); });
  spdlog::shutdown();
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(status));
}
