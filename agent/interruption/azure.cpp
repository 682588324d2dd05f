#include "agent/interruption/azure.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "common/values/text.h"

namespace pq::interruption {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto patience_at_first = 130s;
constexpr auto patience_usual = 5s;

std::string text_in(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

bool names(const Json& event, const std::string& machine) {
  if (!event.contains("Resources") || !event["Resources"].is_array()) return false;
  const Json& resources = event["Resources"];
  return std::any_of(resources.begin(), resources.end(), [&](const Json& one) { return one == machine; });
}

// A machine that is rebooted or moved comes back, and its agent with it. One that is frozen for some seconds
// needs no reaction.
std::optional<Notice> notice_of(const Json& event, const std::string& machine) {
  if (!event.is_object() || !names(event, machine)) return std::nullopt;
  const std::string kind = text_in(event, "EventType");
  const bool ends = kind == "Preempt" || kind == "Terminate";
  if (!ends && kind != "Reboot" && kind != "Redeploy") return std::nullopt;
  return Notice{ends ? NoticeKind::interruption : NoticeKind::rebalance, "Azure: " + kind,
                parse_http_date(text_in(event, "NotBefore"))};
}

bool is_graver(const Notice& notice, const std::optional<Notice>& than) {
  if (!than || notice.kind != than->kind) return !than || notice.kind == NoticeKind::interruption;
  return notice.ends_unix_ms.value_or(0) < than->ends_unix_ms.value_or(0);
}

}  // namespace

MetadataReply ask_azure(const AskMetadata& ask, const std::string& path) {
  return ask({.path = "/metadata/instance/compute/" + path + "?api-version=2021-02-01&format=text",
              .headers = {{"Metadata", "true"}}});
}

std::optional<UnixMs> parse_http_date(const std::string& text) {
  tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return static_cast<UnixMs>(::timegm(&parts)) * 1000;
}

Outlook AzureSource::look(Now /*now*/) {
  const auto fault = [](const MetadataReply& reply, const char* what) {
    return Outlook{.errors = {fmt::format("Azure's metadata service: {} for {}: {}", reply.status, what,
                                          printable(beginning(reply.body, 80)))}};
  };
  if (machine_.empty()) {
    const MetadataReply name = ask_azure(ask_, "name");
    if (!name.is_ok() || name.body.empty()) return fault(name, "the machine's name");
    machine_ = name.body;
  }
  const MetadataReply reply = ask_({.path = "/metadata/scheduledevents?api-version=2020-07-01",
                                    .headers = {{"Metadata", "true"}},
                                    .patience = has_answered_ ? patience_usual : patience_at_first});
  if (!reply.is_ok()) return fault(reply, "scheduled events");
  const Json json = Json::parse(reply.body, nullptr, false);
  if (!json.is_object() || !json.contains("Events") || !json["Events"].is_array())
    return fault(reply, "scheduled events");
  has_answered_ = true;
  Outlook outlook;
  for (const Json& event : json["Events"]) {
    const auto notice = notice_of(event, machine_);
    if (notice && is_graver(*notice, outlook.notice)) outlook.notice = notice;
  }
  return outlook;
}

}  // namespace pq::interruption
