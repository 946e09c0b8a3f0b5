# dualwrite_library(name SOURCES a.cc ... LINKS public libs ... PRIVATE libs ...)
# One static library of one room. What it may link is what it may include.
function(dualwrite_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC dw_flags fmt::fmt ${arg_LINKS} PRIVATE ${arg_PRIVATE})
endfunction()

# dualwrite_test(name LABEL suite SOURCES a.cc ... LINKS libs ...)
# One test program. LABEL is the suite of the time budget that scripts/test prints.
function(dualwrite_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE dw_flags ${arg_LINKS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} PRIVATE <gtest/gtest.h> <string> <vector>)
  # g++ 12 at -O3 takes strings for endless, and writes before their begin.
  target_compile_options(${name} PRIVATE "$<$<CONFIG:Release>:-Wno-stringop-overflow;-Wno-array-bounds>")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 900)
endfunction()
