/* Writing follows the references: teams, rules, draws, units, inspectors first, then the lists that are
 * only replaced, at last deletions backwards. So a row may move from one team to another and the old team
 * go away in one import. What must never happen: a row that did not change is put again, terminals would
 * be sent the whole register. */
#include "plan/case_store.h"

#include "store/agency.h"
#include "store/registry.h"
#include "store/unit.h"
#include "store/workday_line.h"

/* --- reading ------------------------------------------------------------------------------------ */

static bool take(struct jc_case *c, enum jc_case_part part, void *data) {
    struct jc_case_row *row = JC_PUSH(c->arena, &c->parts[part], struct jc_case_row);
    if (row)
        row->data = data;
    return row != NULL;
}

static bool take_pointers(struct jc_case *c, enum jc_case_part part, void *list, size_t count) {
    void **items = list;
    for (size_t i = 0; i < count; i++)
        if (!take(c, part, items[i]))
            return false;
    return true;
}

static bool take_structs(struct jc_case *c, enum jc_case_part part, void *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!take(c, part, (char *)list + i * jc_case_files[part].row_size))
            return false;
    return true;
}

static bool take_checklists(struct jc_case *c, Jc__Checklist *const *lists, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < lists[i]->n_items; k++) {
            struct jc_checklist_line *line = JC_NEW(c->arena, struct jc_checklist_line);
            if (!line || !take(c, JC_CASE_CHECKLISTS, line))
                return false;
            *line = (struct jc_checklist_line){jc_str(lists[i]->checklist_id), lists[i]->items[k]->item_no,
                                               jc_str(lists[i]->items[k]->text)};
        }
    return true;
}

/* The lists that are messages. */
static enum jc_code load_messages(struct jc_tx *tx, int64_t agency_id, struct jc_case *c, struct jc_err *err) {
    struct jc_arena *arena = c->arena;
    Jc__Team **teams;
    Jc__Rule **rules;
    Jc__Draw **draws;
    Jc__Unit **units;
    Jc__Inspector **inspectors;
    Jc__Quota **quotas;
    Jc__Checklist **checklists;
    size_t n_teams, n_rules, n_draws, n_units, n_inspectors, n_quotas, n_checklists;
    enum jc_code code = jc_team_list(tx, agency_id, arena, &teams, &n_teams, err);
    if (!code)
        code = jc_rule_list(tx, agency_id, arena, &rules, &n_rules, err);
    if (!code)
        code = jc_draw_list(tx, agency_id, arena, &draws, &n_draws, err);
    if (!code)
        code = jc_unit_list(tx, agency_id, arena, &units, &n_units, err);
    if (!code)
        code = jc_inspector_list(tx, agency_id, arena, &inspectors, &n_inspectors, err);
    if (!code)
        code = jc_quota_list(tx, agency_id, arena, &quotas, &n_quotas, err);
    if (!code)
        code = jc_checklist_list(tx, agency_id, arena, &checklists, &n_checklists, err);
    if (code)
        return code;
    bool enough = take_pointers(c, JC_CASE_TEAMS, teams, n_teams) && take_pointers(c, JC_CASE_RULES, rules, n_rules) &&
                  take_pointers(c, JC_CASE_DRAWS, draws, n_draws) && take_pointers(c, JC_CASE_UNITS, units, n_units) &&
                  take_pointers(c, JC_CASE_INSPECTORS, inspectors, n_inspectors) &&
                  take_pointers(c, JC_CASE_QUOTAS, quotas, n_quotas) && take_checklists(c, checklists, n_checklists);
    return enough ? JC_OK : jc_fail_memory(err);
}

