/* Document numbers (文号): leased to devices in blocks, used or voided one by one (DESIGN section 5,
 * point 8). A number is used once, and only by the device whose block it is in. */
#ifndef JC_STORE_NUMBER_H
#define JC_STORE_NUMBER_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

enum jc_number_state {
    JC_NUMBER_FREE,    /* in a block of the device, or of another life of the database; not used, not void */
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
/* Marks a free number as used, or as void. JC_ALREADY_EXISTS if it is either. */
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

/* Of a restored database: leases of its other lives (of the original since the backup, of other restores of the same
 * backup) are not in it. So numbers of this year and the next go on from a random place of nine digits behind all that
 * is known: an original never comes that far, and that two restores lease a number in common takes chance: some 1 in
 * 10^6 where a life leases a thousand, 1 in 10^4 where it leases fifty thousand. *opening: the place; leases begin
 * behind it.
 *
 * A document with a number that no block has is in order there, once: its terminal had the number from another life.
 * Whatever clashes all the same is flagged as every number used twice or leased to another is. Versions of blocks go
 * on at a random place too, else a terminal would take the next blocks for those another life told it of. */
enum jc_code jc_number_reopen(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, int *opening, struct jc_err *err);

#endif
