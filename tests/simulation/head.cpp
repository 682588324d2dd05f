#include "tests/simulation/head.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration restart_soon = 100ms;
constexpr Duration restart_late = 5s;

}  // namespace

Head::Head(Timeline& timeline, Dice& dice, Network& network, Disk& disk, Auditor& auditor,
           QueueSettings settings)
    : timeline_(timeline),
      dice_(dice),
      network_(network),
      disk_(disk),
      auditor_(auditor),
      settings_(settings) {
  spdlog::set_level(spdlog::level::off);  // it would tell of virtual things at real times
}

void Head::start() {
  boot_ = dice_.between(0s, std::chrono::hours(1000));
  auditor_.sees_start(disk_.stored(), std::exchange(from_backup_, false));
  try {
    Queue queue = restore_queue(settings_, Epoch{dice_.bits()}, disk_, now());
    daemon_.emplace(std::move(queue), disk_, *this, *this);
  } catch (const EnvironmentError& error) {
    if (std::string_view(error.what()).find("the disk is full") == std::string_view::npos)
      throw Broken{std::string("the head cannot read what it stored: ") + error.what()};
    return die(restart_late);
  }
  network_.head_listens([this](Incoming incoming) { hear(std::move(incoming)); });
  wake_at(timeline_.now());
}

void Head::die(Duration down) {
  daemon_.reset();
  network_.head_is_gone();
  inbox_.clear();
  disk_.doom = Doom::none;
  wakes_at_ = Instant::never();
  standing_until_ = {};
  timeline_.after(down, [this, life = ++life_] {
    if (life == life_) start();
  });
}

void Head::is_doomed(Doom how) { disk_.doom = how; }

void Head::stands_still(Duration duration) { standing_until_ = timeline_.now() + duration; }

void Head::restore_backup(Duration down) {
  disk_.restore();
  from_backup_ = true;
  die(down);
}

void Head::hear(Incoming incoming) {
  inbox_.push_back(std::move(incoming));
  wake_at(timeline_.now());
}

void Head::wake_at(Instant when) {
  when = std::max(when, standing_until_);
  if (when >= wakes_at_) return;
  wakes_at_ = when;
  timeline_.at(when, [this, when, life = life_] {
    if (life != life_ || when != wakes_at_) return;
    wakes_at_ = Instant::never();
    if (timeline_.now() < standing_until_) return wake_at(standing_until_);
    turn();
  });
}

void Head::turn() {
  bool dies = false;
  try {
    daemon_->turn();
  } catch (const Killed&) {
    dies = true;
  } catch (const EnvironmentError&) {
    dies = true;
  }
  for (const Changes& changes : disk_.take_commits()) auditor_.sees_commit(changes, disk_.model());
  if (dies) return die(dice_.between(restart_soon, restart_late));
  auditor_.sees_queue(queue(), disk_.stored());
  const Instant deadline = daemon_->next_deadline();
  if (!inbox_.empty()) {
    wake_at(timeline_.now() + turn_takes);
  } else if (deadline != Instant::never()) {
    wake_at(std::max(deadline - boot_, timeline_.now() + turn_takes));
  }
}

std::vector<Incoming> Head::receive(Instant /*deadline*/, std::size_t messages_max) {
  const auto end = inbox_.begin() + static_cast<std::ptrdiff_t>(std::min(messages_max, inbox_.size()));
  std::vector<Incoming> batch(std::make_move_iterator(inbox_.begin()), std::make_move_iterator(end));
  inbox_.erase(inbox_.begin(), end);
  return batch;
}

void Head::send(const std::vector<OutgoingBytes>& batch) {
  for (const OutgoingBytes& outgoing : batch) {
    if (disk_.doom == Doom::amid_sending && dice_.one_in(2)) throw Killed{};
    auditor_.sees_message(outgoing.bytes, disk_.stored());
    network_.send_to_peer(outgoing.peer, outgoing.bytes);
  }
}

tl::expected<Authorized, Refusal> Head::authorize(const Authorize& /*request*/, const Principal& /*asker*/) {
  return tl::make_unexpected(Refusal{ErrorWord::not_allowed, "nobody asks for this here"});
}

Now Head::now() const {
  const Instant now = timeline_.now() + boot_;
  const Duration wall_clock = now.since_boot + wall_clock_;
  return {now, std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock).count()};
}

}  // namespace pq::simulation
