/* Seconds and nanoseconds from the wire are checked before they are multiplied. */
#include "store/stamp.h"

/* 2000-01-01 and 2200-01-01, UTC. */
static const int64_t FIRST_SECOND = 946684800, END_SECOND = 7258118400;

Google__Protobuf__Timestamp *jc_stamp_of_ms(struct jc_arena *arena, int64_t utc_ms) {
    Google__Protobuf__Timestamp *stamp = JC_NEW(arena, Google__Protobuf__Timestamp);
    if (!stamp)
        return NULL;
    google__protobuf__timestamp__init(stamp);
    int64_t rest = utc_ms % 1000;
    rest += rest < 0 ? 1000 : 0;
    stamp->seconds = (utc_ms - rest) / 1000;
    stamp->nanos = (int32_t)rest * 1000000;
    return stamp;
}

bool jc_stamp_to_ms(const Google__Protobuf__Timestamp *stamp, int64_t *out_utc_ms) {
    if (!stamp || stamp->seconds < FIRST_SECOND || stamp->seconds >= END_SECOND)
        return false;
    if (stamp->nanos < 0 || stamp->nanos > 999999999)
        return false;
    *out_utc_ms = stamp->seconds * 1000 + stamp->nanos / 1000000;
    return true;
}
