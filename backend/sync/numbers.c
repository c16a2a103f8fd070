/* A terminal takes numbers in order, so what is left lies behind the highest one used: on record here,
 * or reported because the operation that used it has not arrived. A report counts only inside the
 * device's own blocks, and a device cannot hold many numbers that never come to be used: it must not
 * exhaust the year's numbers by what it says. */
#include "sync/numbers.h"

#include <string.h>

#include "store/device.h"
#include "store/number.h"

enum { REPORTS_MAX = 64 };

static const Jc__DocumentKind KINDS[] = {JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD,
                                         JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER,
                                         JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK};
enum { KINDS_COUNT = sizeof KINDS / sizeof *KINDS };

struct list {
    struct jc_number_block *blocks;
    size_t count;
    size_t held; /* the first, before this request */
};

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

/* Leases what runs low; *leased tells whether it did. */
static enum jc_code lease_low(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                              const Jc__SyncRequest *request, struct list *list, bool *leased, struct jc_err *err) {
    struct jc_date today = jc_date_of_ms(now_ms);
    int years = today.month == 12 ? 2 : 1; /* a terminal that is out of reach over New Year has next year's too */
    for (size_t i = 0; i < KINDS_COUNT * (size_t)years; i++) {
        Jc__DocumentKind kind = KINDS[i % KINDS_COUNT];
        int year = today.year + (int)(i / KINDS_COUNT);
        if (!needs_block(list->blocks, list->held, kind, year, request->numbers_used, request->n_numbers_used))
            continue;
        enum jc_code code = jc_number_lease(tx, caller->agency_id, caller->device_id, kind, year, JC_LEASE_SIZE, now_ms,
                                            &list->blocks[list->count], err);
        if (code == JC_OUT_OF_RANGE)
            continue; /* the year's numbers are used up: records come without one and are flagged */
        if (code)
            return code;
        list->count++;
        *leased = true;
    }
    return JC_OK;
}

static enum jc_code tell(const struct list *list, struct jc_arena *arena, Jc__SyncResponse *response,
                         struct jc_err *err) {
    response->number_blocks = JC_NEW_ARRAY(arena, list->count, Jc__NumberBlock *);
    if (!response->number_blocks)
        return jc_fail_memory(err);
    for (size_t i = 0; i < list->count; i++) {
        if (!(response->number_blocks[i] = message_of(arena, &list->blocks[i])))
            return jc_fail_memory(err);
    }
    response->n_number_blocks = list->count;
    return JC_OK;
}

/* With room behind the blocks held for those to be leased. */
static enum jc_code load(struct jc_tx *tx, const struct jc_sync_caller *caller, struct jc_arena *arena,
                         struct list *list, struct jc_err *err) {
    struct jc_number_block *held = NULL;
    enum jc_code code = jc_number_blocks(tx, caller->agency_id, caller->device_id, arena, &held, &list->held, err);
    if (code)
        return code;
    list->blocks = JC_NEW_ARRAY(arena, list->held + 2 * KINDS_COUNT, struct jc_number_block);
    if (!list->blocks)
        return jc_fail_memory(err);
    if (list->held)
        memcpy(list->blocks, held, list->held * sizeof *held);
    list->count = list->held;
    return JC_OK;
}

enum jc_code jc_numbers_lease(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                              const Jc__SyncRequest *request, bool low, struct jc_arena *arena,
                              Jc__SyncResponse *response, struct jc_err *err) {
    struct list list = {0};
    int64_t month = jc_number_version_of_month(now_ms), version = caller->blocks_version;
    bool leased = false; /* the turn of a month makes us look: a new year needs new blocks */
    bool turned = version >> JC_NUMBER_VERSION_BITS != month >> JC_NUMBER_VERSION_BITS;
    response->number_blocks_version = version;
    if (!low && !turned && !request->n_numbers_used && request->number_blocks_version == version)
        return JC_OK;
    enum jc_code code = load(tx, caller, arena, &list, err);
    if (!code)
        code = lease_low(tx, caller, now_ms, request, &list, &leased, err);
    if (!code && (leased || turned)) {
        response->number_blocks_version = version = version < month ? month : version + 1;
        code = jc_device_set_blocks_version(tx, caller->agency_id, caller->device_id, version, err);
    }
    if (code || request->number_blocks_version == version)
        return code;
    return tell(&list, arena, response, err);
}
