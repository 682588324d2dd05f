#!/usr/bin/env bash
# All tests: installs what they need, builds, and runs every test of the release build; the sanitized builds are
# tests of it. Arguments go to ctest, e.g. `tests/run.sh -R unit`. At the end it prints what the tests measured, how
# long each stage and each test took, and then ctest's closing line.
set -euo pipefail
cd "$(dirname "$0")/.."

# The compiler's cache then serves all builds of this tree that compile the same, in whichever folder.
export CCACHE_BASEDIR=$PWD
said=build/release/Testing/said.txt
stages=()
# stage NAME COMMAND...: runs it and notes its seconds.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  "$@" || status=$?
  stages+=("$name=$((SECONDS - began))")
  return "$status"
}

stage install deploy/install-dependencies.sh --tests
stage configure cmake --preset ci
stage build cmake --build --preset release
mkdir -p "${said%/*}"
status=0
began=$SECONDS
ctest --preset release "$@" 2>&1 | tee "$said" || status=$?
stages+=("tests=$((SECONDS - began))")
echo
tests/figures build/release/Testing/Temporary/LastTest.log "${stages[@]}"
grep 'tests passed' "$said" || true
exit "$status"
