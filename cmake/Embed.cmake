# Writes OUTPUT.c and OUTPUT.h with the bytes of INPUT as SYMBOL. See JcEmbed.cmake.
if(SCHEMA)
  # What the type macros mean to SQLite. Anything else between @ signs is a mistake.
  file(READ "${INPUT}" text)
  string(REPLACE "@int64@" "INTEGER" text "${text}")
  string(REPLACE "@bytes@" "BLOB" text "${text}")
  string(REPLACE "@bool@" "INTEGER" text "${text}")
  string(REPLACE "@strict@" "STRICT" text "${text}")
  string(REPLACE "@clustered@" "STRICT, WITHOUT ROWID" text "${text}") # the table is its primary key's b-tree
  string(REPLACE "@empty@" "X''" text "${text}") # no bytes
  string(REPEAT "00" 32 nothing)
  string(REPLACE "@zeros@" "X'${nothing}'" text "${text}") # a hash of nothing
  if(text MATCHES "@[a-z0-9_]+@")
    message(FATAL_ERROR "${INPUT}: unknown type macro ${CMAKE_MATCH_0}")
  endif()
  file(WRITE "${OUTPUT}.expanded" "${text}")
  set(INPUT "${OUTPUT}.expanded")
endif()

file(READ "${INPUT}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n    " hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
file(WRITE "${OUTPUT}.c" "/* Generated from ${NAME}. */
#include \"embed/${SYMBOL}.h\"

const char ${SYMBOL}[] = {
    ${hex}0};
const size_t ${SYMBOL}_len = ${size};
")
file(WRITE "${OUTPUT}.h" "/* Generated from ${NAME}. */
#pragma once
#include <stddef.h>

extern const char ${SYMBOL}[]; /* ${NAME}, NUL-terminated */
extern const size_t ${SYMBOL}_len; /* bytes without the NUL */
")
