#include "daemon/event_log.h"

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "common/text.h"

namespace pq {
namespace {

struct Wording {
  spdlog::level::level_enum level;
  std::string_view text;
};

Wording wording_of(Happening what) {
  switch (what) {
    case Happening::agent_joined:
      return {spdlog::level::info, "agent joined"};
    case Happening::agent_replaced:
      return {spdlog::level::warn, "agent replaced"};
    case Happening::agent_drains:
      return {spdlog::level::info, "agent drains"};
    case Happening::agent_warned:
      return {spdlog::level::warn, "agent warned"};
    case Happening::agent_resumes:
      return {spdlog::level::info, "agent takes work again"};
    case Happening::agent_left:
      return {spdlog::level::info, "agent left"};
    case Happening::agent_lost:
      return {spdlog::level::warn, "agent lost"};
    case Happening::agent_quarantined:
      return {spdlog::level::warn, "agent quarantined"};
    case Happening::lease_expired:
      return {spdlog::level::info, "lease expired"};
    case Happening::output_lost:
      return {spdlog::level::warn, "output lost with a restore, its runs are computed again"};
    case Happening::lease_misused:
      return {spdlog::level::err, "lease misused"};
    case Happening::program_failed:
      return {spdlog::level::warn, "program failed"};
    case Happening::kernel_contradicts:
      return {spdlog::level::err, "kernel contradicts itself"};
    case Happening::job_submitted:
      return {spdlog::level::info, "job submitted"};
    case Happening::job_steered:
      return {spdlog::level::info, "job steered"};
    case Happening::job_ended:
      return {spdlog::level::info, "job ended"};
    case Happening::message_refused:
      return {spdlog::level::warn, "message refused"};
    case Happening::backup_made:
      return {spdlog::level::info, "backup made"};
    case Happening::key_revoked:
      return {spdlog::level::warn, "key revoked"};
    case Happening::backup_failed:
      return {spdlog::level::err, "backup failed"};
  }
  return {spdlog::level::err, "unknown event"};
}

}  // namespace

void log(const Event& event) {
  const Wording wording = wording_of(event.what);
  if (!spdlog::should_log(wording.level)) return;
  std::string line(wording.text);
  if (event.job.value != 0) line += " job=" + std::to_string(event.job.value);
  if (!event.agent.empty()) line += " agent=" + printable(event.agent);
  if (!event.detail.empty()) line += ": " + printable(event.detail);
  spdlog::log(wording.level, "{}", line);
}

}  // namespace pq
