/* Document numbers (文号): leased to devices in blocks, used or voided one by one (DESIGN section 5,
 * point 8). A number is used once, and only by the device whose block it is in. */
#ifndef JC_STORE_NUMBER_H
#define JC_STORE_NUMBER_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

enum jc_number_state {
    JC_NUMBER_FREE,    /* in a block of the device, or one that was skipped; not used, not void */
    JC_NUMBER_FOREIGN, /* in none of its blocks */
    JC_NUMBER_TAKEN,   /* used or voided already */
};

/* Numbers that are marked in memory and not yet in their block's row. Zeroed: none. A job writes them before it ends
 * well, and before it does anything that reads blocks without knowing of them. */
struct jc_number_pending {
    struct jc_held_block *block;
    int64_t kind, year;
};
enum jc_code jc_number_write(struct jc_tx *tx, int64_t agency_id, struct jc_number_pending *pending,
                             struct jc_err *err);

/* *left: how many numbers its block and the device's next one have behind it, at least; 0 if it is foreign. */
enum jc_code jc_number_state(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                             const Jc__DocumentNumber *number, struct jc_number_pending *pending,
                             enum jc_number_state *out, int *left, struct jc_err *err);
/* Marks a free number of the device, or one that was skipped, as used, or as void. JC_ALREADY_EXISTS if it is either. */
enum jc_code jc_number_record(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                              const Jc__DocumentNumber *number, bool is_void, struct jc_number_pending *pending,
                              struct jc_err *err);

struct jc_number_block {
    Jc__DocumentKind kind;
    int year;
    int first, last;
    int highest;  /* the highest recorded number in it; first - 1 if none is */
    int recorded; /* how many are used or void */
};
/* The blocks of a device by kind, year and number. */
enum jc_code jc_number_blocks(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                              struct jc_number_block **out, size_t *count, struct jc_err *err);
/* Leases the next `count` numbers of a kind and year. JC_OUT_OF_RANGE when they have run out. */
enum jc_code jc_number_lease(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, Jc__DocumentKind kind,
                             int year, int count, int64_t now_ms, struct jc_number_block *out, struct jc_err *err);

/* A device's version of its blocks counts up within a month, from here; so the turn of a month shows in it. */
enum { JC_NUMBER_VERSION_BITS = 20 };
int64_t jc_number_version_of_month(int64_t now_ms);

/* Of a restored database: leases made since the backup are not in it, so the next ones begin behind as many numbers
 * as terminals can have been given since then, JC_NUMBER_SKIP for each device. Whoever hands in a record with one of
 * the numbers skipped had it before. Versions of blocks go on where none has been before, else a terminal would take
 * the next ones for those it was told before the backup was taken back. */
enum { JC_NUMBER_SKIP = 500 };
enum jc_code jc_number_skip(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_err *err);

#endif
