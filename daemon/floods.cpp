#include "daemon/floods.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/values/duration.h"
#include "common/values/text.h"
#include "daemon/limits.h"

namespace pq::daemon {
namespace {

constexpr std::string_view others = "of other peers";

// The agent, or what stands before the colon: "of key spot". No key's name has a space.
std::string source_of(const Event& event) {
  return event.agent.empty() ? event.detail.substr(0, event.detail.find(": ")) : "of agent " + event.agent;
}

}  // namespace

bool Floods::lets_pass(const Event& event, Instant now) {
  if (is_kept(event.what)) return true;  // bounded by what it is stored with
  Source source{event.what, source_of(event)};
  const bool is_full = followed_.size() >= limits::floods_followed_max;
  if (is_full && !followed_.contains(source)) source.second = others;
  const auto [flood, is_first] = followed_.try_emplace(std::move(source), Flood{now});
  if (!is_first) ++flood->second.more;
  return is_first;
}

std::vector<std::string> Floods::take_counts(Instant now) {
  std::vector<std::string> lines;
  std::erase_if(followed_, [&](const auto& one) {
    const auto& [source, flood] = one;
    if (now - flood.since < limits::flood_counted) return false;
    if (flood.more > 0) {
      lines.push_back(fmt::format("{}: {} more like it {} within {}", words_for_people(source.first).text,
                                  flood.more, printable(source.second), to_text(now - flood.since)));
    }
    return true;
  });
  return lines;
}

Instant Floods::next_deadline() const {
  Instant next = Instant::never();
  for (const auto& [source, flood] : followed_) {
    if (flood.more > 0) next = std::min(next, flood.since + limits::flood_counted);
  }
  return next;
}

}  // namespace pq::daemon
