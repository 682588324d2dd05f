// Every field of every message, changed in turn: of another type, left out, said twice, too long. What each
// field may hold is written down here a second time, apart from common/protocol/wire_fields.h.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/message_tree.h"
#include "tests/unit/wire_samples.h"

namespace {

using namespace pq;
using namespace pq::tests;
using Words = std::set<std::string_view>;

// ---------------------------------------------------------------- what each field may hold

bool is_pair(const Place& place) {
  return place.is_within("labels") || place.is_within("require") || place.is_within("env") ||
         place.is_within("secrets");
}

bool is_value(const Place& place) { return place.key() == "value" && !is_pair(place); }

bool is_text(const Place& place) {
  static const Words keys = {"name",  "version",   "detail",        "error",     "key",
                             "value", "invariant", "public_key",    "path",      "words[]",
                             "agent", "unplaced",  "arch",          "http",      "what",
                             "word",  "advice",    "computed_by[]", "submitter", "only_of"};
  if (place.key() == "what") return place.is_within("events");   // elsewhere it is a word
  if (place.key() == "word") return place.is_within("reasons");  // the same
  // Elsewhere it is of bytes.
  if (place.key() == "text")
    return place.is_within("notice") || place.is_within("events") || place.is_within("reasons");
  return keys.contains(place.key()) && !is_value(place);
}

bool is_list(const Place& place) {
  static const Words keys = {"labels",  "kernels",  "leases",  "paces",        "jobs",
                             "agents",  "findings", "logs",    "outputs",      "words",
                             "env",     "files",    "require", "failed_spans", "entries",
                             "keys",    "programs", "events",  "reasons",      "ids",
                             "reports", "refused",  "parts",   "computed_by",  "secrets"};
  return keys.contains(place.key()) && place.object->type == Type::ARRAY;
}

bool is_optional(const Place& map, std::string_view key) {
  static const Words keys = {"q",
                             "value",
                             "failed_upto",
                             "error",
                             "end_asked",
                             "started_unix_ms",
                             "finished_unix_ms",
                             "submission",
                             "cpus",
                             "require",
                             "program",
                             "items",
                             "around",
                             "unplaced",
                             "failed_spans",
                             "notice",
                             "notice_errors",
                             "ends_unix_ms",
                             "expires_unix_ms",
                             "lasts_ms",
                             "http",
                             "rate_spread_per_s",
                             "beats_missed",
                             "granted_unix_ms",
                             "advice",
                             "of_job",
                             "live_left_out",
                             "express",
                             "discarded",
                             "logs_forgotten",
                             "output_forgotten",
                             "submitter",
                             "mine",
                             "only_of",
                             "hidden",
                             "hold_output",
                             "keep",
                             "removed",
                             "secrets",
                             "ended_for_ms",
                             "unknown",
                             "output_bytes",
                             "cannot_start",
                             "copy",
                             "step_end"};
  if (key == "hidden") return true;
  if (key == "job") return map.is_within("events");
  if (key == "expired") return map.is_within("keys");
  if (key == "agent") return map.is_within("events");
  if (key == "lease") return map.is_within("parts");
  if (key == "leases") return map.is_within("agents");
  // Fields that orders gained later: they are left out if they have their usual value.
  if (key == "attempts_failed") return map.is_within("leases");
  if (key == "begin") return map.is_within("jobs") && !map.is_within("failed_spans");
  return keys.contains(key) && !is_pair(map) && !(key == "error" && map.is_within("failed_spans"));
}

bool may_be_fraction(const Place& place) {
  static const Words keys = {"fixed_s", "per_integer_s", "rate_per_s", "rate_spread_per_s"};
  return keys.contains(place.key()) || is_value(place);
}

bool may_be_negative(const Place& place) {
  static const Words keys = {"priority", "created_unix_ms", "started_unix_ms", "finished_unix_ms",
                             "unix_ms",  "ends_unix_ms",    "expires_unix_ms", "granted_unix_ms"};
  return keys.contains(place.key()) || may_be_fraction(place);
}

std::size_t bytes_max(const Place& text) {
  if (text.key() == "words[]" || text.is_within("env") || text.is_within("secrets"))
    return limits::program_bytes_max;
  if (text.key() == "name" || text.key() == "key" || text.key() == "agent" || text.key() == "arch" ||
      text.key() == "computed_by[]" || text.key() == "submitter" || text.key() == "only_of")
    return limits::name_bytes_max;
  if (text.key() == "what" || text.key() == "word") return limits::name_bytes_max;
  if (text.is_within("events") && text.key() == "detail") return limits::event_detail_bytes_max;
  if (text.is_within("reasons")) return limits::reason_bytes_max;
  if (text.key() == "unplaced") return story_widest.size();
  if (text.key() == "error" && text.is_within("failed_spans")) return limits::error_bytes_max;
  if (text.key() == "path") return path_widest.size();
  if (text.key() == "error") return text.is_within("leases") ? limits::error_bytes_max : story_widest.size();
  if (text.is_within("findings") && text.key() == "detail") return story_widest.size();
  return limits::text_bytes_max;
}

std::size_t items_max(const Place& list, Recode receiver) {
  if (list.key() == "labels") return limits::labels_max;
  if (list.key() == "kernels") return limits::kernels_max;
  if (list.key() == "agents") return limits::agents_reported_max;
  if (list.key() == "keys") return limits::keys_reported_max;
  if (list.key() == "programs") return limits::agent_programs_max;
  if (list.key() == "events") return limits::events_told;
  if (list.key() == "reasons") return limits::reasons_max;
  if (list.key() == "parts") return limits::parts_told;
  if (list.key() == "computed_by") return limits::part_workers_max;
  if (list.key() == "leases" && list.is_within("agents")) return limits::leases_told;
  if (list.key() == "findings") return limits::findings_max;
  if (list.key() == "logs" || list.key() == "outputs") return limits::outputs_per_message;
  if (list.key() == "entries") return limits::logs_answered_max;
  if (list.key() == "words") return limits::words_max;
  if (list.key() == "env" || list.key() == "secrets") return limits::env_max;
  if (list.key() == "files") return limits::files_max;
  if (list.key() == "require") return limits::labels_max;
  if (list.key() == "failed_spans") return limits::failed_spans_told;
  if (list.key() == "jobs" && receiver == recode_at_client) return limits::jobs_reported_max;
  if (list.key() == "jobs" && receiver == recode_at_head) return limits::jobs_named_max;
  if (list.key() == "ids") return limits::job_ids_told;
  if (list.key() == "reports" || list.key() == "refused") return limits::jobs_named_max;
  return limits::leases_per_agent_max;
}

// ---------------------------------------------------------------- the changes

TEST_CASE("a field takes values of its own type and no others") {
  std::vector<msgpack::object> nothing;
  msgpack::object empty_map;
  empty_map.type = Type::MAP;
  empty_map.via.map = {0, nullptr};
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& place : tree.places()) {
      const auto is_taken = [&](const msgpack::object& other) {
        return sample.recode(tree.with(place, other)).has_value();
      };
      CAPTURE(place.path);
      CHECK_FALSE(is_taken(msgpack::object()));
      CHECK(is_taken(msgpack::object(-1)) == may_be_negative(place));
      CHECK(is_taken(msgpack::object(1.5)) == may_be_fraction(place));
      CHECK(is_taken(text("x")) == is_text(place));
      CHECK(is_taken(array_of(nothing)) == is_list(place));
      CHECK_FALSE(is_taken(empty_map));
      const bool is_flag = place.object->type == Type::BOOLEAN;
      CHECK(is_taken(msgpack::object(true)) == is_flag);
      CHECK(is_taken(msgpack::object(false)) == is_flag);
    }
  }
}

