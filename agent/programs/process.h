// One child process, the leader of its own process group. The agent starts only the warden and the witness in
// another way.
//
// It starts as with vfork: the child borrows the parent's memory until it executes another program. So a
// large agent starts programs as fast as a small one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <tl/expected.hpp>

#include "common/os/descriptor.h"
#include "common/values/instant.h"

namespace pq::programs {

// All of these must live until the process has started.
struct ProcessSpec {
  const char* path = nullptr;  // no search; where relative, in the directory
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int directory = -1;              // a descriptor: where it begins
  std::uint64_t memory_bytes = 0;  // 0: no limit
  bool reads = false;              // its standard input is a pipe; else there is nothing to read
};

// Holds the number of a process group while the group lives. Another thread may kill the group by it, and
// never a later group with the same number.
class GroupSlot {
 public:
  // `shared`: set too, before the program begins.
  explicit GroupSlot(std::atomic<pid_t>* shared) : shared_(shared) {}

  void kill();
  void set(pid_t group);
  void clear();
  std::atomic<pid_t>* shared() const { return shared_; }

 private:
  std::mutex mutex_;
  pid_t group_ = 0;
  std::atomic<pid_t>* shared_;
};

class Process {
 public:
  // The error is an errno.
  static tl::expected<Process, int> start(const ProcessSpec& spec, GroupSlot& group);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  // Kills what is left of the group.
  ~Process();

  Descriptor& input() { return input_; }
  Descriptor& output() { return output_; }
  Descriptor& errors() { return errors_; }
  // Readable once it has exited. -1: the kernel has no such descriptor.
  int exit_fd() const { return exit_.fd(); }
  bool has_exited() const;
  pid_t id() const { return id_; }

  // Sends a signal to the whole group.
  void signal(int number) const;

  // Kills what is left of the group and waits for its leader to end. Returns the status as waitpid(2) does.
  int end();

 private:
  explicit Process(GroupSlot& group) : group_(&group) {}

  pid_t id_ = 0;  // 0: over
  GroupSlot* group_;
  Descriptor input_, output_, errors_, exit_;
};

}  // namespace pq::programs
