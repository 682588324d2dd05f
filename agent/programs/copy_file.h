// Copies bytes from one open file to another, from the begin of both.
#pragma once

#include <functional>
#include <string_view>

#include "common/os/descriptor.h"

namespace pq::programs {

// Makes both files share their blocks, which costs nothing. False: the file system cannot do that.
bool clone_bytes(const Descriptor& from, const Descriptor& to);

// 0, or an errno. Each piece is passed to `see`, if there is one.
int copy_bytes(const Descriptor& from, const Descriptor& to,
               const std::function<void(std::string_view)>& see = nullptr);

}  // namespace pq::programs
