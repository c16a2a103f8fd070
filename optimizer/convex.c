/* A handful of points each, tried one after the other. The points must hold every corner that is a possible
 * value, and both neighbours of every corner that is none. */
#include "optimizer/convex.h"

#include <stdlib.h>

static int64_t beyond(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

/* Adds a point in its place, once. */
static void add_point(struct jc_convex *f, int64_t at, int64_t cost, int64_t excess) {
    int i = f->n;
    for (int j = 0; j < f->n; j++)
        if (f->at[j] == at)
            return;
    for (; i > 0 && f->at[i - 1] > at; i--) {
        f->at[i] = f->at[i - 1];
        f->cost[i] = f->cost[i - 1];
        f->excess[i] = f->excess[i - 1];
    }
    f->at[i] = at;
    f->cost[i] = cost;
    f->excess[i] = excess;
    f->n++;
}

struct jc_convex jc_convex_load(int64_t top, int64_t grain, int64_t target, int64_t balance, int64_t limit, bool hard) {
    const int64_t corners[] = {0, target, limit, top};
    struct jc_convex f = {0};
    top = hard && top > limit ? limit : top;
    for (int i = 0; i < 4; i++)
        for (int up = 0; up < 2; up++) {
            int64_t x = corners[i] > top ? top : corners[i];
            x = x < 0 ? 0 : (x / grain + up) * grain;
            x = x > top ? top / grain * grain : x;
            add_point(&f, x, target >= 0 ? balance * llabs(x - target) : 0, beyond(x, limit));
        }
    return f;
}

struct jc_convex jc_convex_count(int64_t top, int64_t lo, int64_t hi, bool hard) {
    const int64_t corners[] = {0, lo, hi, top};
    struct jc_convex f = {0};
    for (int i = 0; i < 4; i++) {
        int64_t n = corners[i] > top ? top : corners[i];
        int64_t miss = beyond(lo, n) + beyond(n, hi);
        if (!hard || !miss)
            add_point(&f, n, 0, miss);
    }
    return f;
}

int jc_convex_least(const struct jc_convex *f, int64_t excess_price, int64_t price, int64_t *value) {
    int best = 0;
    *value = f->n ? INT64_MAX : 0;
    for (int i = 0; i < f->n; i++) {
        int64_t y = f->cost[i] + excess_price * f->excess[i] - price * f->at[i];
        if (y < *value) {
            *value = y;
            best = i;
        }
    }
    return best;
}
