# Copies INPUT to OUTPUT with the C package behind the `package` statement.
file(READ "${INPUT}" text)
string(REGEX REPLACE "(^|\n)(package [^\n]*)"
  "\\1\\2\nimport \"protobuf-c/protobuf-c.proto\";\noption (pb_c_file).c_package = \"jc\";" text "${text}")
if(NOT text MATCHES "pb_c_file")
  message(FATAL_ERROR "${INPUT}: no package statement")
endif()
file(WRITE "${OUTPUT}" "${text}")
