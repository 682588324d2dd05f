#include "daemon/view/metrics.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/protocol/wire.h"
#include "common/report/figures.h"
#include "common/version.h"
#include "daemon/view/exposition.h"
#include "daemon/view/limits.h"

namespace pq::view {
namespace {

double as_seconds(UnixMs time) {
  return static_cast<double>(time) / 1000;
}  // to the millisecond, in its digits

// ---------------------------------------------------------------- jobs

// Jobs that have not ended: running ones first, then the oldest, so that a long queue hides no running job.
std::vector<const JobReport*> jobs_with_series(const JobsReport& report) {
  std::vector<const JobReport*> jobs;
  for (const JobReport& job : report.jobs) {
    if (!has_ended(job.state)) jobs.push_back(&job);
  }
  std::stable_partition(jobs.begin(), jobs.end(), [](const JobReport* job) { return job->slots_busy > 0; });
  if (jobs.size() > limits::job_series_max) jobs.resize(limits::job_series_max);
  return jobs;
}

void tell_each_job(Exposition& page, const std::vector<const JobReport*>& jobs) {
  const auto each = [&](Exposition::Family family, auto value_of) {
    for (const JobReport* job : jobs) {
      const std::string id = std::to_string(job->job.value);
      const std::optional value = value_of(*job);
      if (value) family.add(*value, {{"job_id", id}, {"name", job->spec.name}});
    }
  };
  each(page.gauge("pq_job_width_integers", "Integers in the range of the job."),
       [](const JobReport& job) { return std::optional(job.spec.range.width()); });
  each(page.counter("pq_job_integers_done_total", "Integers of the job that are counted in its value."),
       [](const JobReport& job) { return std::optional(job.done); });
  each(page.gauge("pq_job_failed_integers", "Integers of the job that were given up."),
       [](const JobReport& job) { return std::optional(job.failed); });
  each(page.counter("pq_job_attempts_failed_total", "Attempts in which the program of the job failed."),
       [](const JobReport& job) { return std::optional(job.attempts_failed); });
  each(page.counter("pq_job_integers_recomputed_total",
                    "Integers of the job that were computed and not taken, as far as the head can know."),
       [](const JobReport& job) { return std::optional(job.recomputed); });
  each(page.gauge("pq_job_rate_integers_per_second", "Speed of the job now, as its agents measure it."),
       [](const JobReport& job) { return std::optional(job.rate_per_s); });
  each(page.gauge("pq_job_eta_seconds",
                  "Time to the end of the job at its present rate; absent while none runs."),
       [](const JobReport& job) { return eta_s(job); });
  each(page.gauge("pq_job_busy_slots", "Slots that compute the job now."),
       [](const JobReport& job) { return std::optional(std::uint64_t{job.slots_busy}); });
  each(
      page.gauge("pq_job_unplaced", "1 if no connected agent can compute the free parts of the job, else 0."),
      [](const JobReport& job) { return std::optional(std::uint64_t{job.unplaced ? 1U : 0U}); });
}

void tell_jobs(Exposition& page, const Snapshot& snapshot) {
  const QueueFigures& queue = snapshot.head.queue;
  auto jobs = page.gauge("pq_jobs", "Jobs by state.");
  std::uint64_t live = 0;
  for (const auto& [state, count] : queue.jobs) {
    jobs.add(count, {{"state", to_text(state)}});
    if (!has_ended(state)) live += count;
  }
  auto ended = page.counter("pq_jobs_ended_total", "Jobs that have ended, by how.");
  for (const auto& [state, count] : snapshot.head.measures.jobs_ended)
    ended.add(count, {{"state", to_text(state)}});
  page.gauge("pq_jobs_waiting", "Jobs that are not paused and have no running lease.")
      .add(queue.jobs_waiting);
  page.counter("pq_integers_done_total", "Integers committed, of all jobs.").add(queue.integers_done);
  page.gauge("pq_integers_left", "Integers still to do, of all jobs that have not ended.")
      .add(queue.integers_left);
  const auto shown = jobs_with_series(snapshot.jobs);
  page.gauge("pq_jobs_without_series", "Jobs that have not ended, beyond those that have pq_job_ series.")
      .add(live - std::min<std::uint64_t>(live, shown.size()));
  tell_each_job(page, shown);
}

void tell_leases(Exposition& page, const QueueFigures& queue) {
  page.gauge("pq_leases", "Leases that are live now.").add(queue.leases);
  page.counter("pq_leases_granted_total", "Leases granted.").add(queue.lease_counts.granted);
  page.counter("pq_leases_expired_total", "Leases taken from holders that fell silent or were replaced.")
      .add(queue.lease_counts.expired);
  page.counter("pq_leases_yielded_total",
               "Leases that ended lower than granted, for another slot or a drain.")
      .add(queue.lease_counts.yielded);
}

// ---------------------------------------------------------------- agents

struct AgentFigures {
  std::uint64_t agents = 0;
  std::uint64_t slots = 0;
  std::uint64_t slots_busy = 0;
};

void tell_agents(Exposition& page, const AgentsReport& report) {
  std::map<AgentState, AgentFigures> by_state;
  for (const AgentState state : all<AgentState>()) by_state[state] = {};
  std::map<NoticeKind, std::uint64_t> noticed;
  for (const NoticeKind kind : all<NoticeKind>()) noticed[kind] = 0;
  std::uint64_t notice_errors = 0;
  std::uint32_t silence_ms = 0;
  double rate_per_s = 0;
  for (const AgentReport& agent : report.agents) {
    AgentFigures& figures = by_state[agent.state];
    figures.agents += 1;
    if (agent.state == AgentState::gone) continue;
    figures.slots += agent.slots;
    figures.slots_busy += agent.busy;
    if (agent.notice) noticed[agent.notice->kind] += 1;
    notice_errors += agent.notice_errors;
    silence_ms = std::max(silence_ms, agent.heard_ms_ago);
    rate_per_s += agent.rate_per_s;
  }
  auto agents = page.gauge("pq_agents", "Agents by state; those that are gone are listed for an hour.");
  for (const auto& [state, figures] : by_state) agents.add(figures.agents, {{"state", to_text(state)}});
  auto slots = page.gauge("pq_agent_slots", "Slots of the agents in this state.");
  for (const auto& [state, figures] : by_state) slots.add(figures.slots, {{"state", to_text(state)}});
  auto busy = page.gauge("pq_agent_busy_slots", "Slots of the agents in this state that compute now.");
  for (const auto& [state, figures] : by_state) busy.add(figures.slots_busy, {{"state", to_text(state)}});
  auto notices = page.gauge("pq_agent_notices", "Agents with a notice of their cloud in force, by its kind.");
  for (const auto& [kind, count] : noticed) notices.add(count, {{"kind", to_text(kind)}});
  page.gauge("pq_agent_notice_errors",
             "Questions of present agents to their cloud that had no proper answer.")
      .add(notice_errors);
  page.gauge("pq_agent_longest_silence_seconds", "Longest time since an agent was heard.")
      .add(seconds(std::chrono::milliseconds(silence_ms)));
  page.gauge("pq_agent_rate_integers_per_second", "Speed of all agents now, as they measure it.")
      .add(rate_per_s);
  page.gauge("pq_agents_left_out", "Agents that pq_agents does not count, beyond those that the head lists.")
      .add(report.left_out);
}

// ---------------------------------------------------------------- the head

void tell_turns(Exposition& page, const Measures& measures) {
  page.histogram("pq_turn_duration_seconds", "Turns of the head, from a batch's arrival to its last answer.",
                 measures.turns_s);
  page.histogram("pq_commit_duration_seconds", "Commits of the head to its database.", measures.commits_s);
  page.histogram("pq_turn_messages", "Messages received in one turn.", measures.batches);
}

void tell_messages(Exposition& page, const HeadFigures& head) {
  const Measures& measures = head.measures;
  auto received =
      page.counter("pq_messages_received_total", "Messages that the head has understood, by type.");
  const auto add_each = [&](const auto& words, std::span<const std::uint64_t> counts) {
    for (std::size_t i = 0; i < words.size(); ++i) received.add(counts[i], {{"type", words[i]}});
  };
  add_each(words_of_agents(), measures.from_agents);
  add_each(words_of_clients(), measures.from_clients);
  auto refused = page.counter("pq_messages_refused_total", "Messages refused, by error word.");
  for (const auto& [word, count] : measures.refused) refused.add(count, {{"word", to_text(word)}});
  page.counter("pq_messages_dropped_total",
               "Messages dropped without an answer: malformed, or from a key that is not allowed.")
      .add(head.losses.dropped);
  page.counter("pq_messages_sent_total", "Messages that the head has sent.").add(measures.sent);
  page.counter("pq_messages_undelivered_total",
               "Messages to peers that were gone or did not read; of those sent.")
      .add(head.losses.undelivered);
  page.counter("pq_received_bytes_total", "Bytes of the messages to the head.").add(measures.received_bytes);
  page.counter("pq_sent_bytes_total", "Bytes of the messages of the head.").add(measures.sent_bytes);
  page.gauge("pq_clients_waiting", "Clients that wait for the end of a job.").add(head.queue.clients_waiting);
}

void tell_events(Exposition& page, const HeadFigures& head) {
  auto events = page.counter("pq_events_total", "What has happened, by its word.");
  for (const auto& [what, count] : head.measures.events) events.add(count, {{"what", to_text(what)}});
  page.gauge("pq_space_short", "1 while the disk of the head is short of space, else 0.")
      .add(std::uint64_t{head.queue.is_short_of_space ? 1U : 0U});
  page.gauge("pq_descriptors_scarce", "1 while the descriptors of the head are nearly used up, else 0.")
      .add(std::uint64_t{head.descriptors_are_scarce ? 1U : 0U});
  page.gauge("pq_backup_under_way", "1 while a backup is made, else 0.")
      .add(std::uint64_t{head.backup_is_under_way ? 1U : 0U});
  auto made = page.gauge("pq_backup_last_made_timestamp_seconds",
                         "When the last backup was made since the head began; absent before the first.");
  if (const auto time = head.measures.backup_made_unix_ms) made.add(as_seconds(*time));
}

void tell_store(Exposition& page, const std::optional<DiskUse>& sizes) {
  if (!sizes) return;
  page.gauge("pq_database_bytes", "Size of the database file.").add(sizes->bytes);
  page.gauge("pq_database_log_bytes", "Size of the write-ahead log of the database.").add(sizes->log_bytes);
  page.gauge("pq_database_unused_bytes", "Of the database what is free for what comes.")
      .add(sizes->unused_bytes);
  page.gauge("pq_database_disk_bytes", "Size of the file system with the database.").add(sizes->disk_bytes);
  page.gauge("pq_database_disk_free_bytes", "What the head may still fill of that file system.")
      .add(sizes->disk_free_bytes);
}

void tell_process(Exposition& page, const ProcessUsage& usage, UnixMs began) {
  page.gauge("pq_build_info", "1, with the version of the head.")
      .add(std::uint64_t{1}, {{"version", program_version}});
  page.gauge("process_start_time_seconds", "When the head began.").add(as_seconds(began));
  if (usage.cpu_s)
    page.counter("process_cpu_seconds_total", "Processor time of the head, all threads.").add(*usage.cpu_s);
  const auto tell = [&](std::string_view name, std::string_view help, std::optional<std::uint64_t> value) {
    if (value) page.gauge(name, help).add(*value);
  };
  tell("process_resident_memory_bytes", "Resident memory of the head.", usage.resident_bytes);
  tell("process_threads", "Threads of the head.", usage.threads);
  tell("process_open_fds", "Open descriptors of the head; a connection is one.", usage.descriptors);
  tell("process_max_fds", "Descriptors that the head may have open.", usage.descriptors_max);
}

}  // namespace

std::string metrics(const Snapshot& snapshot, const ProcessUsage& usage) {
  Exposition page;
  tell_jobs(page, snapshot);
  tell_leases(page, snapshot.head.queue);
  tell_agents(page, snapshot.agents);
  tell_turns(page, snapshot.head.measures);
  tell_messages(page, snapshot.head);
  tell_events(page, snapshot.head);
  tell_store(page, snapshot.head.stored);
  tell_process(page, usage, snapshot.head.measures.began_unix_ms);
  return page.text();
}

}  // namespace pq::view