TEST_CASE("an integer that its field cannot hold is refused, not cut") {
  static const Words narrow_keys = {"slots",        "busy",         "slots_busy",   "beat_ms", "patience_ms",
                                    "attempts_max", "failures_max", "heard_ms_ago", "cpus",    "timeout_ms",
                                    "attempt",      "attempts",     "beats_missed"};
  int narrow = 0;
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& place : tree.places()) {
      const auto is_taken = [&](auto n) {
        return sample.recode(tree.with(place, msgpack::object(n))).has_value();
      };
      CAPTURE(place.path);
      if (narrow_keys.contains(place.key())) {
        ++narrow;
        CHECK(is_taken(u32_max));
        CHECK_FALSE(is_taken(std::uint64_t{u32_max} + 1));
      } else if (place.key() == "priority") {
        CHECK(is_taken(std::numeric_limits<std::int32_t>::max()));
        CHECK_FALSE(is_taken(std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1));
        CHECK(is_taken(std::numeric_limits<std::int32_t>::min()));
        CHECK_FALSE(is_taken(std::int64_t{std::numeric_limits<std::int32_t>::min()} - 1));
      } else if (place.key().ends_with("_unix_ms")) {
        CHECK(is_taken(i64_max));
        CHECK_FALSE(is_taken(static_cast<std::uint64_t>(i64_max) + 1));
      }
    }
  }
  CHECK(narrow > 0);
}

