# Files as C arrays.
include_guard(GLOBAL)

# jc_embed(TARGET FILE SYMBOL [SCHEMA]): adds FILE to TARGET as
#   const char SYMBOL[] (a NUL follows) and const size_t SYMBOL_len,
# declared in "embed/SYMBOL.h". SCHEMA expands the type macros of the SQL schema for SQLite first.
# Nothing happens while FILE does not exist or TARGET's folder has no .c file.
function(jc_embed target file symbol)
  cmake_parse_arguments(PARSE_ARGV 3 ARG "SCHEMA" "" "")
  set(input "${CMAKE_SOURCE_DIR}/${file}")
  get_target_property(type ${target} TYPE)
  file(GLOB found CONFIGURE_DEPENDS "${input}") # looks again at every build
  if(NOT found OR type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  set(output "${CMAKE_BINARY_DIR}/generated/embed/${symbol}")
  add_custom_command(
    OUTPUT "${output}.c" "${output}.h"
    COMMAND ${CMAKE_COMMAND} "-DINPUT=${input}" "-DOUTPUT=${output}" "-DSYMBOL=${symbol}" "-DNAME=${file}"
            "-DSCHEMA=${ARG_SCHEMA}" -P "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake"
    DEPENDS "${input}" "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}.c" "${output}.h")
  target_include_directories(${target} PUBLIC "${CMAKE_BINARY_DIR}/generated")
endfunction()
