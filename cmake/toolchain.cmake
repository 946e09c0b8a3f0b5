# Compiler settings of every target: C++20, warnings as errors, sanitizers by preset, hardening in release.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

set(DW_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

# "Dev" is optimised enough for the simulator and keeps line numbers for the sanitizers' reports.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1 -fno-omit-frame-pointer" CACHE STRING "" FORCE)
set(CMAKE_EXE_LINKER_FLAGS_DEV "" CACHE STRING "")
set(CMAKE_SHARED_LINKER_FLAGS_DEV "" CACHE STRING "")
mark_as_advanced(CMAKE_CXX_FLAGS_DEV CMAKE_EXE_LINKER_FLAGS_DEV CMAKE_SHARED_LINKER_FLAGS_DEV)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -g1" CACHE STRING "" FORCE)

add_library(dw_flags INTERFACE)
target_compile_options(dw_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Werror)
if(DW_SANITIZE)
  target_compile_options(dw_flags INTERFACE -fsanitize=${DW_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(dw_flags INTERFACE -fsanitize=${DW_SANITIZE})
  # A sanitizer's tables hold many addresses and its debug sections many names: programs at a fixed address and compressed
  # sections take half the disk, and there are a hundred programs.
  target_compile_options(dw_flags INTERFACE -fno-pie -gz)
  target_link_options(dw_flags INTERFACE -no-pie -gz)
  find_program(MOLD mold)
  if(MOLD)
    target_link_options(dw_flags INTERFACE -fuse-ld=mold)
  endif()
  # g++ 12 reports uninitialised reads inside the standard library where the sanitizers add branches.
  target_compile_options(dw_flags INTERFACE -Wno-maybe-uninitialized)
endif()
# g++ collects its garbage far too often for a program of templates; a collection later is a fifth of the time less.
target_compile_options(dw_flags INTERFACE "$<$<CXX_COMPILER_ID:GNU>:SHELL:--param ggc-min-heapsize=1048576>")
# g++ 12 takes the frame allocation that Asio gives its coroutines for a mismatched pair.
target_compile_options(dw_flags INTERFACE -Wno-mismatched-new-delete)
if(DW_SANITIZE MATCHES "thread")
  target_compile_options(dw_flags INTERFACE -Wno-tsan)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT DW_SANITIZE)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # g++ 12 at -O3 finds overlapping copies in the library's own string concatenation that cannot happen.
  target_compile_options(dw_flags INTERFACE -Wno-restrict)
  target_compile_options(dw_flags INTERFACE
    -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection
    -fcf-protection=full -ftrivial-auto-var-init=zero)
  target_link_options(dw_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
endif()
# An archive names its objects instead of holding them once more.
set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcT <TARGET> <OBJECTS>")
target_include_directories(dw_flags INTERFACE "${PROJECT_SOURCE_DIR}")

# libFuzzer follows the libraries that read foreign bytes through their code in the preset that has AddressSanitizer; there
# each of their edges calls a function, which does nothing in all programs but the fuzzers.
if(BUILD_TESTING AND DW_SANITIZE MATCHES "address")
  set(DW_COUNTS_EDGES ON)
  add_library(dw_no_edges STATIC "${PROJECT_SOURCE_DIR}/tests/fuzz/no_edges.cc")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are cached only when time stamps and defines are taken from their content.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  target_compile_options(dw_flags INTERFACE -fpch-preprocess)
endif()