TEST_CASE("a field that is left out is named, unless it is one that may be") {
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& map : tree.places()) {
      if (map.object->type != Type::MAP) continue;
      const Entries entries = entries_of(map);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        Entries fewer = entries;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        const auto key = entries[i].key.as<std::string>();
        const auto heard = sample.recode(tree.with_entries(map, fewer));
        CAPTURE(map.path + "." + key);
        CHECK(heard.has_value() == is_optional(map, key));
        if (heard) continue;
        CHECK(heard.error().word == ErrorWord::malformed);
        CHECK_MESSAGE(heard.error().detail.ends_with(key + " is missing"), heard.error().detail);
      }
    }
  }
}

TEST_CASE("a field that is wrong deep inside a message is named by its whole path") {
  Beat beat;
  beat.leases = {{{{9}, 1}, 0, 10, 20, Int128{4}, {}, {}}, {{{9}, 2}, 20, 20, 30, {}, {}, {}}};
  const MessageTree tree(encode(AgentToHead(beat)));
  const Place& last_end = *std::find_if(tree.places().rbegin(), tree.places().rend(),
                                        [](const Place& place) { return place.path == "leases[].end"; });
  const auto heard = recode_at_head(tree.with(last_end, msgpack::object(-1)));
  REQUIRE_FALSE(heard.has_value());
  CHECK(heard.error().detail == "beat: leases[1].end is not what it should be");
}

TEST_CASE("a field that is said twice is refused, even with the same value") {
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& map : tree.places()) {
      if (map.object->type != Type::MAP) continue;
      const Entries entries = entries_of(map);
      for (const msgpack::object_kv& entry : entries) {
        Entries more = entries;
        more.push_back(entry);
        CHECK_FALSE(sample.recode(tree.with_entries(map, more)).has_value());
      }
    }
  }
}

TEST_CASE("keys come in any order, and unknown ones are ignored: a newer peer may say more") {
  std::vector<msgpack::object> things = {msgpack::object(-1), msgpack::object(2.5), text("future")};
  const std::vector<msgpack::object> news = {msgpack::object(), msgpack::object(7), array_of(things)};
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& map : tree.places()) {
      if (map.object->type != Type::MAP) continue;
      Entries entries = entries_of(map);
      std::reverse(entries.begin(), entries.end());
      CHECK(sample.recode(tree.with_entries(map, entries)) == sample.bytes);
      for (const msgpack::object& thing : news) {
        Entries more = entries;
        more.push_back({text("future"), thing});
        CHECK(sample.recode(tree.with_entries(map, more)) == sample.bytes);
      }
    }
  }
}

