// Google Cloud: a Spot VM learns that it is preempted about 30 s before its end; the service gives no time.
// Source: Compute Engine, "Spot VMs" and "View and query VM metadata".
#pragma once

#include <utility>

#include "agent/interruption/metadata.h"
#include "agent/interruption/source.h"

namespace pq::interruption {

class GcpSource final : public InterruptionSource {
 public:
  explicit GcpSource(AskMetadata ask) : ask_(std::move(ask)) {}

  Outlook look(Now now) override;

 private:
  AskMetadata ask_;
};

// The text at /computeMetadata/v1/instance/`path`.
MetadataReply ask_gcp(const AskMetadata& ask, const std::string& path);

}  // namespace pq::interruption
