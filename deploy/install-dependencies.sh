#!/usr/bin/env bash
# Installs what pq is built from, with --packages what its packages are made with, and with --tests what its tests need,
# from Debian's packages. As root, or with sudo. With --tests, linters that Debian lacks come from PyPI and npm, at fixed
# versions, into build/linters. Does nothing if all is there. With --list it only prints what pq is built from.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  cmake g++ ninja-build pkg-config
  libcpp-httplib-dev libcxxopts-dev libexpected-dev libgmp-dev libhttp-parser-dev libjs-chart.js libmsgpack-cxx-dev
  libprimesieve-dev libsodium-dev libspdlog-dev libsqlite3-dev libutf8proc-dev
  libzmq3-dev nlohmann-json3-dev doctest-dev
)
if [[ "${1:-}" == --list ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi
if [[ "${1:-}" == --packages || "${1:-}" == --tests ]]; then
  packages+=(dpkg-dev g++-aarch64-linux-gnu python3-minimal rpm)
fi
if [[ "${1:-}" == --tests ]]; then
  packages+=(ccache chromium chromium-driver clang-14 clang-format clang-tidy e2fsprogs iproute2 libclang-rt-14-dev
    libfaketime lintian llvm mandoc mmdebstrap munge mypy parallel primesieve prometheus python3-cloudpickle python3-jsonschema
    python3-msgpack python3-pip python3-pytest python3-pytest-xdist python3-selenium python3-setuptools python3-venv
    python3-wheel python3-yaml python3-zmq qemu-user-static shellcheck slurm-client slurmctld slurmd sqlite3 systemd
    systemd-container zsh)
  # Node.js may be there from elsewhere than Debian, and then often brings npm along.
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "install-dependencies: not root and no sudo; install: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  # Debian starts these and lets them start with the machine. The tests start some of their own.
  for service in prometheus munge slurmctld slurmd; do
    [[ " ${missing[*]} " == *" $service "* ]] || continue
    "${as_root[@]}" systemctl --quiet disable "$service.service" 2>/dev/null || true
    [[ ! -d /run/systemd/system ]] || "${as_root[@]}" systemctl stop "$service.service"
  done
fi
[[ "${1:-}" == --tests ]] || exit 0

# What a folder was made from is kept in it: what has changed since is installed again.
linters=build/linters
mkdir -p "$linters"
if ! cmp --silent tests/requirements.txt "$linters/requirements.txt"; then
  echo "installing $(paste -sd ' ' tests/requirements.txt) into $linters" >&2
  rm -rf "$linters/python"
  /usr/bin/python3 -m venv "$linters/python"
  "$linters/python/bin/pip" install --quiet --disable-pip-version-check --requirement tests/requirements.txt
  cp tests/requirements.txt "$linters"
fi
if ! cmp --silent daemon/dashboard/package-lock.json "$linters/package-lock.json"; then
  echo "installing eslint and prettier into $linters" >&2
  rm -f "$linters/package-lock.json"
  scratch=$(mktemp -d "$linters/npm.XXXXXX")
  cp daemon/dashboard/package.json daemon/dashboard/package-lock.json "$scratch"
  npm ci --prefix "$scratch" --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null
  rm -rf "$linters/node_modules"
  mv "$scratch"/* "$linters"
  rmdir "$scratch"
fi
