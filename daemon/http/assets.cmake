# Writes OUT, the C++ that holds FILES (a list joined by |, each NAME=PATH) with their SHA-256 and a compressed copy. The
# same files give the same bytes. Run by the build: cmake -DOUT=… -DFILES=… -DSCRATCH=… -P assets.cmake
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(entries "")
set(number 0)

# array_of(NAME PATH OFFSET): appends the array NAME of the file's bytes; the four at OFFSET become zeros.
function(array_of name path offset)
  file(READ "${path}" hex HEX)
  if(offset GREATER_EQUAL 0)
    math(EXPR from "${offset} * 2")
    math(EXPR beyond "${from} + 8")
    string(SUBSTRING "${hex}" 0 ${from} before)
    string(SUBSTRING "${hex}" ${beyond} -1 after)
    set(hex "${before}00000000${after}")
  endif()
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  set(arrays "${arrays}constexpr unsigned char ${name}[] = {\n${hex}};\n" PARENT_SCOPE)
endfunction()

foreach(file IN LISTS FILES)
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${file}")
  set(name "${CMAKE_MATCH_1}")
  set(path "${CMAKE_MATCH_2}")
  file(SHA256 "${path}" hash)
  get_filename_component(folder "${path}" DIRECTORY)
  file(ARCHIVE_CREATE OUTPUT "${SCRATCH}" PATHS "${path}" FORMAT raw COMPRESSION GZip)
  array_of(bytes_${number} "${path}" -1)
  array_of(gzipped_${number} "${SCRATCH}" 4)  # 4: where gzip's header has the time
  string(APPEND entries "    Asset{\"${name}\", \"${hash}\", text(bytes_${number}), text(gzipped_${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE "${SCRATCH}")

file(WRITE "${OUT}" "// Made by daemon/http/assets.cmake.
#include <array>
#include <cstddef>

#include \"daemon/http/assets.h\"

namespace pq::http {
namespace {

${arrays}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const Asset> all_assets() {
  static const std::array assets = {
${entries}  };
  return assets;
}

}  // namespace pq::http
")
