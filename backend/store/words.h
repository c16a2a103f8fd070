/* Words of the catalogue for names of the contract: commands, fields, and values of enumerations. */
#ifndef JC_STORE_WORDS_H
#define JC_STORE_WORDS_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/msg.h"
#include "base/str.h"

/* "submit_inspection" as people say it; an unknown name as it is. */
struct jc_str jc_words_command(enum jc_lang lang, const char *command);
/* A field of a message, say "due_on"; an unknown name as it is. */
struct jc_str jc_words_field(enum jc_lang lang, const char *field);
/* The value "open" of the field "state"; a value that is no name of an enumeration as it is. */
struct jc_str jc_words_value(enum jc_lang lang, const char *field, struct jc_str value);

/* A value's name in the contract without its enumeration's prefix, in lower case: "task_already_done".
 * "" for one without a name; ptr NULL without memory. */
struct jc_str jc_words_enum(struct jc_arena *arena, const ProtobufCEnumDescriptor *descriptor, int value);
/* The value of such a name; false if there is none. */
bool jc_words_enum_parse(const ProtobufCEnumDescriptor *descriptor, struct jc_str name, int *out);

#endif
