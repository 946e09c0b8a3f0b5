# For programs that hold many small rows in several threads: with the C library's own allocator half of their processor time
# goes into it. A sanitizer brings one along.
add_library(dw_allocator INTERFACE)
if(NOT DW_SANITIZE)
  target_link_libraries(dw_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

# dualwrite_library(name [PURE] [DECODES] SOURCES a.cc ... LINKS public libs ... PRIVATE libs ...)
# One static library of one room. What it may link is what it may include: a program of all its objects and nothing but
# its own links has to link. A PURE one has no clock, chance, file or socket; tests/tidy/purity.py reads its symbols. One
# that DECODES reads bytes that somebody else may have written, so that a fuzzer has to see which way it goes.
function(dualwrite_library name)
  cmake_parse_arguments(arg "PURE;DECODES" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC dw_flags fmt::fmt ${arg_LINKS} PRIVATE ${arg_PRIVATE})
  if(arg_DECODES AND DW_COUNTS_EDGES)
    target_compile_options(${name} PRIVATE -fsanitize-coverage=trace-pc)
    target_link_libraries(${name} PUBLIC dw_no_edges)
  endif()
  if(BUILD_TESTING)
    add_executable(${name}_links "${PROJECT_SOURCE_DIR}/tests/tidy/empty_main.cc")
    target_link_libraries(${name}_links PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${name}>")
    if(arg_PURE)
      add_test(NAME ${name}_is_pure
        COMMAND /usr/bin/python3 "${PROJECT_SOURCE_DIR}/tests/tidy/purity.py" "$<TARGET_FILE:${name}>")
      set_tests_properties(${name}_is_pure PROPERTIES LABELS unit)
    endif()
  endif()
endfunction()

# The headers that every test includes, precompiled once: by a program, as the tests are.
if(BUILD_TESTING)
  add_executable(dw_test_headers "${PROJECT_SOURCE_DIR}/tests/tidy/empty_main.cc")
  target_link_libraries(dw_test_headers PRIVATE dw_flags GTest::gmock)
  target_precompile_headers(dw_test_headers PRIVATE <gtest/gtest.h> <string> <vector>)
endif()

# dualwrite_test(name LABEL suite SOURCES a.cc ... LINKS libs ...)
# One test program. LABEL is the suite of the time budget that scripts/test prints.
function(dualwrite_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE dw_flags ${arg_LINKS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM dw_test_headers)
  # g++ 12 at -O3 takes strings for endless, and writes before their begin.
  target_compile_options(${name} PRIVATE "$<$<CONFIG:Release>:-Wno-stringop-overflow;-Wno-array-bounds>")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 900)
endfunction()
