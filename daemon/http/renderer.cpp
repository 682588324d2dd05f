#include "daemon/http/renderer.h"

#include <iterator>

#include "daemon/http/priority.h"
#include "daemon/view/answer.h"
#include "daemon/view/changes.h"
#include "daemon/view/limits.h"

namespace pq::http {

Renderer::Renderer(Snapshots& snapshots, const AgentFiles& agents)
    : snapshots_(snapshots), agents_(agents), thread_(&Renderer::run, this) {}

Renderer::~Renderer() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  work_came_.notify_one();
  thread_.join();
}

void Renderer::render(ConnectionId connection, Request request) {
  const Instant asked_at = snapshots_.expect(job_looked_at(request.path));
  const std::scoped_lock lock(mutex_);
  pages_.push_back({connection, std::move(request), asked_at});
  work_came_.notify_one();
}

void Renderer::render(NewsWanted wanted) {
  const std::scoped_lock lock(mutex_);
  news_ = std::move(wanted);
  work_came_.notify_one();
}

Renderer::Rendered Renderer::take() {
  const std::scoped_lock lock(mutex_);
  is_done_.clear();
  return std::exchange(done_, {});
}

// ---------------------------------------------------------------- the thread

void Renderer::run() {
  give_way();  // to the turn
  while (const auto work = next()) {
    Rendered made = rendered(*work);
    const std::scoped_lock lock(mutex_);
    std::move(made.pages.begin(), made.pages.end(), std::back_inserter(done_.pages));
    if (made.news) done_.news = std::move(made.news);
    is_done_.set();
  }
}

// Pages that the latest snapshot is new enough for come first: they wait for nothing. Else it is all that
// waits.
std::optional<Renderer::Work> Renderer::next() {
  std::unique_lock lock(mutex_);
  work_came_.wait(lock, [&] { return is_closed_ || news_ || !pages_.empty(); });
  if (is_closed_) return std::nullopt;
  Work work = pages_until(snapshots_.taken_at());
  if (!work.pages.empty()) return work;
  work = pages_until(Instant::never());
  work.news = std::exchange(news_, {});
  return work;
}

// Of the pages that were asked for by then, the first ones: as many as show no more jobs than a snapshot has
// room for.
Renderer::Work Renderer::pages_until(Instant asked_at) {
  Work work;
  for (; !pages_.empty() && pages_.front().asked_at <= asked_at; pages_.pop_front()) {
    if (const auto job = job_looked_at(pages_.front().request.path)) {
      if (work.jobs.size() == limits::details_per_snapshot && !work.jobs.contains(*job)) break;
      work.jobs.insert(*job);
    }
    work.asked_at = pages_.front().asked_at;
    work.pages.push_back(std::move(pages_.front()));
  }
  return work;
}

Renderer::Rendered Renderer::rendered(const Work& work) {
  Rendered made;
  const bool needs_none = work.pages.empty() && !work.news->wants_changes;
  const auto snapshot = needs_none  ? work.news->latest
                        : work.news ? snapshots_.fresh(work.jobs)
                                    : snapshots_.fresh(work.jobs, work.asked_at);
  for (const auto& [connection, request, asked_at] : work.pages) {
    made.pages.emplace_back(
        connection, asks_for_agent(request.path)
                        ? agent_response(request, agents_.all())
                        : response_with(shared_answer_to(request.path, snapshot, parse_query(request.query)),
                                        request.is_head()));
  }
  if (!work.news) return made;
  const auto& [latest, wants_changes, wants_whole] = *work.news;
  News& news = made.news.emplace();
  news.snapshot = wants_changes ? snapshot : latest;
  if (!news.snapshot) return made;
  if (wants_changes && latest)
    news.changes = std::make_shared<const std::string>(changes(*latest, *snapshot));
  if (wants_whole) news.whole = std::make_shared<const std::string>(whole_state(*news.snapshot));
  return made;
}

}  // namespace pq::http
