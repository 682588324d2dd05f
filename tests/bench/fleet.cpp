// A fleet of agents that compute nothing, each with a TCP connection of its own: what the head's answers
// take, and what the head takes for them. The sessions are those of pq-agent, the sockets have a Dealer's
// options; steps are timers.
//
//   pq-bench-fleet STATE_DIR HEAD_PID AGENTS SETTLE_S SECONDS QUIET_S [pings]
//
// Joins, stays for SETTLE_S, measures for SECONDS, says nothing for QUIET_S, and prints one JSON line.
// `pings` sets the ZMTP heartbeats that agents of 0.1.0 have. Latency is from a beat's send to its decoded
// Orders; lateness is the generator's own.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <new>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "agent/session.h"
#include "common/net/zmq_socket.h"
#include "common/os/descriptors.h"
#include "common/os/random.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace {

using namespace std::chrono_literals;

constexpr int agents_per_process = 1000;  // libzmq's timers of so many connections still cost nothing
constexpr std::uint32_t slots = 8;
constexpr double integers_per_s = 1e9;       // of a slot, on the average
constexpr pq::Duration join_longest = 200s;  // of some 3 s for 5000 on a quiet machine

// ---------------------------------------------------------------- what all processes count in

// Durations from 10 us to 10 min, in classes that are 2 % wide.
class Histogram {
 public:
  void count(pq::Duration duration) {
    const double place = std::log(std::max(pq::seconds(duration) / least_s, 1.0)) / std::log(growth);
    ++classes_.at(std::min(static_cast<std::size_t>(place), classes_.size() - 1));
  }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& in_class : classes_) sum += in_class;
    return sum;
  }
  // Milliseconds that this share of them did not exceed.
  double ms(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total())));
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      sum += classes_[i];
      if (sum >= wanted && sum > 0) return least_s * std::pow(growth, static_cast<double>(i + 1)) * 1e3;
    }
    return 0;
  }

 private:
  static constexpr double least_s = 1e-5;
  static constexpr double growth = 1.02;
  std::array<std::atomic<std::uint64_t>, 900> classes_{};
};

enum class Phase : int { joining, measuring, quiet, over };

struct Counts {
  std::atomic<Phase> phase{Phase::joining};
  std::atomic<std::uint64_t> joined{0};   // agents that have had orders
  std::atomic<std::uint64_t> beats{0};    // in the measured time, as all that follows
  std::atomic<std::uint64_t> leases{0};   // in these beats
  std::atomic<std::uint64_t> refused{0};  // sends: no connection stood
  std::atomic<std::uint64_t> unanswered{0};
  Histogram latency;
  Histogram lateness;
};

// ---------------------------------------------------------------- one agent

struct RunningStep {
  pq::Instant ends;
  pq::Instant began;
  pq::agent::Step step;
};

class Member {
 public:
  Member(const pq::net::Credentials& credentials, int number, bool pings, Counts& counts)
      : counts_(counts),
        pace_(0.8 + 0.4 * static_cast<double>(pq::os::random_bits() % 1000) / 1000),
        session_({introduction(number), 1h, std::nullopt}, pq::net::time_now()) {
    pq::net::set_dealer_options(socket_, credentials, pq::limits::agent_message_bytes_max);
    if (pings) {
      socket_.set(ZMQ_HEARTBEAT_IVL, 5000);
      socket_.set(ZMQ_HEARTBEAT_TIMEOUT, 15000);
      socket_.set(ZMQ_HEARTBEAT_TTL, 20000);
    }
    pq::check(zmq_connect(socket_.handle(), credentials.head_endpoint.c_str()) == 0,
              "a_head_has_an_endpoint");
  }

  int fd() const {
    int fd = -1;
    std::size_t size = sizeof fd;
    zmq_getsockopt(socket_.handle(), ZMQ_FD, &fd, &size);
    return fd;
  }

  // Does everything that is due; returns when it must run again.
  pq::Instant turn(pq::Instant now) {
    hear(now);
    finish_steps(now);
    session_.settle(now);
    for (const pq::agent::Step& step : session_.work().next_steps()) begin(step, now);
    session_.work().next_abandoned();
    while (const auto message = session_.next_message(now)) send(*message, now);
    hear(now);  // a send may have taken the socket's news with it
    pq::Instant next = session_.next_deadline();
    for (const RunningStep& running : running_) next = std::min(next, running.ends);
    return next;
  }

  void count_unanswered(pq::Instant now) {
    if (!asked_at_ || now - *asked_at_ < 1s) return;
    counts_.latency.count(now - *asked_at_);
    ++counts_.unanswered;
  }

 private:
  static pq::Hello introduction(int number) {
    pq::Hello hello;
    hello.name = fmt::format("simulated-{}-{:x}", number, pq::os::random_bits());
    hello.incarnation = {pq::os::random_bits()};
    hello.program_version = "bench";
    hello.slots = slots;
    hello.kernels = {pq::Kernel::primes};
    hello.labels = {{"arch", "x86_64"}, {"os", "linux"}, {"host", hello.name}, {"cpus", "8"}};
    return hello;
  }

