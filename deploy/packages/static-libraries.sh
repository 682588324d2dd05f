#!/usr/bin/env bash
# static-libraries.sh x86_64|aarch64 DIR: puts the static libraries of what pq is built from into DIR/lib, and the
# headers that depend on the architecture into DIR/include. Debian has most of them in its -dev packages. For the
# others, and for libzmq, whose archive there wants a Kerberos that has none, it builds the source packages of the
# very versions whose headers are installed here. All is fetched and verified by apt, with a configuration of its own
# that is derived from the machine's sources; the machine's own apt and dpkg are left as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."

arch=$1
mkdir -p "$2"
dir=$(realpath "$2")
case $arch in
  x86_64) debian_arch=amd64 ;;
  aarch64) debian_arch=arm64 ;;
  *) echo "static-libraries: \"$arch\" is no architecture of pq's; give x86_64 or aarch64" >&2; exit 2 ;;
esac
compiler=$arch-linux-gnu-g++
archives=(libgmp-dev libhttp-parser-dev libprimesieve-dev libsodium-dev libsqlite3-dev libutf8proc-dev)
declare -A headers=([cpp-httplib]=libcpp-httplib-dev [fmtlib]=libfmt-dev [spdlog]=libspdlog-dev [zeromq3]=libzmq3-dev)

# The version of each source package, which also says whether the work is done already.
wanted=()
for source in "${!headers[@]}"; do
  # shellcheck disable=SC2016  # the dollar sign is dpkg-query's
  wanted+=("$source=$(dpkg-query --show --showformat='${source:Version}' "${headers[$source]}")")
done
made_from=$(printf '%s\n' "$("$compiler" -dumpfullversion)" "${wanted[@]}"; cat "$0")
[[ -e $dir/made-from && $(<"$dir/made-from") == "$made_from" ]] && exit 0

rm -rf "$dir"
mkdir -p "$dir"/{lib,include,apt/sources.list.d,apt/lists/partial,apt/archives/partial,source}
cd "$dir"

# Sources of both kinds, in both of apt's formats.
for list in /etc/apt/sources.list.d/*.sources; do
  [[ -e $list ]] && sed -E 's/^Types:.*/Types: deb deb-src/' "$list" >"apt/sources.list.d/${list##*/}"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [[ -e $list ]] && sed -nE '/^deb /{p;s/^deb /deb-src /;s/arch=[^] ]*//;p}' "$list" >"apt/sources.list.d/${list##*/}.list"
done
touch apt/sources.list apt/status
cat >apt/apt.conf <<END
APT::Architecture "$debian_arch";
APT::Architectures "$debian_arch";
APT::Sandbox::User "root";
Dir::Etc::sourcelist "$dir/apt/sources.list";
Dir::Etc::sourceparts "$dir/apt/sources.list.d";
Dir::State::lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt";
END
export APT_CONFIG=$dir/apt/apt.conf
apt-get update -qq
(cd source && apt-get download -qq "${archives[@]}" && apt-get source -qq "${wanted[@]}" >/dev/null)

for package in source/*.deb; do dpkg-deb --extract "$package" unpacked; done
cp unpacked/usr/lib/"$arch"-linux-gnu/lib{gmp,http_parser,primesieve,sodium,sqlite3,utf8proc}.a lib
cp unpacked/usr/include/"$arch"-linux-gnu/gmp.h include

# compile NAME SOURCE... -- FLAG...: into lib/NAME.a.
compile() {
  local name=$1 sources=() object objects=()
  shift
  while [[ $1 != -- ]]; do sources+=("$1"); shift; done
  shift
  for each in "${sources[@]}"; do
    object=source/$name-$(basename "$each").o
    "$compiler" -std=c++20 -O2 -DNDEBUG -ffunction-sections -fdata-sections "-ffile-prefix-map=$dir/source/=" "$@" \
      -c "$each" -o "$object"
    objects+=("$object")
  done
  "$arch-linux-gnu-gcc-ar" rcsD "lib/$name.a" "${objects[@]}"
}
compile libfmt source/fmtlib-*/src/{format,os}.cc --
compile libspdlog source/spdlog-*/src/*.cpp -- -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL
# Without TLS and compression: agents ask metadata services only.
(cd source/cpp-httplib-* && ./split.py --out ../httplib >/dev/null)
compile libhttplib source/httplib/httplib.cc --

# CURVE by libsodium, and none of what pq never speaks: PGM, NORM, GSSAPI.
cmake -S source/zeromq3-* -B source/zeromq3-build -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$arch" \
  -DCMAKE_C_COMPILER="$arch-linux-gnu-gcc" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_FLAGS="-ffunction-sections -fdata-sections -ffile-prefix-map=$dir/source/=" \
  -DBUILD_SHARED=OFF -DBUILD_STATIC=ON -DBUILD_TESTS=OFF -DWITH_PERF_TOOL=OFF -DWITH_DOC=OFF -DWITH_DOCS=OFF \
  -DENABLE_CURVE=ON -DWITH_LIBSODIUM=ON -DENABLE_DRAFTS=OFF -DWITH_LIBBSD=OFF -DWITH_TLS=OFF \
  -DSODIUM_LIBRARIES="$dir/lib/libsodium.a" -DSODIUM_INCLUDE_DIRS=/usr/include >cmake.txt
cmake --build source/zeromq3-build >>cmake.txt
cp source/zeromq3-build/lib/libzmq.a lib

rm -rf apt source unpacked
echo "$made_from" >made-from
