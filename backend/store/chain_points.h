/* Heads of a chain that left the building, in a receipt, a backup or on paper, held against its rows as a
 * verification reads them (DESIGN section 6). */
#ifndef JC_STORE_CHAIN_POINTS_H
#define JC_STORE_CHAIN_POINTS_H

#include "base/id.h"

/* What row `row_no` had as chain_hash; row 0, before the first, has zeros. */
struct jc_chain_point {
    int64_t row_no;
    uint8_t chain_hash[JC_SHA256_SIZE];
};

struct jc_chain_points {
    const struct jc_chain_point *items; /* in any order */
    size_t count;
};

#define JC_NO_CHAIN_POINTS ((struct jc_chain_points){NULL, 0})

enum jc_chain_word {
    JC_CHAIN_UNSAID, /* there is no head of this row */
    JC_CHAIN_SAME,
    JC_CHAIN_REWRITTEN, /* one of them is another */
};

/* What the heads say of a row's hash. */
enum jc_chain_word jc_chain_points_say(const struct jc_chain_points *points, int64_t row_no,
                                       const uint8_t hash[JC_SHA256_SIZE]);

/* The last row that a head, or `last_no`, knows of. */
int64_t jc_chain_points_last(const struct jc_chain_points *points, int64_t last_no);

#endif
