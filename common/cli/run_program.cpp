#include "common/cli/run_program.h"

#include <cstdio>
#include <exception>
#include <string>

namespace pq::cli {

ExitStatus run_program(const char* program, const std::function<ExitStatus()>& body) {
  try {
    return body();
  } catch (const EnvironmentError& error) {
    const std::string advice =
        error.status() == ExitStatus::usage ? "; see " + std::string(program) + " --help" : "";
    std::fprintf(stderr, "%s: %s%s\n", program, error.what(), advice.c_str());
    return error.status();
  } catch (const std::exception& error) {  // of the standard library or another: memory, threads
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return ExitStatus::failed;
  }
}

}  // namespace pq::cli
