// Requests of operators and viewers in a play.
#include <limits>
#include <string>

#include "tests/fuzz/cast.h"
#include "tests/fuzz/play.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

constexpr std::array folds = {Fold::sum, Fold::min, Fold::max, Fold::none};
constexpr std::array steerings = {Steering::cancel, Steering::pause, Steering::resume, Steering::retry};
constexpr std::array meant = {Meant::any,    Meant::live,      Meant::unpaused,
                              Meant::paused, Meant::retryable, Meant::newest};
constexpr std::array roles = {Role::agent, Role::operator_, Role::viewer};
constexpr std::array<std::uint32_t, 5> patiences_ms = {10'000, 0, 1, 60'000,
                                                       std::numeric_limits<std::uint32_t>::max()};
const std::string file_bytes = "a program";
constexpr std::uint64_t requests = 6;  // submissions with the same id are one

}  // namespace

// Mostly from the operator; a viewer or an agent may not send all of them.
void Play::ask() {
  const std::size_t who = script_.below(8);
  const Speaker& speaker = cast().at(who < cast().size() ? who : agents_in_cast);
  const RequestNumber number = script_.one_in(4) ? last_request_ : ++last_request_;
  stage_.says(speaker, Letter<ClientToHead>{number, some_question()});
}

ClientToHead Play::some_question() {
  switch (script_.below(23)) {
    case 16:
      return some_file_part();
    case 17:
      return AskLogs{some_job(), script_.below(8), script_.one_in(2), script_.number()};
    case 18:
      return AskOutput{some_job(), script_.number(), script_.below(8)};
    case 19:
      return AskJobIds{script_.one_of(meant), script_.number(), script_.number()};
    case 20:
      return AskEach{some_jobs()};
    case 21:
      return SteerEach{some_jobs(), script_.one_of(steerings)};
    case 22:
      return ReprioritizeEach{some_jobs(), static_cast<std::int32_t>(script_.below(5)) - 2};
    case 0:
      return AskJob{some_job()};
    case 1:
      return AskJobs{};
    case 2:
      return AskAgents{};
    case 3:
    case 4:
      return Wait{some_job(), script_.one_of(patiences_ms)};
    case 5:
    case 6:
    case 7:
      return Steer{some_job(), script_.one_of(steerings)};
    case 8:
      return Reprioritize{some_job(), static_cast<std::int32_t>(script_.below(5)) - 2};
    case 9:
      return DrainAgent{script_.one_of(agent_names)};
    case 10:
      return Verify{some_job()};
    case 11:
      return Authorize{script_.one_of(roles), std::string(script_.text(2)), std::string(script_.text(2))};
    default:
      return some_submission();
  }
}

Submit Play::some_submission() {
  Submit submit;
  submit.id = {0, script_.below(requests)};
  submit.spec.range = some_range();
  submit.spec.fold = script_.one_of(folds);
  submit.spec.kernel = script_.one_in(4) ? script_.one_of(sieve_kernels) : Kernel::primes;
  if (script_.one_in(4)) submit.spec = some_program(submit.spec);
  submit.spec.name = script_.one_in(8) ? script_.text(4) : "";
  submit.spec.priority = static_cast<std::int32_t>(script_.below(3)) - 1;
  submit.spec.attempts_max = static_cast<std::uint32_t>(script_.below(4));
  submit.spec.failures_max = static_cast<std::uint32_t>(script_.number());
  return submit;
}

JobSpec Play::some_program(JobSpec spec) {
  spec.kernel = Kernel::exec;
  spec.cpus = static_cast<std::uint32_t>(script_.below(4));  // none is no number of slots
  spec.program = Program{};
  spec.program->words = {std::string(script_.text(4))};
  spec.program->run_width = script_.one_in(2) ? script_.below(8) : 0;
  spec.program->collects = script_.one_in(2);
  if (script_.one_in(4))
    spec.program->files = {{"file", sha256_of(file_bytes), file_bytes.size(), FileKind::plain}};
  return spec;
}

// Mostly what follows of the one file that there is.
PutFile Play::some_file_part() {
  const std::size_t offset = script_.below(file_bytes.size() + 1);
  PutFile put{sha256_of(file_bytes), file_bytes.size(), offset, {}};
  put.part.data = file_bytes.substr(offset, script_.below(file_bytes.size() + 1));
  if (script_.one_in(8)) put.part.data = script_.text(4);
  if (script_.one_in(8)) put.size = script_.number();
  return put;
}

// Mostly a narrow one, anywhere.
Range Play::some_range() {
  const std::uint64_t begin = script_.number();
  if (begin == std::numeric_limits<std::uint64_t>::max()) return {0, begin};
  const std::uint64_t width_max = std::numeric_limits<std::uint64_t>::max() - begin;
  const std::uint64_t width = script_.one_in(4) ? script_.number() : 1 + script_.below(64);
  return {begin, begin + std::clamp<std::uint64_t>(width, 1, width_max)};
}

// Some of them more than once.
std::vector<JobId> Play::some_jobs() {
  std::vector<JobId> jobs(script_.below(5));
  for (JobId& job : jobs) job = some_job();
  return jobs;
}

JobId Play::some_job() {
  const auto& jobs = stage_.queue().jobs();
  const std::size_t which = script_.below(jobs.size() + 1);
  if (which == jobs.size()) return JobId{script_.number()};
  return std::next(jobs.begin(), static_cast<std::ptrdiff_t>(which))->first;
}

}  // namespace pq::fuzz
