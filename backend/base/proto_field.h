/* Fields as protobuf-c lays them out in its structs, and as ProtoJSON names them. */
#ifndef JC_BASE_PROTO_FIELD_H
#define JC_BASE_PROTO_FIELD_H

#include <protobuf-c/protobuf-c.h>

#include "base/str.h"

enum { JC_PROTO_NAME_MAX = 128 /* bytes of the name of a field or of an enum's value */ };

/* The times that RFC 3339 can say: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
#define JC_PROTO_FIRST_SECOND (-INT64_C(62135596800))
#define JC_PROTO_LAST_SECOND INT64_C(253402300799)

/* google.protobuf.Timestamp and its two fields. */
bool jc_proto_is_time(const ProtobufCMessageDescriptor *descriptor);
int64_t *jc_proto_seconds(const ProtobufCMessage *time);
int32_t *jc_proto_nanos(const ProtobufCMessage *time);

/* lowerCamelCase of a field's name: "unit_id" is "unitId". A view of `out`. */
struct jc_str jc_proto_json_name(const char *name, char out[JC_PROTO_NAME_MAX]);

/* An integer of 64 bits. */
bool jc_proto_is_long(ProtobufCType type);
/* Bytes of one value, in a message or in a list. */
size_t jc_proto_item_size(ProtobufCType type);
/* Where the value (or the list, or the count) stands that the descriptor gives an offset for. */
void *jc_proto_member(const ProtobufCMessage *message, unsigned offset);
/* The number of the field that is set in the oneof of this one; 0: none. */
uint32_t *jc_proto_choice(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

#endif
