#include "agent/interruption/ec2.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "common/values/text.h"
#include "common/values/utc_time.h"

namespace pq::interruption {
namespace {

using Json = nlohmann::json;

// The text under `key` of a JSON object; empty if there is none.
std::string text_in(const std::string& body, const char* key) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return "";
  return json[key].get<std::string>();
}

tl::expected<Notice, std::string> spot_notice(const std::string& body) {
  const std::string action = text_in(body, "action");
  if (action.empty()) return tl::unexpected("its text is no action: " + printable(beginning(body, 80)));
  return Notice{NoticeKind::interruption, "EC2 Spot: " + printable(beginning(action, 80)),
                parse_utc(text_in(body, "time"))};
}

tl::expected<Notice, std::string> rebalance_notice(const std::string& body) {
  if (text_in(body, "noticeTime").empty())
    return tl::unexpected("its text is no recommendation: " + printable(beginning(body, 80)));
  return Notice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt};
}

}  // namespace

// It asks for all three each time, and an error of one does not hide the others.
Outlook Ec2Source::look(Now now) {
  Outlook outlook;
  const auto ask = [&](const std::string& path) -> std::optional<std::string> {
    const MetadataReply reply = imds_.get("meta-data/" + path, now.instant);
    if (reply.is_ok()) return reply.body;
    if (reply.status == 0) outlook.errors.push_back(fmt::format("EC2's metadata service: {}", reply.body));
    if (reply.status != 0 && reply.status != 404)
      outlook.errors.push_back(fmt::format("EC2's metadata service: {} for {}", reply.status, path));
    return std::nullopt;
  };
  const auto heed = [&](const char* path, auto read) {
    const auto body = outlook.notice ? std::nullopt : ask(path);
    if (!body) return;
    const auto notice = read(*body);
    if (notice) {
      outlook.notice = *notice;
    } else {
      outlook.errors.push_back(fmt::format("EC2's metadata service, {}: {}", path, notice.error()));
    }
  };
  heed("spot/instance-action", spot_notice);
  const auto state = outlook.notice ? std::nullopt : ask("autoscaling/target-lifecycle-state");
  if (state == "Terminated")
    outlook.notice = Notice{NoticeKind::interruption, "EC2 Auto Scaling: Terminated", std::nullopt};
  heed("events/recommendations/rebalance", rebalance_notice);
  return outlook;
}

}  // namespace pq::interruption
