#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>

#include "agent/agent.h"
#include "agent/options.h"
#include "common/errors.h"
#include "common/os/log.h"
#include "common/os/program.h"
#include "common/os/random.h"

namespace {

pq::ExitStatus run(int argc, char** argv) {
  auto options = pq::parse_agent_options(argc, argv);
  if (!options) return pq::ExitStatus::done;
  pq::set_up_log("pq-agent", options->log_level);
  pq::seed_c_library();
  pq::StopSignals signals;
  const pq::SystemClock clock;
  // Never destroyed: its threads may be in a step that has been given back, and nobody waits for those.
  auto* agent = new pq::AgentLoop(std::move(*options), signals, clock);
  return agent->run();
}

}  // namespace

int main(int argc, char** argv) {
  const pq::ExitStatus status = pq::run_program("pq-agent", [&] { return run(argc, argv); });
  spdlog::shutdown();
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(status));
}
