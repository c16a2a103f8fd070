# Tests. A test that needs something absent exits with 77 and counts as skipped.
include_guard(GLOBAL)

set(JC_TEST_ENVIRONMENT
    "JIANCHA_BIN=${CMAKE_BINARY_DIR}/bin"
    "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1")

# What every test may call: all our libraries.
set(JC_TEST_LIBRARIES jc_cli jc_optimizer)

function(jc_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "COMMAND;LABELS")
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${JC_TEST_ENVIRONMENT}" SKIP_RETURN_CODE 77
                                          TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# What takes longest comes first: the last tests to run are then short ones, and no processor waits for long.
function(jc_tests)
  find_library(CMOCKA_LIBRARY cmocka)
  if(NOT CMOCKA_LIBRARY)
    message(STATUS "cmocka is missing: no tests")
    return()
  endif()
  jc_simulator_tests()
  jc_story_tests()
  jc_benchmarks()
  jc_unit_tests()
  jc_fuzz_tests()
endfunction()

# tests/sim: the simulator, a program of its own beside ours (docs/TESTING.md).
function(jc_simulator_tests)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/sim/*.c")
  jc_test_program(jiancha-sim ${sources})
  set_target_properties(jiancha-sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  target_include_directories(jiancha-sim PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(jiancha-sim PRIVATE PkgConfig::sqlite3)
  if(JC_SANITIZE OR JC_TSAN)
    jc_add_test(sim_stories COMMAND jiancha-sim --seeds 1..60 --steps 60 TIMEOUT 600 LABELS sim)
  else()
    jc_add_test(sim_stories_1 COMMAND jiancha-sim --seeds 1..250 --steps 80 TIMEOUT 600 LABELS sim)
    jc_add_test(sim_stories_2 COMMAND jiancha-sim --seeds 251..500 --steps 80 TIMEOUT 600 LABELS sim)
    jc_add_test(sim_twice COMMAND jiancha-sim --twice 1..20 --steps 80 TIMEOUT 600 LABELS sim)
  endif()
endfunction()

# tests/e2e/test_*.py: the story against the real programs.
function(jc_story_tests)
  find_package(Python3 COMPONENTS Interpreter)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/e2e/test_*.py")
  if(Python3_FOUND)
    foreach(source IN LISTS sources)
      get_filename_component(name "${source}" NAME_WE)
      string(REPLACE "test_" "e2e_" name "${name}")
      jc_add_test(${name} COMMAND ${Python3_EXECUTABLE} ${source} TIMEOUT 600 LABELS e2e)
    endforeach()
  endif()
endfunction()

# tests/bench/bench_*.c: programs that measure; built by name (jc_bench_*), not run as tests. The other files there are
# what they share, and tests check some of it.
function(jc_benchmarks)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/bench/*.c")
  list(FILTER sources EXCLUDE REGEX "/bench_[^/]*$")
  add_library(jc_bench STATIC EXCLUDE_FROM_ALL ${sources})
  target_compile_options(jc_bench PRIVATE ${JC_WARNINGS})
  target_include_directories(jc_bench PUBLIC "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(jc_bench PUBLIC jc_auth PkgConfig::zlib m)

  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/bench/bench_*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    jc_test_program(jc_${name} ${source})
    set_target_properties(jc_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    target_link_libraries(jc_${name} PRIVATE jc_bench PkgConfig::sqlite3 PkgConfig::gnutls)
  endforeach()
endfunction()

# tests/test_*.c: cmocka programs, linked with everything.
function(jc_unit_tests)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/test_*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    jc_test_program(${name} ${source})
    target_link_libraries(${name} PRIVATE jc_bench ${CMOCKA_LIBRARY})
    jc_add_test(${name} COMMAND ${name} TIMEOUT 300 LABELS unit)
  endforeach()
endfunction()

# tests/fuzz/fuzz_*.c: LLVMFuzzerTestOneInput; the committed corpus is replayed as a test in every build, and with
# JC_FUZZ the target is a libFuzzer program too.
function(jc_fuzz_tests)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    string(REPLACE "fuzz_" "" corpus "${name}")
    jc_test_program(${name}_replay ${source} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c")
    jc_add_test(${name} COMMAND ${name}_replay "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus}" TIMEOUT 300
                LABELS fuzz)
    if(JC_FUZZ)
      jc_test_program(${name} ${source})
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    endif()
  endforeach()
endfunction()

function(jc_test_program name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_compile_options(${name} PRIVATE ${JC_WARNINGS} -Wno-missing-prototypes)
  target_compile_definitions(${name} PRIVATE JC_TEST_BIN="${CMAKE_BINARY_DIR}/bin")
  target_link_libraries(${name} PRIVATE ${JC_TEST_LIBRARIES} m)
endfunction()
