// One lease that this agent holds: [begin, upto) is computed and has a value; the step, if one runs, begins
// at upto. The end only ever falls, never below the step. What is computed is told to the head in order: a
// part waits until its output is stored, and until its value is old enough to be believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "agent/step.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/range.h"
#include "common/values/value.h"

namespace pq::agent {

class HeldLease {
 public:
  HeldLease(const LeaseOrder& order, bool is_express);

  JobId job() const { return job_; }
  std::uint32_t attempt() const { return attempt_; }
  bool is_express() const { return is_express_; }
  std::uint64_t upto() const { return upto_; }
  std::uint64_t end() const { return end_; }

  bool is_computing() const { return step_end_.has_value(); }
  bool wants_slot() const { return !step_end_ && !failed_ && upto_ < end_; }
  // Nothing is left to compute or to tell.
  bool is_over() const { return untold_.empty() && (failed_ || upto_ == end_); }
  // It has taken longer on its express place than was expected of it.
  bool is_dear() const;

  // ---- its step. REQUIRES, but for begin_step and give_up_step: is_computing().
  // Returns what is to compute. REQUIRES: wants_slot(), upto() < end <= this->end().
  Range begin_step(std::uint64_t end);
  // The result of the present step. No value of it is believed before `fresh_until`.
  void finish_step(const StepResult& result, Fold how, Instant fresh_until, Instant now);
  // The present step, if there is one, is given back: it will have no result.
  void give_up_step();
  // A step of several runs is to end with the run that it is in. Returns false: it is its last, or asked
  // already.
  bool wants_early_end(const JobOrder& order);
  // The slot has said where the step that was asked ends. Returns false: nobody asked, or it ends no earlier.
  bool curtail(std::uint64_t end);

  // ---- its end
  // Lowers it as far as the step allows. What is given back begins where a run does, so that no run is cut.
  // If the step has several runs, those after the present one are given back too, once its slot has said
  // which run that is. Returns true: the slot must be asked now.
  bool lower_end(const JobOrder& order, std::uint64_t end);
  // The part up to `upto` has failed, for this reason, of which the beginning is told.
  void fail(std::uint64_t upto, std::string_view error, bool cannot_start);

  // ---- what is told
  // Output before `upto` is stored.
  void output_is_stored(std::uint64_t upto);
  // Tells what may be told by now. Returns true: the lease is over by that.
  bool tell(Instant now);
  // When the next part is old enough; never, if none waits for that.
  Instant tells_at(Instant now) const;
  // Nothing that is too new to be believed is believed before `until`.
  void doubt(Instant until, Instant now);
  // What is too new to be believed is not computed any more.
  void give_back_fresh(Instant now);
  std::size_t untold_bytes() const;
  // What the head is told of it.
  LeaseView view(LeaseId id) const;

 private:
  struct FailedPart {
    std::uint64_t upto = 0;
    std::string error;
    bool cannot_start = false;
  };

  // The end of what is computed, not told yet.
  struct Untold {
    std::uint64_t told_upto = 0;  // the part before it, with its value: all that can be told yet
    std::optional<Value> told_value;
    std::uint64_t upto = 0;
    std::size_t bytes = 0;
    bool awaits_store = false;
    Instant fresh_until;
  };

  void keep_value(const StepResult& result, Fold how);

  JobId job_;
  std::uint32_t attempt_;
  bool is_express_;
  Duration express_took_{0};  // on its express place, so far
  std::uint64_t begin_;
  std::uint64_t upto_;
  std::uint64_t end_;  // declared
  std::optional<Value> value_;
  std::optional<std::uint64_t> step_end_;    // where the step may end at the latest; falls with the end
  std::optional<std::uint64_t> end_wanted_;  // once the step's slot is asked: what the end may fall to
  std::optional<FailedPart> failed_;
  std::deque<Untold> untold_;
};

}  // namespace pq::agent
