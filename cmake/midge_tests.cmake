find_package(GTest REQUIRED)
find_path(MIDGE_RAPIDCHECK_INCLUDE rapidcheck.h REQUIRED)
find_library(MIDGE_RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
add_library(midge_rapidcheck INTERFACE)
target_include_directories(midge_rapidcheck SYSTEM INTERFACE ${MIDGE_RAPIDCHECK_INCLUDE})
target_link_libraries(midge_rapidcheck INTERFACE ${MIDGE_RAPIDCHECK_LIBRARY})

# midge_test(NAME SOURCES ... LINKS ...): a GoogleTest program, run by CTest as one test. Under
# ctest it is one process a program: cases within a program may not depend on each other.
function(midge_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE
    midge_options midge_rapidcheck GTest::gmock GTest::gtest_main ${arg_LINKS})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 ENVIRONMENT "RC_PARAMS=max_success=200 seed=20261124")
endfunction()
