// How host names are looked up.
#pragma once

#include "common/values/rooms.h"

namespace pq::os {

// Call first in main. A static program would load the modules that the machine's nsswitch.conf names. Those
// are built for another C library, and would crash it. So it only reads /etc/hosts and asks DNS. A program
// with shared libraries follows nsswitch.conf.
void set_up_name_service();

}  // namespace pq::os
