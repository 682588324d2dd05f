// The dashboard: files of daemon/dashboard and Debian's Chart.js that are a part of this program.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq::http {

struct Asset {
  std::string_view name;    // "main.js"; that of "/" is "index.html"
  std::string_view sha256;  // of the bytes, 64 hexadecimal digits
  std::string_view bytes;
  std::string_view gzipped;  // the same, compressed
};

// By name. The build makes them of the files (assets.cmake).
std::span<const Asset> all_assets();

// At "/" and "/assets/NAME"; nullptr: there is none at this path.
const Asset* asset_at(std::string_view path);
bool asks_for_asset(std::string_view path);

const char* type_of(const Asset& asset);

// How a client asks for it, and what it is told. One that has it already is told so, with no bytes.
struct AssetReply {
  int status = 200;
  std::string_view bytes;
  std::string etag;
  bool is_gzipped = false;
};

// `if_none_match` and `accept_encoding` as in the request's headers of these names; empty: it has none.
AssetReply reply_with(const Asset& asset, std::string_view if_none_match, std::string_view accept_encoding);

}  // namespace pq::http
