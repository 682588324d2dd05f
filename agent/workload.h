// What an agent works on: the leases that it holds, their jobs, and its slots. It decides which step begins
// on which slot, and which steps end early. Its session tells it what the head orders, and tells the head of
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/held_lease.h"
#include "agent/known_jobs.h"
#include "agent/slot_board.h"
#include "agent/step.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::agent {

class Workload {
 public:
  Workload(std::uint32_t slots, bool has_express, Instant now);

  // ---- from the head
  // Drops what the orders do not list, and takes or declines what is new.
  void obey(const Orders& orders, bool takes_new);
  // The head has stored the collected output of this lease before `upto`.
  void output_is_stored(LeaseId lease, std::uint64_t upto);

  // ---- files
  // Jobs with leases here whose files are not known to be here. A job without files is never among them.
  std::vector<std::shared_ptr<const JobOrder>> unready_jobs() const;
  // Their files are here.
  void set_ready(JobId job);
  // Its files were here, but have changed: they must be fetched again.
  void lack_files(JobId job);
  // Its files are unavailable: its leases fail, and its next lease asks for the files again.
  void set_unready(JobId job, const std::string& error);
  // Every job that it knows, with or without leases.
  std::vector<std::shared_ptr<const JobOrder>> jobs() const { return jobs_.orders(); }

  // ---- slots
  // Steps for idle slots; each counts as begun.
  std::vector<Step> next_steps();
  // The step of this slot ends at `end` at the latest.
  void curtail(std::uint32_t slot, std::uint64_t end);
  // Its result. Without `goes_on` the rest of its lease is given back.
  void finish(const StepResult& result, bool goes_on);
  // Those whose step has become useless or must end early, each once.
  std::vector<std::uint32_t> next_abandoned() { return slots_.next_abandoned(); }
  std::vector<std::uint32_t> next_curtailed() { return slots_.next_curtailed(); }
  const SlotBoard& slots() const { return slots_; }

  // ---- giving back
  // Gives back what is not begun.
  void give_back_rest();
  // The same, and the steps.
  void give_back_steps();
  // All processes here were signalled. Recent values of programs are not believed, nor values of the next
  // moment. Unreported values are given back, and no program begins for a moment.
  void give_back(Instant now);
  // The agent alone was signalled, and the others may be next: until then no program's value is reported.
  void doubt(Instant until);
  // All leases are lost.
  void drop_leases();

  // ---- time
  // What time alone has caused. Returns how long ago the last call was.
  Duration settle(Instant now);
  Instant next_deadline() const;

  // ---- to the head
  // Something has happened that the head should hear at once. Returns this once.
  bool take_news() { return std::exchange(has_news_, false); }
  bool has_news() const { return has_news_; }
  // Adds the leases and the measured paces.
  void report(Beat& beat) const;
  std::size_t leases() const { return held_.size(); }
  bool is_computing() const;

 private:
  bool take_new(const LeaseOrder& order, Epoch epoch);
  void lower_end(LeaseId id, HeldLease& lease, std::uint64_t end);
  void end_slow_steps(Instant now);
  bool may_begin(const HeldLease& lease) const;

  SlotBoard slots_;
  std::map<LeaseId, HeldLease> held_;
  KnownJobs jobs_;
  Instant settled_at_;
  Instant doubt_until_;    // of programs' values
  Instant programs_from_;  // then they may begin
  bool has_news_ = false;
};

}  // namespace pq::agent
