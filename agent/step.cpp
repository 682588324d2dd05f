#include "agent/step.h"

#include <utility>

#include "common/values/job.h"

namespace pq::agent {

StepResult computed(Step step, Value value, Duration took) {
  StepResult result;
  result.upto = step.range.end;
  result.step = std::move(step);
  result.value = std::move(value);
  result.took = took;
  return result;
}

StepResult failed(Step step, std::string error, Duration took) {
  StepResult result;
  result.upto = step.range.begin;
  result.failed = StepResult::FailedRun{step.range.end, std::move(error)};
  result.step = std::move(step);
  result.took = took;
  return result;
}

std::uint64_t run_width(const JobOrder& order) { return order.program ? order.program->run_width : 0; }

std::optional<Range> run_at(const JobOrder& order, std::uint64_t begin, std::uint64_t end) {
  if (run_width(order) == 0) return std::nullopt;
  return Range{begin, run_boundary({order.begin, end}, run_width(order), begin + 1)};
}

}  // namespace pq::agent
