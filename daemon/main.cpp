#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/cli/run_program.h"
#include "common/os/clock.h"
#include "common/os/descriptors.h"
#include "common/os/files.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/os/paths.h"
#include "common/os/private_files.h"
#include "common/os/random.h"
#include "common/os/signals.h"
#include "common/os/supervisor.h"
#include "common/version.h"
#include "daemon/daemon.h"
#include "daemon/descriptor_watch.h"
#include "daemon/gate/router.h"
#include "daemon/gate/zmq_transport.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/host_names.h"
#include "daemon/http/server.h"
#include "daemon/limits.h"
#include "daemon/options.h"
#include "daemon/status_line.h"
#include "daemon/store/ballast.h"
#include "daemon/store/limits.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/store/state_dir.h"

namespace pq::daemon {
namespace {

// Several heads may run on one machine, so another head may have the default port.
std::unique_ptr<HttpServer> serve_http(const DaemonOptions& options, const StatePaths& paths,
                                       Snapshots& snapshots, const AgentFiles& agents, const Clock& clock) {
  std::filesystem::remove(paths.head_http());  // an earlier run's
  if (!options.http) return nullptr;
  try {
    std::vector<std::string> names = names_of_this_machine();
    names.push_back(options.http->host);
    names.insert(names.end(), options.http_hosts.begin(), options.http_hosts.end());
    auto server = std::make_unique<HttpServer>(*options.http, snapshots, agents, clock, names);
    const auto written = replace_file(paths.head_http(), to_text(local_address(server->address())) + "\n");
    if (!written) throw EnvironmentError(written.error());
    spdlog::info("HTTP at http://{}/", to_text(server->address()));
    return server;
  } catch (const EnvironmentError& error) {
    if (options.http_is_asked_for) throw;
    spdlog::warn("continuing without HTTP: {}", error.what());
    return nullptr;
  }
}

// nullptr: they are handed out with the rest alone.
std::unique_ptr<HttpServer> serve_agents(const DaemonOptions& options, Snapshots& snapshots,
                                         const AgentFiles& agents, const Clock& clock) {
  if (!options.agents_http) return nullptr;
  auto server = std::make_unique<HttpServer>(*options.agents_http, snapshots, agents, clock,
                                             std::vector<std::string>{}, http::Offer::agents_alone);
  spdlog::info("agents for new machines at http://{}/agents/", to_text(server->address()));
  return server;
}

// After a turn and nowhere else: a head whose turn hangs must look like one.
void report(Supervisor& supervisor, const Queue& queue, const std::string& trouble, Instant now) {
  supervisor.feed_watchdog(now);
  if (supervisor.takes_status(now)) supervisor.tell_status(status_line(queue, trouble), now);
}

// What the loop looks at now and then, whether or not a message comes.
class Rounds {
 public:
  Rounds(Store& store, const Ballast& ballast) : store_(store), ballast_(ballast) {}

  // Throws EnvironmentError if the files of the queue are gone.
  void look(Instant now) {
    if (now >= files_at_) {
      store_.expect_in_place();
      ballast_.look();
      files_at_ = now + limits::files_looked_at;
    }
    if (now >= descriptors_at_) {
      look_at_descriptors();
      descriptors_at_ = now + limits::descriptors_looked_at;
    }
  }
  Instant next_deadline() const { return std::min(files_at_, descriptors_at_); }
  const DescriptorWatch& descriptors() const { return descriptors_; }

 private:
  void look_at_descriptors() {
    const auto use = descriptors_in_use();
    const auto news = use ? descriptors_.look(*use) : std::nullopt;
    if (news) spdlog::log(descriptors_.are_scarce() ? spdlog::level::warn : spdlog::level::info, "{}", *news);
  }

  Store& store_;
  const Ballast& ballast_;
  DescriptorWatch descriptors_;
  Instant files_at_;
  Instant descriptors_at_;
};

ExitStatus serve(const DaemonOptions& options) {
  Supervisor supervisor;
  set_up_log("pqd", options.log_level);
  seed_c_library();
  raise_descriptor_limit();
  StopSignals signals;
  const SystemClock clock;
  const StatePaths paths{options.state_dir};
  if (!options.new_queue) refuse_lost_queue(paths);
  const Ballast ballast(paths.ballast(), options.queue.reserve);
  ballast.make_way();
  SqliteStore store(paths);
  prove_that_strangers_are_refused();
  // The queue is read and the epoch stored before the socket is bound: no answer comes from incomplete data.
  const Epoch epoch{random_bits()};
  Queue queue = restore_queue(options.queue, epoch, store, clock.now());
  const AgentFiles agents(options.agents_dir);
  Snapshots snapshots(clock);
  ZmqTransport transport(paths, options.listen, clock, {signals.fd(), snapshots.wanted_fd()});
  const auto http = serve_http(options, paths, snapshots, agents, clock);
  const auto agents_http = serve_agents(options, snapshots, agents, clock);
  const HttpServer* const for_machines = agents_http ? agents_http.get() : http.get();
  Daemon daemon(std::move(queue), store, transport, clock, &agents,
                for_machines != nullptr ? std::optional(to_text(for_machines->address())) : std::nullopt);
  spdlog::info("pqd {} listens on {}, state in {}", program_version, transport.endpoint(),
               options.state_dir.string());
  supervisor.say_ready();
  Rounds rounds(store, ballast);
  while (!signals.take()) {
    const Instant now = clock.now().instant;
    rounds.look(now);
    report(supervisor, daemon.queue(), rounds.descriptors().trouble(), now);
    daemon.turn(std::min(supervisor.next_deadline(), rounds.next_deadline()));
    if (!snapshots.are_wanted()) continue;
    Snapshot snapshot = daemon.snapshot(snapshots.take_details_wanted());
    snapshot.head.descriptors_are_scarce = rounds.descriptors().are_scarce();
    snapshots.publish(std::move(snapshot));
  }
  supervisor.say_stopping();
  spdlog::info("stopped; agents keep computing what they hold");
  return ExitStatus::done;
}

ExitStatus run(int argc, char** argv) {
  const auto options = parse_daemon_options(argc, argv);
  if (!options) return ExitStatus::done;
  if (!options->verify) return serve(*options);
  set_up_log("pqd", "error");  // what it finds, it reports by itself
  return verify_file(*options->verify);
}

}  // namespace
}  // namespace pq::daemon

int main(int argc, char** argv) {
  pq::os::keep_files_private();
  pq::os::set_up_name_service();
  return static_cast<int>(pq::cli::run_program("pqd", [&] { return pq::daemon::run(argc, argv); }));
}
