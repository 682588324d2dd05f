#include <fcntl.h>
#include <linux/close_range.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "agent/agent.h"
#include "agent/options.h"
#include "common/errors.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/os/program.h"
#include "common/os/random.h"
#include "common/os/supervisor.h"

namespace {

// The programs that it runs get none of its files, also of those that it was started with. Its own never take
// the numbers of standard ones that it was started without.
void keep_descriptors_to_itself() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

pq::ExitStatus run(int argc, char** argv) {
  pq::Supervisor supervisor;
  auto options = pq::parse_agent_options(argc, argv);
  if (!options) return pq::ExitStatus::done;
  keep_descriptors_to_itself();
  pq::set_up_log("pq-agent", options->log_level);
  pq::seed_c_library();
  pq::StopSignals signals;
  const pq::SystemClock clock;
  // Never destroyed: its threads may be in a step that has been given back, and nobody waits for those.
  auto* agent = new pq::AgentLoop(std::move(*options), signals, supervisor, clock);
  return agent->run();
}

}  // namespace

int main(int argc, char** argv) {
  pq::set_up_name_service();
  const pq::ExitStatus status = pq::run_program("pq-agent", [&] { return run(argc, argv); });
  spdlog::shutdown();
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(status));
}
