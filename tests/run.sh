#!/usr/bin/env bash
# All tests: installs what they need, builds, and runs every test of the release build; the sanitized builds are
# tests of it. Arguments go to ctest, e.g. `tests/run.sh -R unit`.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-dependencies.sh --tests
cmake --preset release
cmake --build --preset release
exec ctest --preset release "$@"