/* The lists that are plain structs. */
static enum jc_code load_structs(struct jc_tx *tx, int64_t agency_id, struct jc_case *c, struct jc_err *err) {
    struct jc_arena *arena = c->arena;
    struct jc_workday_line *workdays;
    struct jc_budget_line *budgets;
    struct jc_previous_line *previous;
    struct jc_parameter_line *parameters;
    struct jc_published_line *published;
    size_t n_workdays, n_budgets, n_previous, n_parameters, n_published;
    enum jc_code code = jc_workday_line_list(tx, agency_id, arena, &workdays, &n_workdays, err);
    if (!code)
        code = jc_budget_line_list(tx, agency_id, arena, &budgets, &n_budgets, err);
    if (!code)
        code = jc_previous_list(tx, agency_id, arena, &previous, &n_previous, err);
    if (!code)
        code = jc_parameter_list(tx, agency_id, arena, &parameters, &n_parameters, err);
    if (!code)
        code = jc_published_list(tx, agency_id, arena, &published, &n_published, err);
    if (code)
        return code;
    bool enough = take_structs(c, JC_CASE_WORKDAYS, workdays, n_workdays) &&
                  take_structs(c, JC_CASE_BUDGETS, budgets, n_budgets) &&
                  take_structs(c, JC_CASE_PREVIOUS, previous, n_previous) &&
                  take_structs(c, JC_CASE_PARAMETERS, parameters, n_parameters) &&
                  take_structs(c, JC_CASE_PUBLISHED, published, n_published);
    return enough ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_case_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_case *out,
                          struct jc_err *err) {
    *out = (struct jc_case){.arena = arena};
    Jc__Agency *agency;
    enum jc_code code = jc_agency_get(tx, agency_id, arena, &agency, err);
    if (!code && !take(out, JC_CASE_AGENCY, agency))
        code = jc_fail_memory(err);
    if (!code)
        code = load_messages(tx, agency_id, out, err);
    return code ? code : load_structs(tx, agency_id, out, err);
}

enum jc_code jc_case_keep_drawn(struct jc_tx *tx, int64_t agency_id, struct jc_case_diff *diff, struct jc_err *err) {
    enum jc_code code = JC_OK;
    size_t kept = 0;
    for (size_t i = 0; i < diff->count && !code; i++) {
        const struct jc_case_change *change = &diff->items[i];
        bool drawn = false;
        if (change->part == JC_CASE_UNITS && change->kind == JC_CASE_REMOVED)
            code = jc_unit_is_drawn(tx, agency_id, change->id, &drawn, err);
        diff->removed[JC_CASE_UNITS] -= drawn;
        if (!drawn)
            diff->items[kept++] = *change;
    }
    diff->count = kept;
    return code;
}

/* --- writing ------------------------------------------------------------------------------------ */

struct apply {
    struct jc_tx *tx;
    int64_t agency_id;
    const struct jc_case *c;
    const struct jc_case_diff *diff;
    struct jc_diags *diags;
    jc_case_progress *progress;
    void *progress_ctx;
    int64_t done, total;
};

static void step(struct apply *a) {
    enum { EVERY = 1000 };
    a->done++;
    if (a->progress && a->done % EVERY == 0)
        a->progress(a->progress_ctx, a->done, a->total);
}

static bool touched(const struct apply *a, enum jc_case_part part) {
    for (size_t i = 0; i < a->diff->count; i++)
        if (a->diff->items[i].part == part)
            return true;
    return false;
}

/* A new or changed row, at its place in the file. */
static enum jc_code put_row(struct apply *a, enum jc_case_part part, int64_t position, const void *row,
                            struct jc_err *err) {
    step(a);
    switch (part) {
    case JC_CASE_AGENCY:
        return jc_agency_put(a->tx, a->agency_id, row, err);
    case JC_CASE_TEAMS:
        return jc_team_put(a->tx, a->agency_id, position, row, err);
    case JC_CASE_RULES:
        return jc_rule_put(a->tx, a->agency_id, position, row, err);
    case JC_CASE_DRAWS:
        return jc_draw_put(a->tx, a->agency_id, position, row, err);
    case JC_CASE_UNITS:
        return jc_unit_put(a->tx, a->agency_id, position, row, err);
    case JC_CASE_INSPECTORS:
        return jc_inspector_put(a->tx, a->agency_id, position, row, err);
    default:
        return JC_OK;
    }
}

static enum jc_code put_rows(struct apply *a, enum jc_case_part part, struct jc_err *err) {
    const struct jc_case_rows *rows = &a->c->parts[part];
    const struct jc_case_row *last = NULL;
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < a->diff->count && !code; i++) {
        const struct jc_case_change *change = &a->diff->items[i];
        if (change->part != part || !change->new_row || change->new_row == last)
            continue; /* a changed row has an entry per column */
        last = change->new_row;
        code = put_row(a, part, last - rows->items, last->data, err);
    }
    return code;
}

