/* Document numbers that operations use or void against the blocks that say so (store/number.h). All blocks of the
 * agency are held in memory, some hundred bytes each, with a character for each number as the operations say it.
 *
 * A number that two operations claim, one that none claims, and one that is free although it was used are told.
 * Operations that were kept may have come to their number by a person's decision; they claim it if nobody else
 * does. So do records whose content was deleted under retention, by their row. */
#include "sync/derived_row.h"

#include <string.h>

#include "store/row.h"
#include "sync/check.h"

enum { BLOCKS_BYTES = 1 << 30 };

static const char FREE = '0', VOID = 'v', USED = '1', MAYBE = 'm';

struct block {
    int64_t kind, year, first, last;
    struct jc_str used; /* as stored */
    char *said;         /* by operations: a character for each of `used` */
};

struct jc_derived_numbers {
    struct jc_arena *arena;
    struct block *items;
    size_t count, capacity;
};

/* --- blocks ------------------------------------------------------------------------------------------------- */

static const char SELECT_BLOCKS[] = "SELECT kind, year, first_number, last_number, used\n"
                                    "FROM number_block\n"
                                    "WHERE agency_id = $1\n"
                                    "ORDER BY kind, year, first_number";

static enum jc_code take_block(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_derived_numbers *numbers = ctx;
    struct block *block = JC_PUSH(numbers->arena, numbers, struct block);
    if (!block)
        return jc_fail_memory(err);
    *block = (struct block){.kind = jc_rows_int64(rows, 0),
                            .year = jc_rows_int64(rows, 1),
                            .first = jc_rows_int64(rows, 2),
                            .last = jc_rows_int64(rows, 3),
                            .used = jc_rows_copy(rows, 4, numbers->arena)};
    block->said = block->used.ptr ? jc_arena_alloc(numbers->arena, block->used.len + 1) : NULL;
    if (!block->said)
        return jc_fail_memory(err);
    memset(block->said, FREE, block->used.len);
    return JC_OK;
}

enum jc_code jc_derived_numbers_open(struct jc_derived *d, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(BLOCKS_BYTES);
    struct jc_derived_numbers *numbers = arena ? JC_NEW(arena, struct jc_derived_numbers) : NULL;
    if (!numbers) {
        jc_arena_free(arena);
        return jc_fail_memory(err);
    }
    numbers->arena = arena;
    d->numbers = numbers;
    return jc_row_each(d->tx, SELECT_BLOCKS, JC_VALUES(jc_int(d->agency_id)), take_block, numbers, err);
}

void jc_derived_numbers_close(struct jc_derived *d) {
    jc_arena_free(d->numbers ? d->numbers->arena : NULL);
    d->numbers = NULL;
}

static int compare(const struct block *block, int64_t kind, int64_t year, int64_t number) {
    if (block->kind != kind)
        return block->kind < kind ? -1 : 1;
    if (block->year != year)
        return block->year < year ? -1 : 1;
    return block->first <= number ? -1 : 1;
}

/* Where the number stands in the block that has it; NULL if none does, or if it is free there. */
static char *find(const struct jc_derived_numbers *numbers, int64_t kind, int64_t year, int64_t number, char *stored) {
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&numbers->items[middle], kind, year, number) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct block *block = low ? &numbers->items[low - 1] : NULL;
    if (!block || block->kind != kind || block->year != year || number > block->last ||
        (size_t)(number - block->first) >= block->used.len)
        return NULL;
    *stored = block->used.ptr[number - block->first];
    return *stored == FREE ? NULL : &block->said[number - block->first];
}

/* --- one operation -------------------------------------------------------------------------------------------- */

/* A number that is another's was flagged and is not this operation's. */
void jc_derived_number(struct jc_derived *d, const Jc__DocumentNumber *number, bool is_void) {
    static const uint64_t FLAGGED = UINT64_C(1) << JC_GROUND_NUMBER_FOREIGN | UINT64_C(1) << JC_GROUND_NUMBER_USED;
    bool certain = d->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    char stored = FREE, what = is_void ? VOID : USED;
    if (!number || (certain && (d->grounds & FLAGGED)))
        return;
    char *said = find(d->numbers, number->kind, number->year, number->number, &stored);
    if (!said && certain)
        jc_derived_missing(d, JC_DERIVED_NUMBER_BLOCK);
    else if (said && certain && (stored != what || (*said != FREE && *said != MAYBE)))
        jc_derived_altered(d, JC_DERIVED_NUMBER_BLOCK, "used");
    if (said && (certain || *said == FREE))
        *said = certain ? what : MAYBE;
}

/* --- what is left ---------------------------------------------------------------------------------------------- */

static const char SELECT_UNREAD[] = "SELECT 1, i.document_year, i.document_no FROM inspection AS i\n"
                                    "JOIN operation AS o ON o.op_key = i.op_key AND o.body IS NULL\n"
                                    "WHERE i.agency_id = $1 AND i.document_no IS NOT NULL\n"
                                    "UNION ALL\n"
                                    "SELECT 2, r.document_year, r.document_no FROM rectification_order AS r\n"
                                    "JOIN operation AS o ON o.op_key = r.op_key AND o.body IS NULL\n"
                                    "WHERE r.agency_id = $1 AND r.document_no IS NOT NULL\n"
                                    "UNION ALL\n"
                                    "SELECT 3, r.document_year, r.document_no FROM recheck AS r\n"
                                    "JOIN operation AS o ON o.op_key = r.op_key AND o.body IS NULL\n"
                                    "WHERE r.agency_id = $1 AND r.document_no IS NOT NULL";

static enum jc_code take_unread(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_derived_numbers *numbers = ctx;
    char stored = FREE;
    char *said = find(numbers, jc_rows_int64(rows, 0), jc_rows_int64(rows, 1), jc_rows_int64(rows, 2), &stored);
    (void)err;
    if (said && *said == FREE)
        *said = MAYBE;
    return JC_OK;
}

static void check_block(struct jc_derived *d, const struct block *block) {
    char shown[64];
    for (size_t i = 0; i < block->used.len; i++) {
        if (block->used.ptr[i] == FREE || block->said[i] != FREE)
            continue;
        Jc__DocumentNumber number = JC__DOCUMENT_NUMBER__INIT;
        number.kind = (Jc__DocumentKind)block->kind;
        number.year = (int32_t)block->year;
        number.number = (int32_t)(block->first + (int64_t)i);
        jc_derived_excess(d, JC_DERIVED_NUMBER_BLOCK, jc_show_number(&number, shown), 0);
    }
}

enum jc_code jc_derived_numbers_check(struct jc_derived *d, struct jc_err *err) {
    enum jc_code code =
        d->unread ? jc_row_each(d->tx, SELECT_UNREAD, JC_VALUES(jc_int(d->agency_id)), take_unread, d->numbers, err)
                  : JC_OK;
    for (size_t i = 0; !code && i < d->numbers->count; i++)
        check_block(d, &d->numbers->items[i]);
    return code;
}
