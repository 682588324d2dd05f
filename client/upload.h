// Sends a file to the head, as far as the head lacks it. The upload may be interrupted and resumed at any
// point, even by a restart of the head.
#pragma once

#include <tl/expected.hpp>

#include "client/connection.h"
#include "client/failure.h"
#include "client/local_file.h"
#include "client/screen.h"

namespace pq::client {

tl::expected<void, Failure> upload(const LocalFile& file, Connection& connection, Screen& screen);

}  // namespace pq::client