  void hear(pq::Instant now) {
    while (is_readable(now)) {
      pq::net::Frame frame;
      if (!frame.receive(socket_)) continue;
      const auto message = pq::decode_to_agent(frame.bytes());
      pq::check(message.has_value(), "the_head_is_understood");
      if (std::holds_alternative<pq::Orders>(*message)) hear_orders(pq::net::time_now());
      session_.hear(*message, now);
    }
  }

  // After events were taken, the descriptor only signals later ones. So this is called until it returns
  // false.
  bool is_readable(pq::Instant now) {
    int events = 0;
    std::size_t size = sizeof events;
    zmq_getsockopt(socket_.handle(), ZMQ_EVENTS, &events, &size);
    if (was_refused_ && (events & ZMQ_POLLOUT) != 0) {
      was_refused_ = false;
      session_.reach_head(now);
    }
    return (events & ZMQ_POLLIN) != 0;
  }

  void hear_orders(pq::Instant now) {
    if (!std::exchange(has_joined_, true)) ++counts_.joined;
    if (asked_at_ && counts_.phase == Phase::measuring) counts_.latency.count(now - *asked_at_);
    asked_at_.reset();
  }

  void send(const pq::AgentToHead& message, pq::Instant) {
    const std::string bytes = pq::encode(message);
    const pq::Instant now = pq::net::time_now();
    was_refused_ = !socket_.send(bytes);
    const bool counts = counts_.phase == Phase::measuring;
    if (was_refused_ && counts) ++counts_.refused;
    const auto* beat = std::get_if<pq::Beat>(&message);
    if (beat == nullptr || was_refused_) return;
    if (!asked_at_) asked_at_ = now;
    if (!counts) return;
    ++counts_.beats;
    counts_.leases += beat->leases.size();
  }

  // Other than its agent's pace by up to 30 %, so that ends spread.
  void begin(const pq::agent::Step& step, pq::Instant now) {
    const double luck = 0.7 + 0.6 * static_cast<double>(pq::os::random_bits() % 1000) / 1000;
    const double work_s = static_cast<double>(step.range.width()) / (integers_per_s * pace_) * luck;
    running_.push_back({now + pq::from_seconds(work_s), now, step});
  }

  void finish_steps(pq::Instant now) {
    std::vector<RunningStep> ended;
    std::erase_if(running_, [&](const RunningStep& running) {
      if (running.ends > now) return false;
      ended.push_back(running);
      return true;
    });
    for (const RunningStep& running : ended)
      session_.finish(pq::agent::computed(running.step, pq::Int128{1}, now - running.began));
  }

  Counts& counts_;
  double pace_;
  pq::net::Socket socket_{ZMQ_DEALER};
  pq::agent::Session session_;
  std::vector<RunningStep> running_;
  std::optional<pq::Instant> asked_at_;  // the oldest beat without an answer
  bool was_refused_ = false;
  bool has_joined_ = false;
};

// ---------------------------------------------------------------- one process

class Group {
 public:
  Group(const pq::net::Credentials& credentials, int first, int count, bool pings, Counts& counts)
      : counts_(counts), epoll_(::epoll_create1(EPOLL_CLOEXEC)), due_(static_cast<std::size_t>(count)) {
    for (int i = 0; i < count; ++i) {
      members_.emplace_back(credentials, first + i, pings, counts);
      epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<std::uint32_t>(i)}};
      pq::check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, members_.back().fd(), &event) == 0, "a_socket_is_watched");
      turn(static_cast<std::size_t>(i));
    }
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (counts_.phase != Phase::quiet) {
      const pq::Duration patience = next_due() - pq::net::time_now();
      const int wait_ms = static_cast<int>(std::clamp<std::int64_t>(patience / 1ms + 1, 0, 100));
      const int count =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience <= 0ms ? 0 : wait_ms);
      for (int i = 0; i < count; ++i) turn(events.at(static_cast<std::size_t>(i)).data.u32);
      take_due();
    }
    for (Member& member : members_) member.count_unanswered(pq::net::time_now());
    while (counts_.phase != Phase::over) std::this_thread::sleep_for(20ms);
  }

 private:
  using Due = std::pair<pq::Instant, std::size_t>;

  pq::Instant next_due() const { return queue_.empty() ? pq::Instant::never() : queue_.top().first; }

  void take_due() {
    const pq::Instant now = pq::net::time_now();
    while (next_due() <= now) {
      const auto [when, member] = queue_.top();
      queue_.pop();
      if (when != due_.at(member)) continue;  // it has been looked at meanwhile
      if (counts_.phase == Phase::measuring) counts_.lateness.count(pq::net::time_now() - when);
      turn(member);
    }
  }

  void turn(std::size_t member) {
    const pq::Instant next = members_.at(member).turn(pq::net::time_now());
    if (std::exchange(due_.at(member), next) != next) queue_.emplace(next, member);
  }

  Counts& counts_;
  int epoll_;
  std::deque<Member> members_;
  std::vector<pq::Instant> due_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue_;
};

// ---------------------------------------------------------------- the head, as the kernel counts it

struct Usage {
  double turn_s = 0;     // of the thread that decides
  double sockets_s = 0;  // of libzmq's
  double others_s = 0;
};

