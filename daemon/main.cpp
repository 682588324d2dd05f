#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/os/clock.h"
#include "common/os/descriptors.h"
#include "common/os/files.h"
#include "common/os/host_names.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/os/paths.h"
#include "common/os/program.h"
#include "common/os/random.h"
#include "common/os/signals.h"
#include "common/os/supervisor.h"
#include "common/version.h"
#include "daemon/agent_files.h"
#include "daemon/daemon.h"
#include "daemon/http/server.h"
#include "daemon/options.h"
#include "daemon/sqlite_store.h"
#include "daemon/status_line.h"
#include "daemon/zmq_transport.h"

namespace {

// Several heads may run on one machine: the port that nobody asked for can be another head's.
std::unique_ptr<pq::HttpServer> serve_http(const pq::DaemonOptions& options, const pq::StatePaths& paths,
                                           pq::Snapshots& snapshots, const pq::AgentFiles& agents,
                                           const pq::Clock& clock) {
  std::filesystem::remove(paths.head_http());  // an earlier run's
  if (!options.http) return nullptr;
  try {
    std::vector<std::string> names = pq::names_of_this_machine();
    names.push_back(options.http->host);
    names.insert(names.end(), options.http_hosts.begin(), options.http_hosts.end());
    auto server = std::make_unique<pq::HttpServer>(*options.http, snapshots, agents, clock, names);
    const auto written =
        pq::replace_file(paths.head_http(), to_text(local_address(server->address())) + "\n");
    if (!written) throw pq::EnvironmentError(written.error());
    spdlog::info("HTTP at http://{}/", to_text(server->address()));
    return server;
  } catch (const pq::EnvironmentError& error) {
    if (options.http_is_asked_for) throw;
    spdlog::warn("goes on without HTTP: {}", error.what());
    return nullptr;
  }
}

// After a turn, and only there: a head whose turn hangs must look like one.
void report(pq::Supervisor& supervisor, const pq::Queue& queue, pq::Instant now) {
  supervisor.feed_watchdog(now);
  if (supervisor.takes_status(now)) supervisor.tell_status(pq::status_line(queue), now);
}

pq::ExitStatus serve(const pq::DaemonOptions& options) {
  pq::Supervisor supervisor;
  pq::set_up_log("pqd", options.log_level);
  pq::seed_c_library();
  pq::raise_descriptor_limit();
  pq::StopSignals signals;
  const pq::SystemClock clock;
  const pq::StatePaths paths{options.state_dir};
  pq::SqliteStore store(paths);
  pq::prove_that_strangers_are_refused();
  // The queue is read and the epoch stored before the socket is bound: nobody is answered from less than all.
  const pq::Epoch epoch{pq::random_bits()};
  pq::Queue queue = pq::restore_queue(options.queue, epoch, store, clock.now());
  const pq::AgentFiles agents(options.agents_dir);
  pq::Snapshots snapshots(clock);
  pq::ZmqTransport transport(paths, options.listen, clock, {signals.fd(), snapshots.wanted_fd()});
  const auto http = serve_http(options, paths, snapshots, agents, clock);
  pq::Daemon daemon(std::move(queue), store, transport, clock, &agents,
                    http ? std::optional(to_text(http->address())) : std::nullopt);
  spdlog::info("pqd {} listens on {}, state in {}", pq::program_version, transport.endpoint(),
               options.state_dir.string());
  supervisor.say_ready();
  while (!signals.take()) {
    report(supervisor, daemon.queue(), clock.now().instant);
    daemon.turn(supervisor.next_deadline());
    if (snapshots.are_wanted()) snapshots.publish(daemon.snapshot(snapshots.take_details_wanted()));
  }
  supervisor.say_stopping();
  spdlog::info("stopped; agents go on with what they hold");
  return pq::ExitStatus::done;
}

}  // namespace

int main(int argc, char** argv) {
  pq::set_up_name_service();
  return static_cast<int>(pq::run_program("pqd", [&] {
    const auto options = pq::parse_daemon_options(argc, argv);
    if (!options) return pq::ExitStatus::done;
    return options->verify ? pq::verify_file(*options->verify) : serve(*options);
  }));
}
