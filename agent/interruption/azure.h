// Microsoft Azure: Scheduled Events, at least 30 s ahead for a Spot machine. The service reports the events
// of all machines of a group, so each must know its own name. The first answer may take two minutes. Source:
// Azure, "Scheduled Events for Linux VMs" and "Azure Instance Metadata Service".
#pragma once

#include <string>
#include <utility>

#include "agent/interruption/metadata.h"
#include "agent/interruption/source.h"

namespace pq::interruption {

class AzureSource final : public InterruptionSource {
 public:
  explicit AzureSource(AskMetadata ask) : ask_(std::move(ask)) {}

  Outlook look(Now now) override;

 private:
  AskMetadata ask_;
  std::string machine_;  // this machine's name; empty: not known yet
  bool has_answered_ = false;
};

// The text at /metadata/instance/compute/`path`.
MetadataReply ask_azure(const AskMetadata& ask, const std::string& path);

// A date of its events, such as "Mon, 19 Sep 2016 18:29:47 GMT".
std::optional<UnixMs> parse_http_date(const std::string& text);

}  // namespace pq::interruption
