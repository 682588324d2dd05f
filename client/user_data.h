// The cloud-init document of a new machine, which makes it a worker or the head. Documents are made from the
// templates of deploy/cloud-init and hold the units of deploy/systemd unchanged. Values in them are ASCII,
// which YAML, the shell and systemd all read in the same way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/instant.h"
#include "common/values/job.h"

namespace pq::client {

inline constexpr std::size_t user_data_bytes_max = 16384;  // the limit of EC2

struct WorkerDocument {
  std::string head_endpoint;
  std::string key_name;
  std::string token;
  std::string agent_url;             // {arch} in it is the machine's own
  std::vector<AgentProgram> agents;  // the machine trusts a download only by these hashes
  std::vector<Label> settings;       // of /etc/pq/agent.env
  Duration patience;                 // with a head that does not answer
  bool allows_exec = false;
  bool powers_off = true;  // when there is nothing left to do, or nothing can be done
};

// A package for machines of one architecture.
struct Package {
  std::string format;  // deb, rpm
  std::string arch;    // as uname -m says it
  Sha256 sha256;
  std::string url;
};

struct HeadDocument {
  std::string device;           // the volume that the state is on
  std::vector<Label> settings;  // of /etc/pq/pqd.env
  std::vector<Package> packages;
};

// The document, as cloud-init reads it.
std::string cloud_config(const WorkerDocument& document);
std::string cloud_config(const HeadDocument& document);

// One line that a shell reads as one word, whatever it contains.
std::string shell_word(std::string_view text);

// NAME="value" as systemd and shells read it.
std::string setting_line(const Label& setting);

// Printable ASCII: all that a document may hold.
bool is_plain(std::string_view text);

}  // namespace pq::client
