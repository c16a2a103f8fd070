# Flags for everything, and the shapes of a library and a program.
include_guard(GLOBAL)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # gnu11
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()
# Bugs are asserts, in every build: the default flags of RelWithDebInfo would switch them off.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

# Linux is the platform: process groups, PDEATHSIG, nftw. Empty, as a #define in a file would be.
add_compile_definitions(JC_VERSION="${PROJECT_VERSION}" _GNU_SOURCE=)
add_compile_options(-fno-strict-aliasing -fstack-protector-strong)
if(JC_SANITIZE AND JC_TSAN)
  message(FATAL_ERROR "JC_SANITIZE and JC_TSAN exclude each other")
elseif(JC_TSAN)
  add_compile_options(-O1 -g1 -fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(JC_SANITIZED=1)
elseif(JC_SANITIZE OR JC_FUZZ)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(JC_SANITIZED=1) # no RLIMIT_AS in such builds
  if(NOT JC_FUZZ)
    add_compile_options(-O1 -g1) # compiled in half the time of -O2 -g; a finding still names its line
  endif()
endif()
if(JC_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "JC_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings are for our own code; generated files do without them.
set(JC_WARNINGS -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wpointer-arith
    -Wformat=2 -Wundef -Wvla)
if(JC_WERROR AND NOT JC_SANITIZE AND NOT JC_TSAN) # at -O1 a compiler knows less and doubts more
  list(APPEND JC_WARNINGS -Werror)
endif()

# jc_library(NAME FOLDER [USE libraries below, seen through...] [LINK libraries of the system...])
# A folder without .c files becomes an interface that only hands its dependencies on.
function(jc_library name folder)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "USE;LINK")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.c")
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_USE})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_compile_options(${name} PRIVATE ${JC_WARNINGS})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}/backend" "${CMAKE_SOURCE_DIR}"
                                            "${CMAKE_SOURCE_DIR}/include")
  target_link_libraries(${name} PUBLIC ${ARG_USE} PRIVATE ${ARG_LINK})
endfunction()

# jc_program(NAME MAIN LIBRARY): built once its main exists.
function(jc_program name main library)
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${main}")
  if(found)
    add_executable(${name} ${found})
    target_compile_options(${name} PRIVATE ${JC_WARNINGS})
    target_link_libraries(${name} PRIVATE ${library})
  endif()
endfunction()
