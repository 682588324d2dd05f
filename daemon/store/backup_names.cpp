#include "daemon/store/backup_names.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace pq::store {

std::string dated_name(UnixMs time) {
  const auto second = fmt::gmtime(static_cast<std::time_t>(time / 1000));
  return fmt::format("{:%Y-%m-%dT%H-%M-%S}.{:03}Z", second, time % 1000);
}

bool is_dated(std::string_view name) {
  constexpr std::string_view shape = "0000-00-00T00-00-00.000Z";
  const auto fits = [](char found, char wanted) {
    return wanted == '0' ? found >= '0' && found <= '9' : found == wanted;
  };
  return std::equal(name.begin(), name.end(), shape.begin(), shape.end(), fits);
}

std::vector<std::string> too_many(const std::vector<std::string>& names, std::size_t keep) {
  std::vector<std::string> dated;
  std::copy_if(names.begin(), names.end(), std::back_inserter(dated), is_dated);
  std::sort(dated.begin(), dated.end());
  dated.resize(dated.size() - std::min(keep, dated.size()));
  return dated;
}

}  // namespace pq::store
