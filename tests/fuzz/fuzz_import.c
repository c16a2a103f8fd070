/* A whole case from anybody, its files one after another behind lines "=== name.csv". Every problem has
 * a place and words; a case without errors can be imported, importing it again changes nothing, and its
 * arithmetic can be audited and budgeted. */
#include <string.h>

#include "base/id.h"
#include "fuzz.h"
#include "plan/audit.h"
#include "plan/budget.h"
#include "plan/case_check.h"
#include "plan/import.h"
#include "plan/similar.h"
#include "store/store.h"

enum { FILES_MAX = 32 };

static int64_t now(void *ctx) {
    (void)ctx;
    return 1672531200000;
}

static const struct jc_clock fuzz_clock = {now, NULL};

/* Cuts the input into files; text before the first separator is nobody's. */
static size_t split(struct jc_str rest, struct jc_case_input inputs[FILES_MAX]) {
    size_t count = 0;
    while (count < FILES_MAX) {
        const char *at = rest.len ? memmem(rest.ptr, rest.len, "=== ", 4) : NULL;
        if (!at)
            break;
        rest = (struct jc_str){at + 4, rest.len - (size_t)(at + 4 - rest.ptr)};
        struct jc_str name;
        if (!jc_str_cut(&rest, '\n', &name) || !rest.ptr)
            break;
        const char *end = rest.len ? memmem(rest.ptr, rest.len, "=== ", 4) : NULL;
        size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
        inputs[count++] = (struct jc_case_input){name, {rest.ptr, len}};
        rest = (struct jc_str){rest.ptr + len, rest.len - len};
    }
    return count;
}

static void check_diags(const struct jc_diags *diags) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 20);
    size_t errors = 0;
    for (size_t i = 0; i < diags->count; i++) {
        const struct jc_diag *diag = &diags->items[i];
        errors += !diag->warning;
        PROMISE(diag->what != JC_MSG_NONE && diag->what < JC_MSG_COUNT);
        PROMISE((diag->line == 0 && diag->column == 0) || (diag->line > 0 && diag->column > 0));
        jc_buf_reset(&text);
        jc_diag_render(&text, JC_EN, diag);
        PROMISE(text.len > 0);
    }
    PROMISE(errors == diags->errors);
    jc_buf_free(&text);
}

struct reading {
    struct jc_arena *arena;
    int64_t agency_id;
};

static enum jc_code read_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct reading *reading = ctx;
    struct jc_audit_finding *findings;
    struct jc_register *reg;
    struct jc_budget budget;
    size_t count;
    enum jc_code code = jc_audit_load(tx, reading->agency_id, reading->arena, &findings, &count, err);
    PROMISE(code == JC_OK);
    code = jc_register_load(tx, reading->agency_id, reading->arena, &reg, err);
    PROMISE(code == JC_OK || err->what == JC_MSG_CALENDAR_UNKNOWN);
    if (code)
        return JC_OK;
    code = jc_budget_make(reg, &budget, err);
    PROMISE(code == JC_OK || code == JC_OUT_OF_RANGE);
    return JC_OK;
}

static void import_twice(struct jc_arena *arena, const struct jc_case_input *inputs, size_t count) {
    struct jc_db_config config = {.path = ":memory:", .create = true};
    struct jc_import import = {
        .inputs = inputs, .input_count = count, .actor = JC_STR("fuzz"), .clock = &fuzz_clock, .arena = arena};
    struct jc_import_result result;
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    PROMISE(jc_db_open(&config, &db, &err) == JC_OK);
    PROMISE(jc_store_create(db, &fuzz_clock, &err) == JC_OK);
    PROMISE(jc_import_run(db, &import, &result, &err) == JC_OK);
    PROMISE(result.outcome == JC_IMPORT_NEW);
    PROMISE(jc_import_run(db, &import, &result, &err) == JC_OK);
    PROMISE(result.outcome == JC_IMPORT_UNCHANGED);
    struct reading reading = {arena, result.agency_id};
    PROMISE(jc_db_read(db, read_job, &reading, &err) == JC_OK);
    jc_db_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_case_input inputs[FILES_MAX];
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_diags diags = {.arena = arena};
    struct jc_case c;
    struct jc_err err = {0};
    if (!arena || size > 1 << 20) {
        jc_arena_free(arena);
        return 0;
    }
    PROMISE(jc_id_init());
    size_t count = split((struct jc_str){(const char *)data, size}, inputs);
    PROMISE(jc_case_read(arena, inputs, count, &diags, &c, &err) == JC_OK);
    PROMISE(jc_case_check(&c, &diags, &err) == JC_OK);
    PROMISE(jc_similar_warn(&c, &diags, &err) == JC_OK);
    check_diags(&diags);
    if (diags.errors == 0)
        import_twice(arena, inputs, count);
    jc_arena_free(arena);
    return 0;
}
