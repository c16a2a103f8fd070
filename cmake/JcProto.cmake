# The contract in C. proto/ holds nothing specific to C: the build works on copies that carry
# `option (pb_c_file).c_package = "jc"`, so C says Jc__Unit while the wire says jiancha.v1.Unit.
# google.protobuf.Timestamp is generated from the file libprotobuf-dev installs.
include_guard(GLOBAL)

find_program(PROTOC_C protoc-c REQUIRED)
find_path(PROTOBUF_INCLUDE google/protobuf/timestamp.proto REQUIRED)
find_path(PROTOBUF_C_INCLUDE protobuf-c/protobuf-c.proto REQUIRED)

# jc_proto(TARGET ROOT): a static library of every ROOT/jiancha/v1/*.proto.
# #include "jiancha/v1/<name>.pb-c.h"
function(jc_proto target root)
  set(copies "${CMAKE_BINARY_DIR}/proto")
  set(output "${CMAKE_BINARY_DIR}/proto-c")
  file(MAKE_DIRECTORY "${copies}/jiancha/v1" "${output}")
  file(GLOB protos RELATIVE "${root}" CONFIGURE_DEPENDS "${root}/jiancha/v1/*.proto")

  set(copied)
  foreach(proto IN LISTS protos)
    add_custom_command(
      OUTPUT "${copies}/${proto}"
      COMMAND ${CMAKE_COMMAND} "-DINPUT=${root}/${proto}" "-DOUTPUT=${copies}/${proto}" -P
              "${CMAKE_SOURCE_DIR}/cmake/ProtoCopy.cmake"
      DEPENDS "${root}/${proto}" "${CMAKE_SOURCE_DIR}/cmake/ProtoCopy.cmake"
      VERBATIM)
    list(APPEND copied "${copies}/${proto}")
  endforeach()

  set(generated)
  foreach(proto IN LISTS protos ITEMS google/protobuf/timestamp.proto)
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem "${output}/${proto}")
    add_custom_command(
      OUTPUT "${stem}.c" "${stem}.h"
      COMMAND ${PROTOC_C} "--c_out=${output}" "-I${copies}" "-I${PROTOBUF_INCLUDE}" "-I${PROTOBUF_C_INCLUDE}"
              "${proto}"
      DEPENDS ${copied}
      COMMENT "protoc-c ${proto}"
      VERBATIM)
    list(APPEND generated "${stem}.c" "${stem}.h")
  endforeach()

  add_library(${target} STATIC ${generated})
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC "${output}")
  target_link_libraries(${target} PUBLIC PkgConfig::protobuf_c)
endfunction()
