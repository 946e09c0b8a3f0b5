# Everything comes from Debian's packages; scripts/install names them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(date REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(RocksDB REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(LIBFYAML REQUIRED IMPORTED_TARGET libfyaml)

# FlatBuffers' own CMake package differs between releases; the library and the compiler are all that is needed.
find_program(FLATC flatc REQUIRED)
find_library(FLATBUFFERS_LIBRARY flatbuffers REQUIRED)
