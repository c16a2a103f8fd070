/* Pinned slots stand; then each window's minimum is filled, and then the rest, always in the cheapest month
 * with room. Windows do not overlap, so this is the optimum. A few sums for each slot. */
#include "optimizer/slots.h"

/* What one more slot in month m would cost, and for how many of them. */
static int64_t slot_cost(const struct jc_duals *d, const struct jc_plan_draw *draw, const int64_t cost[JC_MONTHS],
                         int m, int32_t slots, int64_t *many) {
    int64_t kept = draw->in_force[m] - slots; /* those that are no change */
    if (!d->season)
        return cost[m];
    if (kept > 0 && *many > kept)
        *many = kept;
    return cost[m] + jc_slot_e5(d->in, draw, m, slots) * d->fine;
}

/* The cheapest months for a draw's slots: minimums first, then the cheapest rest. */
int64_t jc_slots_price(const struct jc_duals *d, const struct jc_plan_draw *draw, struct jc_usage *usage) {
    int64_t cost[JC_MONTHS], sum = 0;
    int32_t slots[JC_MONTHS];
    int64_t left = draw->sample;
    for (int m = 0; m < JC_MONTHS; m++) {
        cost[m] = d->cell[(size_t)draw->team * JC_MONTHS + (size_t)m] * draw->work + jc_duals_list(d, draw->quotas, m);
        slots[m] = draw->pinned[m];
        left -= slots[m];
    }
    for (int pass = 0; pass < 2; pass++) /* what minimums ask, then the rest */
        while (left > 0) {
            int best = -1;
            int64_t many = 0, least = INT64_MAX;
            for (int m = 0; !draw->row->n_windows && m < JC_MONTHS; m++) {
                int64_t most = left, one = slot_cost(d, draw, cost, m, slots[m], &most);
                if (one < least) {
                    least = one;
                    best = m;
                    many = most;
                }
            }
            for (size_t w = 0; w < draw->row->n_windows; w++) {
                const Jc__TimeWindow *win = draw->row->windows[w];
                int64_t inside = 0;
                for (uint32_t b = win->months; b; b &= b - 1)
                    inside += slots[__builtin_ctz(b)];
                int64_t room = (pass ? win->max : win->min) - inside;
                for (uint32_t b = win->months; room > 0 && b; b &= b - 1) {
                    int m = __builtin_ctz(b);
                    int64_t most = room < left ? room : left, one = slot_cost(d, draw, cost, m, slots[m], &most);
                    if (one < least) {
                        least = one;
                        best = m;
                        many = most;
                    }
                }
            }
            if (best < 0)
                break;
            slots[best] += (int32_t)many;
            left -= many;
        }
    for (int m = 0; m < JC_MONTHS; m++) {
        int64_t changed = slots[m] - draw->in_force[m];
        sum += cost[m] * slots[m];
        sum += d->season && changed > 0 ? changed * d->in->change_e5 * d->fine : 0;
        usage->cell[(size_t)draw->team * JC_MONTHS + (size_t)m] += draw->work * slots[m];
        jc_usage_add_list(usage, draw->quotas, m, slots[m]);
    }
    return sum;
}
