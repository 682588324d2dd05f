// How names of machines are looked up.
#pragma once

namespace pq {

// Call first in main. A static program would load the modules that the machine's nsswitch.conf names into
// itself, which are of another C library and crash it; so it looks into /etc/hosts and asks DNS by its own
// means only. A program with shared libraries goes by nsswitch.conf.
void set_up_name_service();

}  // namespace pq
