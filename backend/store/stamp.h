/* Instants: the contract's Timestamp and our milliseconds UTC. */
#ifndef JC_STORE_STAMP_H
#define JC_STORE_STAMP_H

#include "base/arena.h"
#include "google/protobuf/timestamp.pb-c.h"

/* The arena's; NULL without memory. */
Google__Protobuf__Timestamp *jc_stamp_of_ms(struct jc_arena *arena, int64_t utc_ms);
/* False if it is absent or not an instant of the years 2000 to 2199: a clock may be wrong by days or
 * years, but what a record says must stay a date. Nanoseconds are cut to milliseconds. */
bool jc_stamp_to_ms(const Google__Protobuf__Timestamp *stamp, int64_t *out_utc_ms);

#endif
