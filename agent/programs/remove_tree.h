// Removes what programs have left, even if they removed their own permissions.
#pragma once

#include <filesystem>
#include <system_error>

#include "common/values/rooms.h"

namespace pq::programs {

// Removes `path` and everything below it; follows no link. The error names what remains.
std::error_code remove_tree(const std::filesystem::path& path);

}  // namespace pq::programs
