#include "common/os/name_service.h"

#ifdef PQ_STATIC
#include <nss.h>

#include "common/values/check.h"
#endif

namespace pq::os {

void set_up_name_service() {
#ifdef PQ_STATIC
  check(__nss_configure_lookup("hosts", "files dns") == 0, "hosts are looked up in files and dns");
  for (const char* database : {"services", "protocols", "passwd", "group"}) {
    check(__nss_configure_lookup(database, "files") == 0, "the other databases are files");
  }
#endif
}

}  // namespace pq::os
