// Watches a simulated head. After every commit each rule of DESIGN.md must hold in the stored rows, and no
// message may report what is not stored. A broken rule is thrown as Broken.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/values/ids.h"
#include "daemon/core/queue.h"
#include "daemon/core/rows.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::simulation {

// Counts of one run, for the report of many.
struct Tally {
  std::uint64_t turns = 0;
  std::uint64_t commits = 0;
  std::uint64_t leases = 0;
  std::uint64_t expired = 0;
  std::uint64_t yielded = 0;
  std::uint64_t failed_attempts = 0;
  std::uint64_t collected = 0;    // runs whose output was kept
  std::uint64_t killed = 0;       // agents, by what they computed
  std::uint64_t killed_most = 0;  // by one integer
  std::uint64_t heads = 0;
  std::uint64_t restores = 0;
  std::uint64_t faults = 0;
  std::uint64_t discarded = 0;  // times that work of somebody was
  std::uint64_t forgotten = 0;  // jobs, by a client

  void add(const Tally& other);
};

class Auditor {
 public:
  // `each_turn` false: checks only messages. For a fleet of a thousand over half an hour, which would take
  // too long otherwise.
  explicit Auditor(bool each_turn = true) : each_turn_(each_turn) {}

  // These rows are stored from now on; `model` is what they lead to.
  void sees_commit(const Changes& changes, const Model& model);
  // The head sends this message.
  void sees_message(const std::string& bytes, const Stored& stored);
  // A turn has ended.
  void sees_queue(const Queue& queue, const Stored& stored);
  // A head was started from `stored`; older than what was there before, if it is a backup.
  void sees_start(const Stored& stored, bool is_backup);

  // The run is over.
  void sees_end(const Model& model);

  Tally tally;

 private:
  struct Holder {
    JobId job;
    AgentId agent;
    std::uint64_t begin = 0;
    friend bool operator==(const Holder&, const Holder&) = default;
  };

  void check_span(const SpanKey& key, const Span& span, const JobRow& job);
  void check_progress(const Queue& queue);
  void check_provenance(const Changes& changes, const Model& model);
  static void check_nobody_idles(const Queue& queue);
  static void check_outputs(const Model& model, const JobRow& job);
  static void check_rows(const Queue& queue, const Stored& stored);

  bool each_turn_;
  std::map<LeaseId, Holder> holders_;  // of all leases there ever were
  std::map<JobId, std::uint64_t> done_;
};

}  // namespace pq::simulation
