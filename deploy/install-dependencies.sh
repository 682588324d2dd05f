#!/usr/bin/env bash
# Installs what pq is built from, with --packages what its packages are made with, and with --tests what its tests need,
# from Debian's packages. Does nothing if all is there. As root, or with sudo.
set -euo pipefail

packages=(
  cmake g++ ninja-build pkg-config
  libcpp-httplib-dev libcxxopts-dev libexpected-dev libgmp-dev libjs-chart.js libmsgpack-cxx-dev libprimesieve-dev
  libsodium-dev libspdlog-dev libsqlite3-dev
  libzmq3-dev nlohmann-json3-dev doctest-dev
)
if [[ "${1:-}" == --packages || "${1:-}" == --tests ]]; then
  packages+=(dpkg-dev g++-aarch64-linux-gnu python3-minimal rpm)
fi
if [[ "${1:-}" == --tests ]]; then
  packages+=(ccache chromium chromium-driver clang-14 clang-format clang-tidy e2fsprogs iproute2 libclang-rt-14-dev
    libfaketime lintian llvm mandoc mmdebstrap parallel primesieve prometheus python3-cloudpickle python3-jsonschema
    python3-msgpack python3-pip python3-pytest python3-pytest-xdist python3-selenium python3-setuptools python3-venv
    python3-wheel python3-yaml python3-zmq qemu-user-static shellcheck sqlite3 systemd systemd-container zsh)
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "install-dependencies: not root and no sudo; install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Debian starts it and lets it start with the machine. The tests start one of their own.
if [[ " ${missing[*]} " == *" prometheus "* ]]; then
  "${as_root[@]}" systemctl --quiet disable prometheus.service 2>/dev/null || true
  [[ ! -d /run/systemd/system ]] || "${as_root[@]}" systemctl stop prometheus.service
fi