/* Rows that only moved: their place is written, nobody is told. */
static enum jc_code move_rows(struct apply *a, enum jc_case_part part, enum jc_ordered what, struct jc_err *err) {
    const struct jc_case_rows *rows = &a->c->parts[part];
    enum jc_code code = JC_OK;
    if (!touched(a, part))
        return code;
    for (size_t i = 0; i < rows->count && !code; i++) {
        const struct jc_case_column *id = &jc_case_files[part].columns[0];
        const char *text = *(char *const *)((const char *)rows->items[i].data + id->offset);
        code = jc_registry_move(a->tx, a->agency_id, what, jc_str(text), (int64_t)i, err);
    }
    return code;
}

/* All rows of a part side by side. */
static void *gather(struct apply *a, enum jc_case_part part) {
    const struct jc_case_rows *rows = &a->c->parts[part];
    size_t size = jc_case_files[part].row_size;
    char *all = jc_arena_array(a->c->arena, rows->count, size);
    for (size_t i = 0; all && i < rows->count; i++)
        __builtin_memcpy(all + i * size, rows->items[i].data, size);
    return all;
}

static enum jc_code replace_quotas(struct apply *a, struct jc_err *err) {
    const struct jc_case_rows *rows = &a->c->parts[JC_CASE_QUOTAS];
    const Jc__Quota **quotas = JC_NEW_ARRAY(a->c->arena, rows->count, const Jc__Quota *);
    if (!quotas)
        return jc_fail_memory(err);
    for (size_t i = 0; i < rows->count; i++)
        quotas[i] = rows->items[i].data;
    return jc_quota_replace(a->tx, a->agency_id, quotas, rows->count, err);
}

static enum jc_code replace_part(struct apply *a, enum jc_case_part part, struct jc_err *err) {
    size_t count = a->c->parts[part].count;
    if (!touched(a, part))
        return JC_OK;
    if (part == JC_CASE_QUOTAS)
        return replace_quotas(a, err);
    void *rows = gather(a, part);
    if (!rows)
        return jc_fail_memory(err);
    switch (part) {
    case JC_CASE_WORKDAYS:
        return jc_workday_line_replace(a->tx, a->agency_id, rows, count, err);
    case JC_CASE_BUDGETS:
        return jc_budget_line_replace(a->tx, a->agency_id, rows, count, err);
    case JC_CASE_PREVIOUS:
        return jc_previous_replace(a->tx, a->agency_id, rows, count, err);
    case JC_CASE_PARAMETERS:
        return jc_parameter_replace(a->tx, a->agency_id, rows, count, err);
    default:
        return jc_published_replace(a->tx, a->agency_id, rows, count, err);
    }
}

/* The checklist of that name as the case has it. */
static enum jc_code put_checklist(struct apply *a, struct jc_str id, bool *found, struct jc_err *err) {
    const struct jc_case_rows *rows = &a->c->parts[JC_CASE_CHECKLISTS];
    Jc__Checklist checklist = JC__CHECKLIST__INIT;
    checklist.checklist_id = (char *)id.ptr;
    checklist.items = JC_NEW_ARRAY(a->c->arena, rows->count, Jc__ChecklistItem *);
    for (size_t i = 0; checklist.items && i < rows->count; i++) {
        const struct jc_checklist_line *line = rows->items[i].data;
        if (!jc_str_eq(line->checklist_id, id))
            continue;
        Jc__ChecklistItem *item = JC_NEW(a->c->arena, Jc__ChecklistItem);
        if (!item)
            return jc_fail_memory(err);
        jc__checklist_item__init(item);
        item->item_no = line->item_no;
        item->text = (char *)line->text.ptr;
        checklist.items[checklist.n_items++] = item;
    }
    *found = checklist.n_items > 0;
    if (!checklist.items)
        return jc_fail_memory(err);
    return *found ? jc_checklist_put(a->tx, a->agency_id, &checklist, err) : JC_OK;
}

/* --- deletions ------------------------------------------------------------------------------------ */

/* A refusal is told by name and the next row is tried; any other failure ends the import. */
static enum jc_code tell_refusal(struct apply *a, enum jc_case_part part, enum jc_code code, struct jc_err *err) {
    if (code != JC_FAILED_PRECONDITION)
        return code;
    struct jc_str file = jc_arena_printf(a->c->arena, "%s.csv", jc_case_files[part].name);
    jc_diags_error(a->diags, file, 0, 0, err->what, err->arg[0]);
    return JC_OK;
}

