/* A terminal takes numbers in order, so what is left lies behind the highest one used: on record here,
 * or reported because the operation that used it has not arrived. A report counts only inside the
 * device's own blocks, and a device cannot hold many numbers that never come to be used: it must not
 * exhaust the year's numbers by what it says. */
#include "sync/numbers.h"

#include "store/number.h"

enum { REPORTS_MAX = 64 };

static const Jc__DocumentKind KINDS[] = {JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD,
                                         JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER,
                                         JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK};

/* The highest number of the block that is used, as far as the reports say. */
static int reported(const struct jc_number_block *block, Jc__DocumentNumber *const *used, size_t count) {
    int highest = block->first - 1;
    for (size_t i = 0; i < count && i < REPORTS_MAX; i++) {
        const Jc__DocumentNumber *number = used[i];
        bool inside = number->kind == block->kind && number->year == block->year && number->number >= block->first &&
                      number->number <= block->last;
        if (inside && number->number > highest)
            highest = number->number;
    }
    return highest;
}

static bool needs_block(const struct jc_number_block *blocks, size_t count, Jc__DocumentKind kind, int year,
                        Jc__DocumentNumber *const *used, size_t used_count) {
    int64_t left = 0, outstanding = 0;
    for (size_t i = 0; i < count; i++) {
        const struct jc_number_block *block = &blocks[i];
        if (block->kind != kind || block->year != year)
            continue;
        int highest = reported(block, used, used_count);
        highest = block->highest > highest ? block->highest : highest;
        if (highest >= block->first)
            left = 0; /* earlier blocks are behind it */
        left += block->last - highest;
        outstanding += block->last - block->first + 1 - block->recorded;
    }
    return left < JC_LEASE_BELOW && outstanding < JC_LEASE_OUTSTANDING_MAX;
}

static Jc__NumberBlock *message_of(struct jc_arena *arena, const struct jc_number_block *block) {
    Jc__NumberBlock *message = JC_NEW(arena, Jc__NumberBlock);
    if (!message)
        return NULL;
    jc__number_block__init(message);
    message->kind = block->kind;
    message->year = block->year;
    message->first = block->first;
    message->last = block->last;
    return message;
}

enum jc_code jc_numbers_lease(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                              Jc__DocumentNumber *const *used, size_t used_count, struct jc_arena *arena,
                              Jc__NumberBlock ***out, size_t *count, struct jc_err *err) {
    struct jc_date today = jc_date_of_ms(now_ms);
    int years = today.month == 12 ? 2 : 1; /* a terminal that is out of reach over New Year has next year's too */
    struct jc_number_block *blocks = NULL;
    size_t held = 0, kinds = sizeof KINDS / sizeof *KINDS;
    enum jc_code code = jc_number_blocks(tx, caller->agency_id, caller->device_id, arena, &blocks, &held, err);
    if (code)
        return code;
    Jc__NumberBlock **list = JC_NEW_ARRAY(arena, held + 2 * kinds, Jc__NumberBlock *);
    if (!list)
        return jc_fail_memory(err);
    *count = 0;
    for (size_t i = 0; i < held; i++) {
        if (!(list[(*count)++] = message_of(arena, &blocks[i])))
            return jc_fail_memory(err);
    }
    for (size_t i = 0; i < kinds * (size_t)years; i++) {
        struct jc_number_block block;
        size_t k = i % kinds;
        int year = today.year + (int)(i / kinds);
        if (!needs_block(blocks, held, KINDS[k], year, used, used_count))
            continue;
        code = jc_number_lease(tx, caller->agency_id, caller->device_id, KINDS[k], year, JC_LEASE_SIZE, now_ms, &block,
                               err);
        if (code == JC_OUT_OF_RANGE)
            continue; /* the year's numbers are used up: records come without one and are flagged */
        if (code)
            return code;
        if (!(list[(*count)++] = message_of(arena, &block)))
            return jc_fail_memory(err);
    }
    *out = list;
    return JC_OK;
}
