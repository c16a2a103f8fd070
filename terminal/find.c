/* Identifiers as people type them: a visit's name, a unit's, or some digits of a UUID.
 *
 * UUIDv7s of one release share their first digits (the time), so an ending is accepted like a beginning. Every
 * candidate gets a rank; the best rank wins, and two different nouns of that rank are an error, never a guess. Only
 * records of one task, named by the whole task, do not compete: the newest is meant. */
#include <ctype.h>
#include <string.h>

#include "terminal/entity.h"
#include "terminal/record.h"

enum { DIGITS_MIN = 4, DIGITS_MAX = 2 * JC_UUID_SIZE };

enum rank { RANK_NONE, RANK_UNIT, RANK_PART, RANK_BY_TASK, RANK_VISIT, RANK_WHOLE };

struct search {
    struct jc_str text;
    unsigned nouns;
    struct jc_arena *arena;
    char digits[DIGITS_MAX + 1]; /* the text as lower-case hex; "" if it is none */
    struct jc_terminal_entities tasks;
    struct jc_terminal_ref best;
    enum rank rank;
    bool several;
};

static void take_digits(struct search *search) {
    size_t count = 0;
    for (size_t i = 0; i < search->text.len; i++) {
        unsigned char c = (unsigned char)search->text.ptr[i];
        if (c == '-')
            continue;
        if (!isxdigit(c) || count == DIGITS_MAX) {
            count = 0;
            break;
        }
        search->digits[count++] = (char)tolower(c);
    }
    search->digits[count < DIGITS_MIN ? 0 : count] = '\0';
}

static enum rank rank_id(const struct search *search, struct jc_uuid id) {
    char hex[2 * JC_UUID_SIZE + 1];
    size_t len = strlen(search->digits);
    if (len == 0 || jc_terminal_uuid_is_zero(id))
        return RANK_NONE;
    jc_hex(id.bytes, sizeof id.bytes, hex);
    if (len == DIGITS_MAX)
        return strcmp(hex, search->digits) == 0 ? RANK_WHOLE : RANK_NONE;
    bool part = memcmp(hex, search->digits, len) == 0 || memcmp(hex + DIGITS_MAX - len, search->digits, len) == 0;
    return part ? RANK_PART : RANK_NONE;
}

static enum rank rank_task(const struct search *search, const Jc__Task *task) {
    enum rank rank = rank_id(search, jc_terminal_uuid_of(task->task_id));
    if (rank < RANK_VISIT && *task->visit_id && jc_str_eq(search->text, jc_str(task->visit_id)))
        rank = RANK_VISIT;
    if (rank == RANK_NONE && task->state == JC__TASK_STATE__TASK_STATE_OPEN &&
        jc_str_eq(search->text, jc_str(task->unit_id)))
        rank = RANK_UNIT;
    return rank;
}

static void consider(struct search *search, enum rank rank, enum jc_terminal_noun noun, struct jc_uuid id) {
    if (rank == RANK_NONE || rank < search->rank || !(search->nouns & noun))
        return;
    if (rank == RANK_UNIT && search->rank == rank && search->best.noun == JC_TERMINAL_TASK && noun != JC_TERMINAL_TASK)
        return; /* the task open at a unit goes before the records made there */
    /* The server names the task of an ad hoc inspection like the inspection: the record is meant. */
    bool same = jc_terminal_uuid_equal(search->best.id, id);
    if (rank == search->rank && !same && rank != RANK_BY_TASK)
        search->several = true;
    if (rank > search->rank)
        search->several = false;
    if (rank > search->rank || rank == RANK_BY_TASK || same)
        search->best = (struct jc_terminal_ref){noun, id};
    search->rank = rank;
}

static enum rank rank_by_task(const struct search *search, struct jc_uuid task_id) {
    enum rank rank = rank_id(search, task_id);
    for (size_t i = 0; i < search->tasks.count; i++) {
        const Jc__Task *task = (const Jc__Task *)search->tasks.items[i];
        if (jc_terminal_uuid_equal(jc_terminal_uuid_of(task->task_id), task_id))
            rank = rank_task(search, task);
    }
    return rank >= RANK_VISIT ? RANK_BY_TASK : rank;
}

static enum jc_code look_at_orders(struct jc_tx *tx, struct search *search, struct jc_err *err) {
    struct jc_terminal_entities orders;
    enum jc_code code = jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_ORDER, search->arena, &orders, err);
    for (size_t i = 0; code == JC_OK && i < orders.count; i++) {
        struct jc_uuid id = jc_terminal_uuid_of(((const Jc__RectificationOrder *)orders.items[i])->order_id);
        consider(search, rank_id(search, id), JC_TERMINAL_ORDER, id);
    }
    return code;
}

static enum jc_code look(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct search *search = ctx;
    struct jc_terminal_operations operations = {0};
    struct jc_uuid none = {{0}};
    enum jc_code code =
        jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, search->arena, &search->tasks, err);
    for (size_t i = 0; code == JC_OK && i < search->tasks.count; i++) {
        const Jc__Task *task = (const Jc__Task *)search->tasks.items[i];
        consider(search, rank_task(search, task), JC_TERMINAL_TASK, jc_terminal_uuid_of(task->task_id));
    }
    if (code == JC_OK)
        code = look_at_orders(tx, search, err);
    if (code == JC_OK)
        code = jc_terminal_operation_list(tx, none, none, search->arena, &operations, err);
    for (size_t i = 0; code == JC_OK && i < operations.count; i++) {
        const struct jc_terminal_outcome *outcome = &operations.items[i].outcome;
        struct jc_terminal_ref ref;
        if (!jc_terminal_record_noun(outcome, &ref))
            continue;
        enum rank rank = rank_id(search, ref.id), by_task = rank_by_task(search, outcome->task_id);
        if (rank == RANK_NONE)
            rank = by_task;
        if (rank == RANK_NONE && jc_str_eq(search->text, outcome->unit_id))
            rank = RANK_UNIT;
        consider(search, rank, ref.noun, ref.id);
    }
    return code;
}

enum jc_code jc_terminal_find(struct jc_terminal *terminal, struct jc_str text, unsigned nouns,
                              struct jc_terminal_ref *out, struct jc_err *err) {
    struct search search = {.text = jc_str_trim(text), .nouns = nouns, .arena = jc_arena_new(JC_TERMINAL_ARENA_MAX)};
    if (!search.arena)
        return jc_fail_memory(err);
    take_digits(&search);
    enum jc_code code = jc_terminal_read(terminal, look, &search, err);
    if (code == JC_OK && search.rank == RANK_NONE)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_ID_UNKNOWN, text);
    else if (code == JC_OK && search.several)
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ID_SEVERAL, text);
    if (code == JC_OK)
        *out = search.best;
    jc_arena_free(search.arena);
    return code;
}
