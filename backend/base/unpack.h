/* Protobuf as every encoder writes it, checked and unpacked in one pass.
 *
 * protobuf-c goes over a message twice, asks for memory for each text, and neither looks for NULs nor for UTF-8, which
 * took a pass of its own. What is unusual (see unpack.c) is left to it. */
#ifndef JC_BASE_UNPACK_H
#define JC_BASE_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

enum { JC_UNPACK_MAX = 64 << 10 /* bytes of the messages that are tried */ };

/* The message, equal to what jc_message_check allows and protobuf-c unpacks, or NULL: the bytes are unusual, or wrong,
 * or there is no memory for them, which the longer way tells. The message is the arena's, with texts and bytes in one
 * copy of the input. Cost: one pass, two requests for memory and one for each message and list within. */
ProtobufCMessage *jc_unpack_usual(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                                  struct jc_arena *arena);

#endif
