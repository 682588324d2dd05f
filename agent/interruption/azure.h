// Microsoft Azure: Scheduled Events, at least 30 s ahead for a Spot machine. The service tells of all
// machines of a group, so each has to know its own name, and it may take two minutes to answer for the first
// time. Source: Azure, "Scheduled Events for Linux VMs" and "Azure Instance Metadata Service".
#pragma once

#include <string>
#include <utility>

#include "agent/interruption/source.h"
#include "agent/metadata.h"

namespace pq {

class AzureSource final : public InterruptionSource {
 public:
  explicit AzureSource(AskMetadata ask) : ask_(std::move(ask)) {}

  Outlook look(Now now) override;

 private:
  AskMetadata ask_;
  std::string machine_;  // this machine's name; empty: not known yet
  bool has_answered_ = false;
};

// What stands at /metadata/instance/compute/`path`, as text.
MetadataReply ask_azure(const AskMetadata& ask, const std::string& path);

// "Mon, 19 Sep 2016 18:29:47 GMT", as its events are dated.
std::optional<UnixMs> parse_http_date(const std::string& text);

}  // namespace pq
