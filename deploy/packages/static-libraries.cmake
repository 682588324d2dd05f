# Where a static program takes its libraries from: what deploy/packages/static-libraries.sh has put into
# PQ_STATIC_LIBRARIES. The headers are the installed packages' own, but for those that depend on the architecture.
set(PQ_STATIC_LIBRARIES ${PROJECT_SOURCE_DIR}/build/libraries/${CMAKE_SYSTEM_PROCESSOR}
  CACHE PATH "What deploy/packages/static-libraries.sh has built")
if(NOT EXISTS ${PQ_STATIC_LIBRARIES}/made-from)
  message(FATAL_ERROR "no static libraries in ${PQ_STATIC_LIBRARIES}; "
    "run deploy/packages/static-libraries.sh ${CMAKE_SYSTEM_PROCESSOR} ${PQ_STATIC_LIBRARIES}")
endif()

# pq_static_library(TARGET ARCHIVE [LIBRARY…]): TARGET as the system's own shared library would be found.
function(pq_static_library target archive)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${PQ_STATIC_LIBRARIES}/lib/${archive} INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()
# What the shared libraries define changes no code here, and so the compiler's cache serves both builds.
pq_static_library(fmt::fmt libfmt.a)
target_compile_definitions(fmt::fmt INTERFACE FMT_SHARED)
pq_static_library(spdlog::spdlog libspdlog.a fmt::fmt Threads::Threads)
target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL SPDLOG_SHARED_LIB)
pq_static_library(SQLite::SQLite3 libsqlite3.a Threads::Threads m)
pq_static_library(primesieve::primesieve libprimesieve.a Threads::Threads)
pq_static_library(PkgConfig::sodium libsodium.a)
pq_static_library(PkgConfig::zmq libzmq.a PkgConfig::sodium Threads::Threads)
pq_static_library(PkgConfig::httplib libhttplib.a Threads::Threads)
pq_static_library(http_parser::http_parser libhttp_parser.a)
pq_static_library(PkgConfig::utf8proc libutf8proc.a)
pq_static_library(PkgConfig::gmp libgmp.a)
target_include_directories(PkgConfig::gmp INTERFACE ${PQ_STATIC_LIBRARIES}/include)
# Headers only, but what finds them lies among the host's libraries.
add_library(msgpackc-cxx INTERFACE IMPORTED GLOBAL)
target_compile_definitions(msgpackc-cxx INTERFACE MSGPACK_DEFAULT_API_VERSION=3)

# At random addresses, like any other program of today.
add_link_options(-static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now)
