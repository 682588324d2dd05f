// One child process, the leader of a process group of its own. Nothing else in pq starts any but the warden.
//
// It is started as vfork does it: the child borrows the parent's memory until it is another program, so that
// a large agent starts programs as fast as a small one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <tl/expected.hpp>

#include "common/instant.h"

namespace pq {

// Everything must live until the process has been started.
struct ProcessSpec {
  const char* path = nullptr;  // no search; where relative, in the directory
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int directory = -1;              // a descriptor: where it begins
  std::uint64_t memory_bytes = 0;  // 0: no limit
  bool reads = false;              // its standard input is a pipe; else there is nothing to read
};

// An open descriptor, or none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void close();
  int release();

 private:
  int fd_ = -1;
};

// Where a process group is told while it lives: another thread may kill it by this, and never another one
// that has its number later.
class GroupSlot {
 public:
  // `shared`: told as well, before the program begins.
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
  // Kills what is left of it.
  ~Process();

  Descriptor& input() { return input_; }
  Descriptor& output() { return output_; }
  Descriptor& errors() { return errors_; }
  // Readable once it has exited. -1: this kernel has none.
  int exit_fd() const { return exit_.fd(); }
  bool has_exited() const;

  // To the whole group.
  void signal(int number) const;

  // Kills what is left of the group, and waits for the end of its leader. Its status is as waitpid(2) tells
  // it.
  int end();

 private:
  explicit Process(GroupSlot& group) : group_(&group) {}

  pid_t id_ = 0;  // 0: over
  GroupSlot* group_;
  Descriptor input_, output_, errors_, exit_;
};

}  // namespace pq
