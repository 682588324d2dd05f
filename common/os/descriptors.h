// How many files and connections this process may have open at once.
#pragma once

namespace pq {

// Up to what the system allows it: the usual bound of 1024 is for programs that select(2), and each agent and
// each client is a connection.
void raise_descriptor_limit();

}  // namespace pq
