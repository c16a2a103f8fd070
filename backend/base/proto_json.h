/* ProtoJSON (protobuf.dev/programming-guides/json) both ways, for any message of the contract.
 *
 * Driven by protobuf-c's descriptors alone: names in lowerCamelCase (the original name is read too),
 * 64-bit integers as strings, bytes in base64, enums by name, google.protobuf.Timestamp in RFC 3339. What
 * the contract has none of is not here: floating point, maps, Any, the other well-known types
 * (tests/test_contract.c keeps it so). */
#ifndef JC_BASE_PROTO_JSON_H
#define JC_BASE_PROTO_JSON_H

#include "base/message.h"

struct jc_proto_json {
    bool ignore_unknown; /* a field or a name of an enum that the descriptor does not know is left out;
                            else it is refused */
};

/* Reads a message of at most JC_MESSAGE_VALUES values; it is the arena's. JC_INVALID_ARGUMENT, naming the
 * field, for text that is no JSON, nested deeper than JC_JSON_DEPTH, or no such message: a value of another
 * type or out of range, a field twice, two of a oneof, text with a NUL. null is the field left out.
 * JC_RESOURCE_EXHAUSTED if it does not fit into the arena. */
enum jc_code jc_message_from_json(const ProtobufCMessageDescriptor *descriptor, struct jc_str text,
                                  struct jc_proto_json options, struct jc_arena *arena, ProtobufCMessage **out,
                                  struct jc_err *err);

/* Appends the message as one line; fields with their default value are left out.
 * JC_FAILED_PRECONDITION for a Timestamp outside the years 1 to 9999, which has no JSON;
 * JC_RESOURCE_EXHAUSTED if it does not fit into `out`. */
enum jc_code jc_message_to_json(const ProtobufCMessage *message, struct jc_buf *out, struct jc_err *err);

#endif
