/* What every service needs to build its response. Nothing here knows a service. */
#include "rpc/answer.h"

#include "store/stamp.h"

void *jc_answer_new(struct jc_arena *arena, const ProtobufCMessageDescriptor *descriptor) {
    void *message = jc_arena_alloc(arena, descriptor->sizeof_message);
    if (message)
        protobuf_c_message_init(descriptor, message);
    return message;
}

Google__Protobuf__Timestamp *jc_answer_time(struct jc_arena *arena, int64_t ms) {
    return ms < 0 ? NULL : jc_stamp_of_ms(arena, ms);
}

ProtobufCBinaryData jc_answer_uuid(struct jc_arena *arena, struct jc_uuid id) {
    struct jc_str copy = jc_arena_copy(arena, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE});
    return (ProtobufCBinaryData){copy.len, (uint8_t *)copy.ptr};
}

enum jc_code jc_page_size(int asked, int *out, struct jc_err *err) {
    if (asked < 0)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PAGE_SIZE_NEGATIVE);
    *out = asked == 0 ? JC_PAGE_USUAL : asked > JC_PAGE_LARGEST ? JC_PAGE_LARGEST : asked;
    return JC_OK;
}

enum jc_code jc_call_team(const struct jc_call *call, const char *asked, struct jc_str *out, struct jc_err *err) {
    const struct jc_caller *caller = &call->caller;
    *out = jc_str(asked);
    if (!out->len && !jc_caller_sees_agency(caller))
        *out = caller->team_id;
    if (!out->len)
        return jc_caller_sees_agency(caller) ? JC_OK : jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_CALLER_NO_TEAM);
    if (!jc_caller_sees_team(caller, *out))
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_TEAM_FOREIGN, *out);
    return JC_OK;
}
