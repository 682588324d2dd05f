// Where things are on disk: the state directory and the names in it.
#pragma once

#include <filesystem>

#include "common/values/rooms.h"

namespace pq::os {

// $PQ_STATE_DIR, else $STATE_DIRECTORY (systemd), else /var/lib/pqd if this user may write in it, else
// $XDG_STATE_HOME/pq, else $HOME/.local/state/pq, else (no home) /var/lib/pqd.
std::filesystem::path default_state_dir();

struct StatePaths {
  std::filesystem::path dir;

  std::filesystem::path database() const { return dir / "pq.db"; }
  std::filesystem::path backups() const { return dir / "backups"; }
  std::filesystem::path ballast() const { return dir / "ballast"; }
  std::filesystem::path lock() const { return dir / "pqd.lock"; }
  std::filesystem::path authorized_keys() const { return dir / "authorized_keys"; }
  std::filesystem::path head_endpoint() const {
    return dir / "head.endpoint";
  }                                                                      // written once the head listens
  std::filesystem::path head_http() const { return dir / "head.http"; }  // HOST:PORT, while there is HTTP
  std::filesystem::path head_public_key() const { return dir / "head.public"; }
  std::filesystem::path head_key() const { return dir / "keys" / "head.key"; }
  std::filesystem::path operator_key() const { return dir / "keys" / "operator.key"; }
  std::filesystem::path agent_key() const { return dir / "keys" / "agent.key"; }
};

}  // namespace pq::os
