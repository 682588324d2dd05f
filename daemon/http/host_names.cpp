#include "daemon/http/host_names.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

namespace pq::http {

std::vector<std::string> names_of(const std::string& host, std::string_view resolv_conf) {
  if (host.empty()) return {};
  const std::string first = host.substr(0, host.find('.'));
  std::vector<std::string> names{host, first};
  std::istringstream lines{std::string(resolv_conf)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || (word != "search" && word != "domain")) continue;
    while (words >> word) {
      if (word != ".") names.emplace_back(first).append(1, '.').append(word);
    }
  }
  return names;
}

std::vector<std::string> names_of_this_machine() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return {};
  std::ifstream file("/etc/resolv.conf");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return names_of(host.data(), text);
}

}  // namespace pq::http
