#include "daemon/view/measures.h"

namespace pq::view {
namespace {

const Refusal* as_refusal(const Outgoing& outgoing) {
  if (const auto* to_agent = std::get_if<HeadToAgent>(&outgoing.message))
    return std::get_if<Refusal>(to_agent);
  return std::get_if<Refusal>(&std::get<Letter<HeadToClient>>(outgoing.message).body);
}

}  // namespace

// All words from the first turn on, because Prometheus does not see an increase of a series that did not
// exist.
Measures::Measures() {
  for (const ErrorWord word : all<ErrorWord>()) refused[word] = 0;
  for (const Happening what : all<Happening>()) events[what] = 0;
  for (const JobState state : all<JobState>()) {
    if (has_ended(state)) jobs_ended[state] = 0;
  }
}

void Measures::note(const ToHead& message) {
  if (const auto* said = std::get_if<FromAgent>(&message)) {
    from_agents.at(said->index()) += 1;
  } else {
    from_clients.at(std::get<FromClient>(message).body.index()) += 1;
  }
}

void Measures::note(const std::vector<Outgoing>& outgoing) {
  for (const Outgoing& message : outgoing) {
    if (const Refusal* refusal = as_refusal(message)) refused[refusal->word] += 1;
  }
}

void Measures::note_sent(std::size_t messages, std::uint64_t bytes) {
  sent += messages;
  sent_bytes += bytes;
}

void Measures::note(const std::vector<Event>& happened, const Queue& queue, UnixMs unix_ms) {
  for (const Event& event : happened) {
    events[event.what] += 1;
    if (event.what == Happening::backup_made) backup_made_unix_ms = unix_ms;
    if (event.what != Happening::job_ended) continue;
    const auto job = queue.jobs().find(event.job);
    if (job != queue.jobs().end()) jobs_ended[job->second.row.state] += 1;
  }
}

QueueFigures figures_of(const Queue& queue) {
  QueueFigures figures;
  for (const JobState state : all<JobState>()) figures.jobs[state] = 0;
  for (const auto& [id, job] : queue.jobs()) {
    const JobState state = job.row.state;
    figures.jobs[state] += 1;
    if (has_ended(state)) continue;
    figures.integers_left += static_cast<double>(job.ledger.rest());
    if (state != JobState::paused && job.ledger.leases() == 0) figures.jobs_waiting += 1;
  }
  figures.leases = queue.leases().all().size();
  figures.lease_counts = queue.core().story.lease_counts;
  figures.integers_done = queue.core().story.integers_done;
  figures.is_short_of_space = queue.core().space.is_short();
  figures.clients_waiting = queue.core().waits.count();
  return figures;
}

}  // namespace pq::view
