#include "agent/interruption/gcp.h"

#include <fmt/format.h>

#include "common/values/text.h"

namespace pq::interruption {

MetadataReply ask_gcp(const AskMetadata& ask, const std::string& path) {
  return ask({.path = "/computeMetadata/v1/instance/" + path, .headers = {{"Metadata-Flavor", "Google"}}});
}

Outlook GcpSource::look(Now /*now*/) {
  const MetadataReply reply = ask_gcp(ask_, "preempted");
  if (reply.is_ok() && reply.body == "TRUE")
    return {.notice = Notice{NoticeKind::interruption, "Google Cloud: preempted", std::nullopt}};
  if (reply.is_ok() && reply.body == "FALSE") return {};
  if (reply.status == 0) return {.errors = {fmt::format("Google Cloud's metadata server: {}", reply.body)}};
  return {.errors = {fmt::format("Google Cloud's metadata server: {} for preempted: {}", reply.status,
                                 printable(beginning(reply.body, 80)))}};
}

}  // namespace pq::interruption
