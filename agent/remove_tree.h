// Removing what programs have left, also where they took their own permissions away.
#pragma once

#include <filesystem>
#include <system_error>

namespace pq {

// `path` and all below it, following no link. The error: what is still there.
std::error_code remove_tree(const std::filesystem::path& path);

}  // namespace pq
