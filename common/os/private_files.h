// The files that a program of pq makes are for its user alone, whatever umask it was started with.
#pragma once

#include <sys/types.h>

#include "common/values/rooms.h"

namespace pq::os {

// For the first line of main.
void keep_files_private();

// The umask with which this process was started: programs of users get it back. As it is now, where
// keep_files_private was not called.
mode_t umask_of_users();

}  // namespace pq::os
