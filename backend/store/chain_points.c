#include "store/chain_points.h"

#include <string.h>

enum jc_chain_word jc_chain_points_say(const struct jc_chain_points *points, int64_t row_no,
                                       const uint8_t hash[JC_SHA256_SIZE]) {
    enum jc_chain_word word = JC_CHAIN_UNSAID;
    for (size_t i = 0; i < points->count; i++) {
        const struct jc_chain_point *point = &points->items[i];
        if (point->row_no != row_no)
            continue;
        if (memcmp(point->chain_hash, hash, JC_SHA256_SIZE) != 0)
            return JC_CHAIN_REWRITTEN;
        word = JC_CHAIN_SAME;
    }
    return word;
}

int64_t jc_chain_points_last(const struct jc_chain_points *points, int64_t last_no) {
    for (size_t i = 0; i < points->count; i++)
        last_no = points->items[i].row_no > last_no ? points->items[i].row_no : last_no;
    return last_no;
}
