#!/usr/bin/env bash
# build-packages.sh [--arch x86_64|aarch64|all]: builds pq-head, pq-agent and pq-client as .deb, .rpm and .tar.gz into
# build/packages, with SHA256SUMS, on Debian 12 (x86-64). Installs what it needs for that. With one architecture only,
# which is quicker, the head's package has no agent of the other to hand out.
set -euo pipefail
cd "$(dirname "$0")/.."

architectures=(x86_64 aarch64)
[[ $# -eq 0 || ($# -eq 2 && $1 == --arch) ]] || { echo "usage: build-packages.sh [--arch x86_64|aarch64|all]" >&2; exit 2; }
case ${2:-all} in
  all) ;;
  x86_64 | aarch64) architectures=("$2") ;;
  *) echo "build-packages: \"$2\" is no architecture of pq's; give x86_64, aarch64 or all" >&2; exit 2 ;;
esac
[[ $(uname -m) == x86_64 ]] || { echo "build-packages: this machine is $(uname -m); use one that is x86_64" >&2; exit 1; }

deploy/install-dependencies.sh --packages
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CMakeLists.txt)
export SOURCE_DATE_EPOCH
out=build/packages
rm -rf "$out"
mkdir -p "$out/agents"

# quietly COMMAND...: shows what it said only if it fails.
quietly() {
  local said
  said=$(mktemp)
  "$@" >"$said" 2>&1 || { cat "$said" >&2; rm "$said"; exit 1; }
  rm "$said"
}
# at_once FUNCTION: for each architecture, with its name; much of it has one core busy.
at_once() {
  local running=() each
  for each in "${architectures[@]}"; do
    "$1" "$each" &
    running+=($!)
  done
  for each in "${running[@]}"; do wait "$each"; done
}
make_libraries() { quietly deploy/packages/static-libraries.sh "$1" "build/libraries/$1"; }
pack() {
  quietly cmake -S deploy/packages -B "$out/cpack-$1" -DPQ_ARCH="$1" -DPQ_PROGRAMS="$PWD/$out/$1" \
    -DPQ_AGENTS="$PWD/$out/agents" -DPQ_PAGES="$PWD/build/$pages/pages"
  quietly cpack --config "$out/cpack-$1/CPackConfig.cmake" -B "$out/cpack-$1/packages"
  mv "$out/cpack-$1"/packages/*.{deb,rpm,tar.gz} "$out"
}

# The manual and the completions are printed by programs that run here.
pages=static-x86_64
if [[ ${architectures[0]} != x86_64 ]]; then
  echo "building the programs for this machine, which print the manual …" >&2
  pages=host
  quietly cmake --preset host
  quietly cmake --build --preset host --target pages
fi
at_once make_libraries
for arch in "${architectures[@]}"; do
  echo "building the static programs for $arch …" >&2
  quietly cmake --preset "static-$arch"
  targets=(pqd pq-agent pq)
  [[ $pages != "static-$arch" ]] || targets+=(pages)
  quietly cmake --build --preset "static-$arch" --target "${targets[@]}"
  mkdir "$out/$arch"
  cp -d "build/static-$arch"/bin/* "$out/$arch"
  "$arch-linux-gnu-strip" "$out/$arch"/{pqd,pq-agent,pq}
  cp "$out/$arch/pq-agent" "$out/agents/pq-agent-$arch"
  wc -c "$out/$arch"/{pqd,pq-agent,pq} | sed '$d' >&2
done
at_once pack
(cd "$out" && rm -rf cpack-* && sha256sum -- *.deb *.rpm *.tar.gz >SHA256SUMS)
ls -l "$out" >&2
