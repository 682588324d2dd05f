// What a new machine is told at its first start, as a cloud-init document: to become a worker, or the head.
// Documents are made from the templates of deploy/cloud-init and hold the units of deploy/systemd as they
// are. Values in them are ASCII: YAML, the shell and systemd all take that for what it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/instant.h"
#include "common/job.h"
#include "common/messages.h"

namespace pq {

inline constexpr std::size_t user_data_bytes_max = 16384;  // EC2 takes no more

struct WorkerDocument {
  std::string head_endpoint;
  std::string key_name;
  std::string token;
  std::string agent_url;             // {arch} in it is the machine's own
  std::vector<AgentProgram> agents;  // by their hashes alone the machine believes what it is given
  std::vector<Label> settings;       // of /etc/pq/agent.env
  Duration patience;                 // with a head that does not answer
  bool allows_exec = false;
  bool powers_off = true;  // when there is nothing left to do, or nothing can be done
};

// A package for machines of one kind.
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

std::string to_text(const WorkerDocument& document);
std::string to_text(const HeadDocument& document);

// One line that a shell reads as one word, whatever is in it.
std::string shell_word(std::string_view text);

// NAME="value" as systemd and shells read it.
std::string setting_line(const Label& setting);

// Printable ASCII: what a document may hold.
bool is_plain(std::string_view text);

}  // namespace pq
