// What programs cost without pq: WORKERS threads start PROGRAM by posix_spawn and wait for its end, COUNT
// times in all. Prints runs a second.
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

void run(const char* program) {
  char* const arguments[] = {const_cast<char*>(program), nullptr};
  char* const environment[] = {nullptr};
  pid_t child = 0;
  int status = 0;
  const bool is_started = posix_spawn(&child, program, nullptr, nullptr, arguments, environment) == 0;
  if (is_started && waitpid(child, &status, 0) == child && status == 0) return;
  std::fprintf(stderr, "spawn: cannot run %s\n", program);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "pq-bench-spawn COUNT WORKERS PROGRAM\n");
    return 2;
  }
  std::atomic<long> left{std::atol(argv[1])};
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> workers;
  for (long i = 0; i < std::atol(argv[2]); ++i) {
    workers.emplace_back([&] {
      while (left.fetch_sub(1) > 0) run(argv[3]);
    });
  }
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%.1f\n", static_cast<double>(std::atol(argv[1])) / took.count());
  return 0;
}