Usage usage_of(const std::string& pid) {
  Usage usage;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
    std::string name;
    double spent_ns = 0;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    std::ifstream(thread.path() / "schedstat") >> spent_ns;
    const bool is_first = thread.path().filename() == pid;
    (is_first                       ? usage.turn_s
     : name.starts_with("ZMQbg/IO") ? usage.sockets_s
                                    : usage.others_s) += spent_ns / 1e9;
  }
  return usage;
}

double resident_mb(const std::string& pid) {
  double pages = 0;
  double resident = 0;
  std::ifstream("/proc/" + pid + "/statm") >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// ---------------------------------------------------------------- the whole fleet

struct Plan {
  pq::net::Credentials credentials;
  std::string head_pid;
  int agents = 0;
  pq::Duration settles{0};
  pq::Duration measured{0};
  pq::Duration quiet{0};
  bool pings = false;
};

std::vector<pid_t> start(const Plan& plan, Counts& counts) {
  std::vector<pid_t> processes;
  for (int first = 0; first < plan.agents; first += agents_per_process) {
    const pid_t process = ::fork();
    if (process != 0) {
      processes.push_back(process);
      continue;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pq::os::seed_c_library();
    Group(plan.credentials, first, std::min(agents_per_process, plan.agents - first), plan.pings, counts)
        .run();
    ::_exit(0);  // sockets and all, as a machine that is switched off
  }
  return processes;
}

void measure(const Plan& plan, Counts& counts) {
  const pq::Instant began = pq::net::time_now();
  while (counts.joined < static_cast<std::uint64_t>(plan.agents) &&
         pq::net::time_now() - began < join_longest)
    std::this_thread::sleep_for(5ms);
  const double joined_s = pq::seconds(pq::net::time_now() - began);
  const std::uint64_t joined = counts.joined;
  std::this_thread::sleep_for(plan.settles);
  const Usage before = usage_of(plan.head_pid);
  const pq::Instant from = pq::net::time_now();
  counts.phase = Phase::measuring;
  std::this_thread::sleep_for(plan.measured);
  counts.phase = Phase::quiet;
  const Usage after = usage_of(plan.head_pid);
  const double lasted_s = pq::seconds(pq::net::time_now() - from);
  const double resident = resident_mb(plan.head_pid);
  std::this_thread::sleep_for(1s);  // the last answers
  const Usage quiet = usage_of(plan.head_pid);
  std::this_thread::sleep_for(plan.quiet);
  const Usage end = usage_of(plan.head_pid);
  counts.phase = Phase::over;
  while (::wait(nullptr) > 0) {
  }
  const auto quantiles = [](const Histogram& of) {
    return fmt::format("[{:.3f}, {:.3f}, {:.3f}]", of.ms(0.5), of.ms(0.99), of.ms(1));
  };
  fmt::print(
      R"({{"agents": {}, "joined": {}, "joined_after_s": {:.2f}, "measured_s": {:.2f}, "beats": {}, "leases": {}, )"
      R"("refused": {}, "unanswered": {}, "latency_ms": {}, "lateness_ms": {}, )"
      R"("turn_cpu_s": {:.3f}, "sockets_cpu_s": {:.3f}, "others_cpu_s": {:.3f}, )"
      R"("quiet_sockets_cpu_s": {:.4f}, "resident_mb": {:.0f}}})"
      "\n",
      plan.agents, joined, joined_s, lasted_s, counts.beats.load(), counts.leases.load(),
      counts.refused.load(), counts.unanswered.load(), quantiles(counts.latency), quantiles(counts.lateness),
      after.turn_s - before.turn_s, after.sockets_s - before.sockets_s, after.others_s - before.others_s,
      end.sockets_s - quiet.sockets_s, resident);
}

Plan parse(const std::vector<std::string>& words) {
  const auto credentials = pq::net::find_credentials({.state_dir = words.at(1),
                                                      .role = pq::Role::agent,
                                                      .head_endpoint = {},
                                                      .join_token = {},
                                                      .key_file = {}});
  if (!credentials) throw pq::EnvironmentError(credentials.error());
  return {.credentials = *credentials,
          .head_pid = words.at(2),
          .agents = std::stoi(words.at(3)),
          .settles = pq::from_seconds(std::stod(words.at(4))),
          .measured = pq::from_seconds(std::stod(words.at(5))),
          .quiet = pq::from_seconds(std::stod(words.at(6))),
          .pings = words.size() > 7 && words.at(7) == "pings"};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() < 7 || words.size() > 8) {
    std::fprintf(stderr,
                 "usage: pq-bench-fleet STATE_DIR HEAD_PID AGENTS SETTLE_S SECONDS QUIET_S [pings]\n");
    return 2;
  }
  try {
    const Plan plan = parse(words);
    void* const shared =
        ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pq::check(shared != MAP_FAILED, "there_is_memory_to_count_in");
    auto* const counts = new (shared) Counts;
    start(plan, *counts);
    measure(plan, *counts);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pq-bench-fleet: %s\n", error.what());
    return 1;
  }
  return 0;
}