static enum jc_code delete_rows(struct apply *a, enum jc_case_part part,
                                enum jc_code (*delete)(struct jc_tx *tx, int64_t agency_id, struct jc_str id,
                                                       struct jc_err *err),
                                struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < a->diff->count && !code; i++) {
        const struct jc_case_change *change = &a->diff->items[i];
        if (change->part == part && change->kind == JC_CASE_REMOVED)
            code = tell_refusal(a, part, delete (a->tx, a->agency_id, change->id, err), err);
    }
    return code;
}

/* Checklists change as a whole: put what the case still has, delete the others. Items of one list stand
 * together in the difference, except removed ones, so a list may be put twice. */
static enum jc_code apply_checklists(struct apply *a, struct jc_err *err) {
    struct jc_str last = {0};
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < a->diff->count && !code; i++) {
        const struct jc_case_change *change = &a->diff->items[i];
        if (change->part != JC_CASE_CHECKLISTS)
            continue;
        const struct jc_case_row *row = change->new_row ? change->new_row : change->old_row;
        struct jc_str id = ((const struct jc_checklist_line *)row->data)->checklist_id;
        bool found = false;
        if (jc_str_eq(id, last))
            continue;
        last = id;
        code = put_checklist(a, id, &found, err);
        if (!code && !found)
            code = tell_refusal(a, JC_CASE_CHECKLISTS, jc_checklist_delete(a->tx, a->agency_id, id, err), err);
    }
    return code;
}

static enum jc_code delete_all(struct apply *a, struct jc_err *err) {
    enum jc_code code = delete_rows(a, JC_CASE_INSPECTORS, jc_inspector_delete, err);
    if (!code)
        code = delete_rows(a, JC_CASE_UNITS, jc_unit_delete, err);
    if (!code)
        code = delete_rows(a, JC_CASE_DRAWS, jc_draw_delete, err);
    if (!code)
        code = delete_rows(a, JC_CASE_RULES, jc_rule_delete, err);
    return code ? code : delete_rows(a, JC_CASE_TEAMS, jc_team_delete, err);
}

enum jc_code jc_case_apply(struct jc_tx *tx, int64_t agency_id, const struct jc_case *c,
                           const struct jc_case_diff *diff, struct jc_diags *diags, jc_case_progress *progress,
                           void *progress_ctx, struct jc_err *err) {
    static const enum jc_case_part registers[] = {JC_CASE_AGENCY, JC_CASE_TEAMS, JC_CASE_RULES,
                                                  JC_CASE_DRAWS,  JC_CASE_UNITS, JC_CASE_INSPECTORS};
    static const enum jc_case_part lists[] = {JC_CASE_QUOTAS,   JC_CASE_WORKDAYS,   JC_CASE_BUDGETS,
                                              JC_CASE_PREVIOUS, JC_CASE_PARAMETERS, JC_CASE_PUBLISHED};
    static const struct {
        enum jc_case_part part;
        enum jc_ordered what;
    } orders[] = {{JC_CASE_TEAMS, JC_ORDERED_TEAM},
                  {JC_CASE_RULES, JC_ORDERED_RULE},
                  {JC_CASE_DRAWS, JC_ORDERED_DRAW},
                  {JC_CASE_UNITS, JC_ORDERED_UNIT},
                  {JC_CASE_INSPECTORS, JC_ORDERED_INSPECTOR}};
    struct apply a = {tx, agency_id, c, diff, diags, progress, progress_ctx, 0, 0};
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        a.total += (int64_t)(diff->added[registers[i]] + diff->changed[registers[i]]);
    size_t errors = diags->errors;
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < sizeof registers / sizeof *registers && !code; i++)
        code = put_rows(&a, registers[i], err);
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !code; i++)
        code = replace_part(&a, lists[i], err);
    if (!code)
        code = apply_checklists(&a, err);
    if (!code)
        code = delete_all(&a, err);
    for (size_t i = 0; i < sizeof orders / sizeof *orders && !code; i++)
        code = move_rows(&a, orders[i].part, orders[i].what, err);
    if (!code && diags->errors > errors)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_CASE_IN_USE);
    return code;
}
