// Sends a file to the head, as far as the head does not have it. It may be cut off and begun again at any
// point, also by a restart of the head.
#pragma once

#include <tl/expected.hpp>

#include "client/connection.h"
#include "client/failure.h"
#include "client/local_file.h"
#include "client/screen.h"

namespace pq {

tl::expected<void, Failure> upload(const LocalFile& file, Connection& connection, Screen& screen);

}  // namespace pq
