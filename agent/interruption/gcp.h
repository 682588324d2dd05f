// Google Cloud: a Spot VM is told that it is preempted about 30 s before its end, which the service does not
// date. Source: Compute Engine, "Spot VMs" and "View and query VM metadata".
#pragma once

#include <utility>

#include "agent/interruption/source.h"
#include "agent/metadata.h"

namespace pq {

class GcpSource final : public InterruptionSource {
 public:
  explicit GcpSource(AskMetadata ask) : ask_(std::move(ask)) {}

  Outlook look(Now now) override;

 private:
  AskMetadata ask_;
};

// What stands at /computeMetadata/v1/instance/`path`.
MetadataReply ask_gcp(const AskMetadata& ask, const std::string& path);

}  // namespace pq
