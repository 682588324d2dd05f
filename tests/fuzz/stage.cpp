#include "tests/fuzz/stage.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "common/protocol/wire.h"
#include "common/values/check.h"
#include "common/values/text.h"
#include "daemon/core/limits.h"
#include "daemon/core/proof/invariants.h"
#include "tests/fuzz/truth.h"
#include "tests/rooms.h"
#include "tests/unit/stored_rows.h"

namespace pq::fuzz {
namespace {

constexpr int wakes_max = 8;  // of one passing of time; a head that splits leases wakes 50 times a second

// Reads the head's log as a terminal would.
class LogReader final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    check(is_printable({message.payload.data(), message.payload.size()}), "a log line steers no terminal");
  }
  void flush_() override {}
};

void read_log() {
  static const bool done = [] {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("head", std::make_shared<LogReader>()));
    return true;
  }();
  check(done, "the log is read");
}

bool is_same(const std::optional<Value>& left, const std::optional<Value>& right) {
  return left.has_value() == right.has_value() && (!left || same(*left, *right));
}

}  // namespace

Stage::Stage(Honesty honesty) : honesty_(honesty) {
  read_log();
  restarts();
}

std::string Stage::encode_any(const AgentToHead& message) { return encode(message); }
std::string Stage::encode_any(const Letter<ClientToHead>& letter) { return encode(letter); }

void Stage::says_bytes(const Speaker& speaker, std::string bytes) {
  transport_.hears(speaker.peer, speaker.who, std::move(bytes));
}

// ---------------------------------------------------------------- time

void Stage::turns() {
  try {
    daemon_->turn();
  } catch (const EnvironmentError&) {  // the disk: the process ends, and the next one reads what is there
    return restarts();
  }
  check_turn();
}

void Stage::passes(Duration duration) {
  const Instant end = now().instant + duration;
  for (int wakes = 1; now().instant < end; ++wakes) {
    const Instant next = wakes < wakes_max ? std::min(end, queue().next_deadline()) : end;
    clock_.advance(next - now().instant);
    turns();
  }
}

void Stage::stands_still(Duration duration) {
  clock_.advance(duration);
  turns();
}

// ---------------------------------------------------------------- disaster

void Stage::restarts() {
  transport_.forget();
  store_.next_commit(CommitEnd::done);
  daemon_.emplace(restore_queue({}, Epoch{++last_epoch_}, store_, now()), store_, transport_, clock_);
  leases_live_.clear();
  for (const auto& lease : queue().leases().all()) leases_live_.insert(lease.first);
  check_turn();
}

void Stage::restores_backup() {
  if (!backup_) return;
  store_.put_back(*backup_);
  done_.clear();
  restarts();
}

// ---------------------------------------------------------------- what must hold

void Stage::check_turn() {
  const auto broken = broken_invariant(queue());
  check(!broken, broken.value_or(""));
  check(text_of(stored()) == text_of(remembered(queue())), "what is stored is what the head remembers");
  check(queue().next_deadline() > now().instant, "a head that has turned sleeps");
  for (const auto& [id, agent] : queue().roster().all()) {
    check(agent.is_gone() || agent.deadline <= now().instant + limits::restart_term,
          "silence is found within a term");
  }
  for (const auto& [id, job] : queue().jobs()) {
    const Int128 counted = Int128{job.ledger.done()} + Int128{job.row.discarded};
    check(counted >= std::exchange(done_[id], counted), "what is done is only ever discarded");
    check_job(job);
  }
  check_leases_are_new();
}

void Stage::check_job(const Job& job) const {
  const Int128 lost_most = Int128{job.row.leases.expired} * Int128{job.row.spec.range.width()};
  check(Int128{job.row.recomputed} <= lost_most, "no more is computed again than was lost");
  if (honesty_ == Honesty::anything_is_said) return;
  for (const auto& [begin, span] : job.ledger.spans()) {
    if (const auto* done = std::get_if<Done>(&span.state)) {
      check(is_same(done->value, truth(job.row.spec, {begin, span.end})),
            "what is done is what was committed");
    } else if (const auto* leased = std::get_if<Leased>(&span.state)) {
      check(is_same(leased->value, truth(job.row.spec, {begin, leased->upto})),
            "a lease is worth what was committed");
    }
  }
}

void Stage::check_leases_are_new() {
  std::set<LeaseId> live;
  for (const auto& lease : queue().leases().all()) {
    live.insert(lease.first);
    if (leases_live_.contains(lease.first)) continue;
    check(leases_ever_.insert(lease.first).second, "lease ids never repeat");
  }
  leases_live_ = std::move(live);
}

}  // namespace pq::fuzz
