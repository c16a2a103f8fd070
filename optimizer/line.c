/* The minimum lies at a corner or at an end, rounded to the grain on either side. */
#include "optimizer/line.h"

#include <stddef.h>
#include <stdlib.h>

int64_t jc_line_at(const struct jc_line *f, int64_t x) {
    int64_t y = f->over * jc_beyond(x, f->limit) - f->price * x;
    return f->target >= 0 ? y + f->balance * llabs(x - f->target) : y;
}

int64_t jc_line_minimum(const struct jc_line *f, int64_t top, int64_t grain, int64_t *at) {
    int64_t corners[] = {0, f->target, f->limit, top};
    int64_t best = INT64_MAX;
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++)
        for (int up = 0; up < 2; up++) {
            int64_t x = corners[i] > top ? top : corners[i];
            x = x < 0 ? 0 : (x / grain + up) * grain;
            x = x > top ? top / grain * grain : x;
            int64_t y = jc_line_at(f, x);
            if (y < best) {
                best = y;
                *at = x;
            }
        }
    return best;
}
