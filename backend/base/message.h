/* Protobuf messages from outside: checked, then unpacked into an arena.
 *
 * protobuf-c hands text over as C strings, so a NUL inside one would cut it unseen, and it does not
 * ask for UTF-8. The check therefore reads the wire format itself, guided by the descriptor. */
#ifndef JC_BASE_MESSAGE_H
#define JC_BASE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"

/* Deeper nesting is refused; ours is flat (no recursive messages), so this is a guard for new ones. */
enum { JC_MESSAGE_DEPTH = 16 };

/* JC_INVALID_ARGUMENT for bytes that are no message (cut off, say) and for text that is not UTF-8 or
 * holds a NUL, naming the field ("operations.plain.return_task.reason"). Bytes fields are not looked
 * into. Cost: one pass, no memory. */
enum jc_code jc_message_check(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes, struct jc_err *err);

/* Checks and unpacks. The message is the arena's; JC_RESOURCE_EXHAUSTED if it does not fit there. */
enum jc_code jc_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                               struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err);

/* The message's bytes, the arena's. */
enum jc_code jc_message_pack(const ProtobufCMessage *message, struct jc_arena *arena, struct jc_str *out,
                             struct jc_err *err);

#endif
