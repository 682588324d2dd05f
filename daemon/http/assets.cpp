#include "daemon/http/assets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/values/text.h"

namespace pq::http {
namespace {

constexpr std::string_view folder = "/assets/";

// Calls `take` with each part of a header's list, without blanks, until it says true.
bool any_part(std::string_view list, auto take) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (take(stripped(list.substr(0, end)))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool takes_gzip(std::string_view accept_encoding) {
  return any_part(accept_encoding, [](std::string_view part) {
    if (!part.starts_with("gzip")) return false;
    part.remove_prefix(4);
    const std::size_t quality = part.find("q=");
    if (quality == std::string_view::npos) return part.empty() || part.front() == ';';
    return part.find_first_not_of("0. ", quality + 2) != std::string_view::npos;  // q=0 is a no
  });
}

bool has_it(const Asset& asset, std::string_view if_none_match) {
  return any_part(if_none_match, [&](std::string_view part) {
    return part == "*" || part.find(asset.sha256) != std::string_view::npos;
  });
}

}  // namespace

bool asks_for_asset(std::string_view path) { return path == "/" || path.starts_with(folder); }

const Asset* asset_at(std::string_view path) {
  if (!asks_for_asset(path)) return nullptr;
  const std::string_view name = path == "/" ? "index.html" : path.substr(folder.size());
  const std::span<const Asset> all = all_assets();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Asset& asset) { return asset.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const char* type_of(const Asset& asset) {
  constexpr std::array types = {std::pair{".html", "text/html; charset=utf-8"},
                                std::pair{".css", "text/css; charset=utf-8"},
                                std::pair{".js", "text/javascript; charset=utf-8"},
                                std::pair{".svg", "image/svg+xml"},
                                std::pair{".png", "image/png"},
                                std::pair{".json", "application/json"},
                                std::pair{".woff2", "font/woff2"}};
  for (const auto& [ending, type] : types) {
    if (asset.name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

AssetReply reply_with(const Asset& asset, std::string_view if_none_match, std::string_view accept_encoding) {
  AssetReply reply{.bytes = asset.bytes, .etag = {}, .is_gzipped = takes_gzip(accept_encoding)};
  // Two representations have two tags.
  reply.etag = '"' + std::string(asset.sha256) + (reply.is_gzipped ? "-gzip\"" : "\"");
  if (reply.is_gzipped) reply.bytes = asset.gzipped;
  if (has_it(asset, if_none_match)) {
    reply.status = 304;
    reply.bytes = {};
    reply.is_gzipped = false;
  }
  return reply;
}

}  // namespace pq::http
