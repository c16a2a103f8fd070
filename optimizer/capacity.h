/* Capacity: in which sets of open months can a district's own visits fit?
 *
 * Where limits or quotas are held exactly, a team can do only so much in a month, so a district with more
 * work needs several openings. Prices alone do not see that (they spread loads on average), hence these
 * sets: they sharpen the block bound and give the integer program its cuts (formulas (14) and (19)). */
#ifndef JC_OPTIMIZER_CAPACITY_H
#define JC_OPTIMIZER_CAPACITY_H

#include "optimizer/instance.h"

enum { JC_SPANS = 7 }; /* the year, its halves, its quarters */
extern const uint16_t jc_span_months[JC_SPANS];

struct jc_capacity {
    uint64_t possible[64];  /* bit set over sets of open months */
    int8_t least[JC_SPANS]; /* the fewest open months within each span */
};

static inline bool jc_capacity_allows(const struct jc_capacity *c, uint32_t months) {
    return c->possible[months >> 6] >> (months & 63) & 1;
}

/* By pair, for plans that break no limit (hard_over) or no quota (hard_quota). `to` has n_pairs elements. */
enum jc_code jc_capacity_find(const struct jc_instance *in, bool hard_over, bool hard_quota, struct jc_capacity *to,
                              struct jc_err *err);

#endif
