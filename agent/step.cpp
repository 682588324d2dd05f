#include "agent/step.h"

#include <utility>

#include "common/job.h"

namespace pq {

StepResult computed(Step step, Value value, Duration took) {
  StepResult result;
  result.upto = step.range.end;
  result.step = std::move(step);
  result.value = value;
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

std::optional<Range> run_at(const JobOrder& order, std::uint64_t begin, std::uint64_t end) {
  if (!order.program || order.program->run_width == 0) return std::nullopt;
  return Range{begin, run_boundary({order.begin, end}, order.program->run_width, begin + 1)};
}

}  // namespace pq
