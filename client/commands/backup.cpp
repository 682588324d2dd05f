#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "common/cli/flag_values.h"
#include "common/os/random.h"
#include "common/report/json.h"
#include "common/values/limits.h"
#include "common/values/range.h"
#include "common/values/text.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kept_most = 1'000'000;
constexpr Duration patience_usual = 1h;  // some GiB on a slow disk; the head is asked again all the while

std::string parse_backup_name(const Arguments& arguments) {
  const auto name = arguments.value("name");
  if (!name) return "";
  if (is_file_name(*name)) return *name;
  refuse(fmt::format(
      "--name \"{}\" cannot name a backup: give 1 to {} letters, digits, dots, underscores and dashes, a "
      "letter or digit first",
      *name, limits::name_bytes_max));
}

Outcome run_backup(const Invocation& call) {
  call.arguments.words_named({});
  BackUp wish{.id = random_request_id(), .name = parse_backup_name(call.arguments)};
  if (const auto keep = call.arguments.value("keep")) wish.keep = parse_count("--keep", *keep, 1, kept_most);
  Connection connection(call.shared, call.screen);
  const auto backup =
      connection.ask_for<BackedUp>(wish, call.shared.timeout ? connection.time_left() : patience_usual);
  if (!backup) return tl::unexpected(backup.error());
  call.screen.say(
      fmt::format("copied {} bytes; prove on the head's machine what is in them: pq-verify --offline {}",
                  grouped(backup->bytes), backup->path));
  if (backup->removed > 0) call.screen.say(fmt::format("removed {}", count_of(backup->removed, "older one")));
  print(call.shared.json ? to_line(to_json(*backup)) : printable(backup->path));
  return ExitStatus::done;
}

}  // namespace

Command backup() {
  return {
      .name = "backup",
      .usage = client_usage(
          {.program = "pq-backup",
           .synopsis = "[FLAGS]",
           .purpose = "makes the head copy its database while it keeps running, and prints the path",
           .flags = {{"name", "NAME", "the copy is STATE_DIR/backups/NAME.db (default the date and time)"},
                     {"keep", "N",
                      "then remove older ones but the newest N, of those that were given no --name"}}}),
      .run = run_backup};
}

}  // namespace pq::commands
