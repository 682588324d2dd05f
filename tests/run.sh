#!/usr/bin/env bash
# All tests: installs what they need, builds, and runs every test of the release build; the sanitized builds are
# tests of it. Arguments go to ctest, e.g. `tests/run.sh -R unit`. At the end stands what the tests measured, and then
# ctest's closing line.
set -euo pipefail
cd "$(dirname "$0")/.."

# The compiler's cache then serves all builds of this tree that compile the same, in whichever folder.
export CCACHE_BASEDIR=$PWD
deploy/install-dependencies.sh --tests
cmake --preset release
cmake --build --preset release
said=build/release/Testing/said.txt
mkdir -p build/release/Testing
status=0
ctest --preset release "$@" 2>&1 | tee "$said" || status=$?
echo
tests/figures build/release/Testing/Temporary/LastTest.log
grep 'tests passed' "$said" || true
exit "$status"