TEST_CASE("a key that is no text is refused, also where unknown keys are ignored") {
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& map : tree.places()) {
      if (map.object->type != Type::MAP) continue;
      Entries more = entries_of(map);
      more.push_back({msgpack::object(7), msgpack::object(7)});
      CHECK_FALSE(sample.recode(tree.with_entries(map, more)).has_value());
    }
  }
}

TEST_CASE("a map of more keys than any message has is refused") {
  const MessageTree tree(encode(Letter<ClientToHead>{1, AskJobs{}}));
  const Place& root = tree.places().front();
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= limits::map_keys_max; ++i) names.push_back("future" + std::to_string(i));
  Entries entries = entries_of(root);
  while (entries.size() < limits::map_keys_max)
    entries.push_back({text(names[entries.size()]), msgpack::object(1)});
  CHECK(recode_at_head(tree.with_entries(root, entries)).has_value());
  entries.push_back({text(names.back()), msgpack::object(1)});
  CHECK_FALSE(recode_at_head(tree.with_entries(root, entries)).has_value());
}

TEST_CASE("a text is taken up to its bound and not beyond") {
  int texts = 0;
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& place : tree.places()) {
      if (!is_text(place)) continue;
      ++texts;
      CAPTURE(place.path);
      std::string words(bytes_max(place), 'w');
      CHECK(sample.recode(tree.with(place, text(words))).has_value());
      words += 'w';
      CHECK_FALSE(sample.recode(tree.with(place, text(words))).has_value());
    }
  }
  CHECK(texts > 0);
}

TEST_CASE("a list is taken up to its bound and not beyond") {
  std::set<std::string> tried;
  for (const Sample& sample : all_samples()) {
    const MessageTree tree(sample.bytes);
    for (const Place& place : tree.places()) {
      if (!is_list(place) || place.object->via.array.size == 0) continue;
      const std::size_t bound = items_max(place, sample.recode);
      if (!tried.insert(place.path + " " + std::to_string(bound)).second) continue;
      CAPTURE(place.path);
      std::vector<msgpack::object> items(bound, place.object->via.array.ptr[0]);
      CHECK(sample.recode(tree.with(place, array_of(items))).has_value());
      items.push_back(items.front());
      CHECK_FALSE(sample.recode(tree.with(place, array_of(items))).has_value());
    }
  }
  CHECK(tried.size() >= 9);
}

TEST_CASE("beside a long sum a program's last words are taken up to a lower bound") {
  Beat beat;
  beat.leases = {lease_with_widest_sum()};
  const MessageTree tree(encode(AgentToHead(beat)));
  const auto is_error = [](const Place& place) { return place.path == "leases[].error"; };
  const Place& error = *std::find_if(tree.places().begin(), tree.places().end(), is_error);
  for (const std::size_t beyond : {0U, 1U}) {
    const std::string words(limits::error_bytes_max_beside_sum + beyond, 'x');
    CHECK(recode_at_head(tree.with(error, text(words))).has_value() == (beyond == 0));
  }
}

TEST_CASE("a value written as text is a whole number of at most 128 bits") {
  Beat beat;
  beat.leases = {{{{9}, 1}, 0, 10, 20, int128_max, {}, {}}};
  const MessageTree tree(encode(AgentToHead(beat)));
  const Place& value = *std::find_if(tree.places().begin(), tree.places().end(), is_value);
  const auto is_taken = [&](const std::string& words) {
    return recode_at_head(tree.with(value, text(words))).has_value();
  };
  CHECK(is_taken("170141183460469231731687303715884105727"));
  CHECK(is_taken("-170141183460469231731687303715884105728"));
  CHECK(is_taken("4"));
  for (const char* words :
       {"170141183460469231731687303715884105728", "-170141183460469231731687303715884105729", "", "-", "x",
        "1.5", "1e3", "0x10", " 4", "4 ", "inf", "nan"}) {
    CHECK_FALSE_MESSAGE(is_taken(words), words);
  }
  CHECK_FALSE(is_taken(std::string(41, '0')));
}

}  // namespace
