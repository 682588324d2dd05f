// The head's real turn, among agents and clients that may say anything.
#include "tests/fuzz/entry.h"
#include "tests/fuzz/play.h"
#include "tests/rooms.h"

namespace pq::fuzz {

void try_bytes(std::string_view bytes) { Play(bytes).run(); }

}  // namespace pq::fuzz
