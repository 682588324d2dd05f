// The agents that this head hands out to new machines: one static program for each architecture, as the
// package has put them there. They are read and hashed once, on a thread of their own: no turn waits for it.
#pragma once

#include <filesystem>
#include <future>
#include <vector>

#include "daemon/view/http_answer.h"

namespace pq::http {

class AgentFiles {
 public:
  // Begins to read DIR/pq-agent-ARCH. What is not there is not handed out.
  explicit AgentFiles(std::filesystem::path dir);

  // nullptr: they are still being read.
  const std::vector<AgentFile>* ready() const;

  // Waits until they are read. Not for the turn.
  const std::vector<AgentFile>& all() const { return files_.get(); }

 private:
  std::shared_future<std::vector<AgentFile>> files_;
};

}  // namespace pq::http
