/* A page of what a terminal must hold: first the listing of its scope, then the changes since. */
#ifndef JC_SYNC_CHANGES_H
#define JC_SYNC_CHANGES_H

#include "sync/sync.h"

enum {
    JC_RECENT_TASK_DAYS = 30, /* tasks done longer ago are not in a first listing */
    JC_OUTCOME_DAYS = 90,     /* nor are reviews decided longer ago */
};

struct jc_changes {
    Jc__Change **items;
    size_t count, capacity;
    size_t bytes; /* of the items, serialised */
    struct jc_str cursor;
    bool has_more;
    int64_t known_seq; /* the caller has every change up to this one; 0: in the middle of a listing */
    bool restarted;    /* the cursor was not empty, and of no use */
};

/* At least one entity, if there is any, and at most about `page_bytes` of them. The listing is by key
 * and remembers the change number it began with, so whatever is written meanwhile comes again behind
 * it: pages of different moments add up to one state. `last_seq` is the last change number of the
 * database as this transaction sees it. All is the arena's. */
enum jc_code jc_changes_page(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, int64_t last_seq,
                             struct jc_str cursor, size_t page_bytes, struct jc_arena *arena, struct jc_changes *out,
                             struct jc_err *err);
/* The same if it comes to little: a handful of changes, and no listing. Otherwise *whole is false and
 * *out holds nothing of use. Cost: what is told, or a handful of entities read for nothing. */
enum jc_code jc_changes_few(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, int64_t last_seq,
                            struct jc_str cursor, struct jc_arena *arena, struct jc_changes *out, bool *whole,
                            struct jc_err *err);

/* Called for every entity of a listing; the change is valid during the call. */
typedef enum jc_code jc_listing_fn(void *ctx, const Jc__Change *change, struct jc_err *err);
/* Everything that a first listing of the caller holds at this moment. Needs no more memory than a page. */
enum jc_code jc_listing_walk(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, jc_listing_fn *each,
                             void *ctx, struct jc_err *err);
/* One entity as a listing holds it; JC_NOT_FOUND if there is none such. The arena's. */
enum jc_code jc_listing_load(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, Jc__EntityKind kind,
                             struct jc_str id, struct jc_arena *arena, Jc__Change *out, struct jc_err *err);

#endif
