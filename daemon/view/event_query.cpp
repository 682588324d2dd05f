#include "daemon/view/event_query.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "common/values/text.h"

namespace pq::view {
namespace {

using Wrong = tl::unexpected<std::string>;

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string all_words() {
  std::string words;
  for (const Happening what : all<Happening>()) {
    if (is_kept(what)) words += (words.empty() ? "" : ", ") + std::string(to_text(what));
  }
  return words;
}

// Empty: the value is valid.
std::string take(const std::string& name, const std::string& value, EventQuery& query) {
  const auto no = [&](std::string_view what) {
    return fmt::format("{}=\"{}\" is {}", name, printable(value), what);
  };
  if (name == "after") {
    const auto number = parse_digits(value);
    if (!number) return no("not the number of an event");
    query.after = *number;
  } else if (name == "job") {
    query.job = parse_job(value);
    if (!query.job) return no("not the number of a job");
  } else if (name == "agent") {
    if (value.empty() || value.size() > limits::name_bytes_max) return no("not the name of an agent");
    query.agent = value;
  } else if (name == "what") {
    query.what = parse<Happening>(value);
    if (!query.what || !is_kept(*query.what)) return no("none of the words: " + all_words());
  } else if (name == "limit") {
    const auto number = parse_digits(value);
    if (!number || *number == 0 || *number > limits::events_told)
      return no(fmt::format("not a number from 1 to {}", limits::events_told));
    query.limit = *number;
  } else {
    return fmt::format("events are not asked for by \"{}\"; give after, job, agent, what or limit",
                       printable(name));
  }
  return "";
}

}  // namespace

tl::expected<EventQuery, std::string> parse_event_query(const HttpQuery& query) {
  EventQuery parsed;
  for (const auto& [name, value] : query) {
    if (query.count(name) > 1) return Wrong(fmt::format("{} is given twice; give it once", printable(name)));
    std::string wrong = take(name, value, parsed);
    if (!wrong.empty()) return Wrong(std::move(wrong));
  }
  return parsed;
}

}  // namespace pq::view
