/* Rows of a part are indexed by key; where keys may repeat (previous.csv) the n-th of a key matches the
 * n-th. Cells are compared by their written form, so two spellings of one value are no difference.
 * Cost: every cell of matched rows is written once on each side. */
#include "plan/case_diff.h"

struct side {
    const struct jc_case_rows *rows;
    struct jc_str *keys;
};

struct compare {
    struct jc_arena *arena;
    enum jc_case_part part;
    struct side old_side, new_side;
    struct jc_index *index; /* old key -> row + 1 */
    bool *matched;          /* by old row */
    struct jc_case_diff *diff;
    struct jc_buf old_text, new_text;
};

static struct jc_case_change *add_change(struct compare *compare, enum jc_case_change_kind kind, struct jc_str id) {
    struct jc_case_change *change = JC_PUSH(compare->arena, compare->diff, struct jc_case_change);
    if (change)
        *change = (struct jc_case_change){.part = compare->part, .kind = kind, .id = id};
    return change;
}

/* The key of every row; repeated ones are numbered behind a #. */
static bool write_keys(struct compare *compare, struct side *side) {
    struct jc_index *seen = jc_index_new(compare->arena, side->rows->count);
    side->keys = JC_NEW_ARRAY(compare->arena, side->rows->count, struct jc_str);
    if (!seen || !side->keys)
        return false;
    for (size_t i = 0; i < side->rows->count; i++) {
        jc_buf_reset(&compare->old_text);
        jc_case_write_key(compare->part, side->rows->items[i].data, &compare->old_text);
        struct jc_str key = jc_arena_copy(compare->arena, jc_buf_str(&compare->old_text));
        int64_t *times = key.ptr ? jc_index_at(seen, key, NULL) : NULL;
        if (!times || compare->old_text.failed)
            return false;
        if (++*times > 1)
            key = jc_arena_printf(compare->arena, "%.*s#%lld", JC_FMT(key), (long long)*times);
        side->keys[i] = key;
        if (!key.ptr)
            return false;
    }
    return true;
}

static bool compare_cells(struct compare *compare, const struct jc_case_row *old_row, const struct jc_case_row *new_row,
                          struct jc_str key) {
    const struct jc_case_file *file = &jc_case_files[compare->part];
    bool differs = false;
    for (size_t c = 0; c < file->column_count; c++) {
        jc_buf_reset(&compare->old_text);
        jc_buf_reset(&compare->new_text);
        jc_case_write_cell(&file->columns[c], old_row->data, &compare->old_text);
        jc_case_write_cell(&file->columns[c], new_row->data, &compare->new_text);
        struct jc_str before = jc_buf_str(&compare->old_text), after = jc_buf_str(&compare->new_text);
        if (compare->old_text.failed || compare->new_text.failed)
            return false;
        if (jc_str_eq(before, after))
            continue;
        struct jc_case_change *change = add_change(compare, JC_CASE_CHANGED, key);
        if (!change)
            return false;
        change->column = &file->columns[c];
        change->old_text = jc_arena_copy(compare->arena, before);
        change->new_text = jc_arena_copy(compare->arena, after);
        change->old_row = old_row;
        change->new_row = new_row;
        if (!change->old_text.ptr || !change->new_text.ptr)
            return false;
        differs = true;
    }
    compare->diff->changed[compare->part] += differs;
    return true;
}

/* New rows against the index; *in_order is false if matched rows changed places. */
static bool match_rows(struct compare *compare, bool *in_order) {
    int64_t last = 0;
    for (size_t i = 0; i < compare->new_side.rows->count; i++) {
        const struct jc_case_row *row = &compare->new_side.rows->items[i];
        int64_t found = jc_index_find(compare->index, compare->new_side.keys[i], 0);
        if (found) {
            compare->matched[found - 1] = true;
            *in_order &= found > last;
            last = found;
            if (!compare_cells(compare, &compare->old_side.rows->items[found - 1], row, compare->new_side.keys[i]))
                return false;
            continue;
        }
        struct jc_case_change *change = add_change(compare, JC_CASE_ADDED, compare->new_side.keys[i]);
        if (!change)
            return false;
        change->new_row = row;
        compare->diff->added[compare->part]++;
    }
    return true;
}

static bool compare_part(struct compare *compare) {
    bool in_order = true;
    size_t old_count = compare->old_side.rows->count;
    compare->index = jc_index_new(compare->arena, old_count);
    compare->matched = JC_NEW_ARRAY(compare->arena, old_count, bool);
    if (!compare->index || !compare->matched || !write_keys(compare, &compare->old_side) ||
        !write_keys(compare, &compare->new_side))
        return false;
    for (size_t i = 0; i < old_count; i++) {
        int64_t *place = jc_index_at(compare->index, compare->old_side.keys[i], NULL);
        if (!place)
            return false;
        *place = (int64_t)i + 1;
    }
    if (!match_rows(compare, &in_order))
        return false;
    for (size_t i = 0; i < old_count; i++) {
        if (compare->matched[i])
            continue;
        struct jc_case_change *change = add_change(compare, JC_CASE_REMOVED, compare->old_side.keys[i]);
        if (!change)
            return false;
        change->old_row = &compare->old_side.rows->items[i];
        compare->diff->removed[compare->part]++;
    }
    bool matters = jc_case_files[compare->part].ordered;
    return in_order || !matters || add_change(compare, JC_CASE_REORDERED, JC_STR("")) != NULL;
}

enum jc_code jc_case_compare(struct jc_arena *arena, const struct jc_case *old_case, const struct jc_case *new_case,
                             struct jc_case_diff *out, struct jc_err *err) {
    struct compare compare = {.arena = arena, .diff = out};
    *out = (struct jc_case_diff){0};
    jc_buf_init(&compare.old_text, 1 << 20);
    jc_buf_init(&compare.new_text, 1 << 20);
    bool enough = true;
    for (int part = 0; part < JC_CASE_PARTS && enough; part++) {
        compare.part = (enum jc_case_part)part;
        compare.old_side.rows = &old_case->parts[part];
        compare.new_side.rows = &new_case->parts[part];
        enough = compare_part(&compare);
    }
    jc_buf_free(&compare.old_text);
    jc_buf_free(&compare.new_text);
    return enough ? JC_OK : jc_fail_memory(err);
}
