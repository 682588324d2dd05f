// What a backup may take of a turn and of the disk, and how often the files are looked at. Each bound with
// its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- backups
inline constexpr int backup_pages_per_turn = 32;  // 128 KiB read, written and synced: about a millisecond
inline constexpr std::uint64_t backup_bytes_spared =
    16 << 20;  // left to the queue on a disk that both share: four times its log between two checkpoints

// ---- pages that are free
// About a millisecond. So 10 GB go back within some minutes, and beats hardly notice.
inline constexpr int pages_given_back_per_turn = 32;
// So much stays for what comes, and of a large database one part in so many.
inline constexpr std::uint64_t unused_bytes_kept = 16 << 20;
inline constexpr std::uint64_t unused_parts_kept = 8;

// ---- the files themselves
// Two system calls, so that a head notices within a second that its database was removed or replaced. A
// commit looks by itself.
inline constexpr Duration files_looked_at = 500ms;

}  // namespace pq::limits
