/* Small parts of responses. All memory is the arena's. */
#ifndef JC_RPC_ANSWER_H
#define JC_RPC_ANSWER_H

#include "base/id.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "rpc/procedure.h"

/* A new message of a generated type, initialised; NULL without memory:
 * JC_ANSWER(call, Jc__LoginResponse, jc__login_response) */
#define JC_ANSWER(call, type, prefix) ((type *)jc_answer_new((call)->arena, &prefix##__descriptor))
void *jc_answer_new(struct jc_arena *arena, const ProtobufCMessageDescriptor *descriptor);

/* NULL without memory, and for a negative time, which means unset. */
Google__Protobuf__Timestamp *jc_answer_time(struct jc_arena *arena, int64_t ms);
/* 16 bytes; data is NULL without memory. */
ProtobufCBinaryData jc_answer_uuid(struct jc_arena *arena, struct jc_uuid id);

/* A page size as asked: 0 is the usual size, more than the largest is the largest. Negative is
 * JC_INVALID_ARGUMENT. */
enum { JC_PAGE_USUAL = 200, JC_PAGE_LARGEST = 1000 };
enum jc_code jc_page_size(int asked, int *out, struct jc_err *err);

/* The team to list for: the one asked for, or for a caller who sees just one team, that one. Asking
 * for another team then is JC_PERMISSION_DENIED. Empty: the whole agency. */
enum jc_code jc_call_team(const struct jc_call *call, const char *asked, struct jc_str *out, struct jc_err *err);

#endif
