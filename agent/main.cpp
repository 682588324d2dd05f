#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "agent/agent.h"
#include "agent/options.h"
#include "common/errors.h"
#include "common/os/log.h"
#include "common/os/random.h"

namespace {

pq::ExitStatus run(int argc, char** argv) {
  auto options = pq::parse_agent_options(argc, argv);
  if (const auto* status = std::get_if<pq::ExitStatus>(&options)) return *status;
  auto& agent_options = std::get<pq::AgentOptions>(options);
  pq::set_up_log("pq-agent", agent_options.log_level);
  pq::seed_c_library();
  pq::StopSignals signals;
  const pq::SystemClock clock;
  // Never destroyed: its threads may be in a step that has been given back, and nobody waits for those.
  auto* agent = new pq::AgentLoop(std::move(agent_options), signals, clock);
  return agent->run();
}

}  // namespace

int main(int argc, char** argv) {
  pq::ExitStatus status = pq::ExitStatus::failed;
  try {
    status = run(argc, argv);
  } catch (const pq::EnvironmentError& error) {
    const bool is_usage = error.status() == pq::ExitStatus::usage;
    std::fprintf(stderr, "pq-agent: %s%s\n", error.what(), is_usage ? "; see pq-agent --help" : "");
    status = error.status();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pq-agent: %s\n", error.what());
  }
  spdlog::shutdown();
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(status));
}
