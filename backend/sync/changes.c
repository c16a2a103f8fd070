/* The listing walks sections (sync/cursor.h), each ordered by its own key, so that a page can stop
 * anywhere and the next begin behind the last key. The register's short lists are read whole and
 * sorted; units, tasks and orders are read in chunks. Behind the listing come the rows of `change`,
 * one by one as the newest state of their entity.
 *
 * Cost: what is sent, plus the short lists once a page while they are being listed. */
#include "sync/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "store/agency.h"
#include "store/blob.h"
#include "store/feed.h"
#include "store/order.h"
#include "store/registry.h"
#include "store/review.h"
#include "store/store.h"
#include "store/task.h"
#include "store/unit.h"
#include "sync/cursor.h"
#include "sync/recall.h"
#include "sync/recent.h"

enum {
    CHUNK = 64,
    FEW_CHANGES = 16, /* what a write job tells itself */
    FEW_BYTES = 8 << 10,
};

struct page {
    struct jc_tx *tx;
    const struct jc_sync_caller *caller;
    int64_t now_ms;
    struct jc_arena *arena;
    size_t limit;
    size_t most; /* entities */
    struct jc_cursor at, given;
    struct jc_str given_bytes; /* of `given`, if it was of use */
    int64_t recent_days;       /* parameter plus 1; 0: not read yet */
    int64_t last_seq;          /* of the database at this moment */
    bool full;
    struct jc_changes *out;
};

/* --- one entity ------------------------------------------------------------------------------------------- */

/* Appends the entity unless the page has no room for it; the first always fits. */
static enum jc_code send(struct page *page, const Jc__Change *change, struct jc_err *err) {
    size_t size = jc__change__get_packed_size(change) + 6; /* tag and length in the answer */
    if (page->out->count && (page->out->bytes + size > page->limit || page->out->count >= page->most)) {
        page->full = true;
        return JC_OK;
    }
    Jc__Change *copy = JC_NEW(page->arena, Jc__Change), **slot = JC_PUSH(page->arena, page->out, Jc__Change *);
    if (!copy || !slot)
        return jc_fail_memory(err);
    *copy = *change;
    *slot = copy;
    page->out->bytes += size;
    return JC_OK;
}

/* The same in a listing: `key` is remembered once the entity is in the page. */
static enum jc_code list(struct page *page, const Jc__Change *change, struct jc_str key, struct jc_err *err) {
    enum jc_code code = send(page, change, err);
    if (!code && !page->full)
        page->at.after = key;
    return code;
}

/* Until when a record of a recalled task is accepted. */
static enum jc_code add_grace(struct page *page, Jc__Task *task, struct jc_err *err) {
    char text[JC_TIME_MAX];
    struct jc_date last;
    enum jc_code code = jc_recall_grace(page->tx, page->caller->agency_id, task, page->arena, &last, err);
    if (code)
        return code;
    task->recall_grace_ends_on = (char *)jc_arena_copy(page->arena, jc_date_format(last, text)).ptr;
    return task->recall_grace_ends_on ? JC_OK : jc_fail_memory(err);
}

static enum jc_code add_recent(struct page *page, Jc__Task *task, struct jc_err *err) {
    int64_t days = 0;
    if (!page->recent_days) {
        enum jc_code code = jc_recent_days(page->tx, page->caller->agency_id, page->now_ms, page->arena, &days, err);
        if (code)
            return code;
        page->recent_days = days + 1;
    }
    return jc_recent_load(page->tx, page->caller->agency_id, page->recent_days - 1, page->arena, task, err);
}

static enum jc_code load_task(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_TASK;
    enum jc_code code = jc_task_get(page->tx, page->caller->agency_id, id, page->arena, &out->task, err);
    if (!code && out->task->recalled_at)
        code = add_grace(page, out->task, err);
    if (!code && out->task->order_id.len)
        code = jc_blob_of_order(page->tx, page->caller->agency_id, jc_view(out->task->order_id), page->arena,
                                &out->task->needed_blobs, &out->task->n_needed_blobs, err);
    return code ? code : add_recent(page, out->task, err);
}

static enum jc_code load_order(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_ORDER;
    return jc_order_get(page->tx, page->caller->agency_id, id, page->arena, &out->order, err);
}

static enum jc_code load_outcome(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_REVIEW_OUTCOME;
    return jc_review_outcome(page->tx, page->caller->agency_id, id, page->arena, &out->review_outcome, err);
}

static enum jc_code load_unit(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_UNIT;
    return jc_unit_get(page->tx, page->caller->agency_id, id, page->arena, &out->unit, err);
}

static enum jc_code load_team(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_TEAM;
    return jc_team_get(page->tx, page->caller->agency_id, id, page->arena, &out->team, err);
}

static enum jc_code load_inspector(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    out->entity_case = JC__CHANGE__ENTITY_INSPECTOR;
    return jc_inspector_get(page->tx, page->caller->agency_id, id, page->arena, &out->inspector, err);
}

static enum jc_code load_agency(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    (void)id;
    out->entity_case = JC__CHANGE__ENTITY_AGENCY;
    return jc_agency_get(page->tx, page->caller->agency_id, page->arena, &out->agency, err);
}

static enum jc_code load_checklist(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) {
    Jc__Checklist **checklists = NULL;
    size_t count = 0;
    enum jc_code code = jc_checklist_list(page->tx, page->caller->agency_id, page->arena, &checklists, &count, err);
    if (code)
        return code;
    out->entity_case = JC__CHANGE__ENTITY_CHECKLIST;
    for (size_t i = 0; i < count; i++) {
        if (jc_str_eq(jc_str(checklists[i]->checklist_id), id)) {
            out->checklist = checklists[i];
            return JC_OK;
        }
    }
    return JC_NOT_FOUND;
}

/* By Jc__EntityKind; each answers JC_NOT_FOUND for what is gone. */
static enum jc_code (*const LOADERS[])(struct page *page, struct jc_str id, Jc__Change *out, struct jc_err *err) = {
    [JC__ENTITY_KIND__ENTITY_KIND_TASK] = load_task,
    [JC__ENTITY_KIND__ENTITY_KIND_UNIT] = load_unit,
    [JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST] = load_checklist,
    [JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR] = load_inspector,
    [JC__ENTITY_KIND__ENTITY_KIND_ORDER] = load_order,
    [JC__ENTITY_KIND__ENTITY_KIND_AGENCY] = load_agency,
    [JC__ENTITY_KIND__ENTITY_KIND_TEAM] = load_team,
    [JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME] = load_outcome,
};

/* --- the register's short lists ------------------------------------------------------------------------------ */

struct entry {
    struct jc_str key;
    Jc__Change change;
};

static int by_key(const void *a, const void *b) {
    return jc_str_cmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* Lists what lies behind the last key. */
static enum jc_code list_sorted(struct page *page, struct entry *entries, size_t count, struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (count)
        qsort(entries, count, sizeof *entries, by_key);
    struct jc_str after = page->at.after;
    for (size_t i = 0; !code && !page->full && i < count; i++) {
        if (jc_str_cmp(entries[i].key, after) > 0)
            code = list(page, &entries[i].change, entries[i].key, err);
    }
    return code;
}

static enum jc_code list_teams(struct page *page, struct jc_err *err) {
    Jc__Team **teams = NULL;
    size_t count = 0;
    enum jc_code code = jc_team_list(page->tx, page->caller->agency_id, page->arena, &teams, &count, err);
    struct entry *entries = JC_NEW_ARRAY(page->arena, count, struct entry);
    if (!code && !entries)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++) {
        entries[i] = (struct entry){jc_str(teams[i]->team_id), JC__CHANGE__INIT};
        entries[i].change.entity_case = JC__CHANGE__ENTITY_TEAM;
        entries[i].change.team = teams[i];
    }
    return code ? code : list_sorted(page, entries, count, err);
}

static enum jc_code list_inspectors(struct page *page, struct jc_err *err) {
    Jc__Inspector **inspectors = NULL;
    size_t count = 0;
    enum jc_code code = jc_inspector_list(page->tx, page->caller->agency_id, page->arena, &inspectors, &count, err);
    struct entry *entries = JC_NEW_ARRAY(page->arena, count, struct entry);
    if (!code && !entries)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++) {
        entries[i] = (struct entry){jc_str(inspectors[i]->inspector_id), JC__CHANGE__INIT};
        entries[i].change.entity_case = JC__CHANGE__ENTITY_INSPECTOR;
        entries[i].change.inspector = inspectors[i];
    }
    return code ? code : list_sorted(page, entries, count, err);
}

static enum jc_code list_checklists(struct page *page, struct jc_err *err) {
    Jc__Checklist **checklists = NULL;
    size_t count = 0;
    enum jc_code code = jc_checklist_list(page->tx, page->caller->agency_id, page->arena, &checklists, &count, err);
    struct entry *entries = JC_NEW_ARRAY(page->arena, count, struct entry);
    if (!code && !entries)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++) {
        entries[i] = (struct entry){jc_str(checklists[i]->checklist_id), JC__CHANGE__INIT};
        entries[i].change.entity_case = JC__CHANGE__ENTITY_CHECKLIST;
        entries[i].change.checklist = checklists[i];
    }
    return code ? code : list_sorted(page, entries, count, err);
}

static enum jc_code list_agency(struct page *page, struct jc_err *err) {
    Jc__Change change = JC__CHANGE__INIT;
    if (page->at.after.len)
        return JC_OK;
    enum jc_code code = load_agency(page, JC_STR(""), &change, err);
    return code ? code : list(page, &change, JC_STR("agency"), err);
}

/* --- units, tasks, orders: in chunks --------------------------------------------------------------------------- */

static enum jc_code list_units(struct page *page, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t count = CHUNK; !code && !page->full && count == CHUNK;) {
        Jc__Unit **units = NULL;
        code = jc_unit_page(page->tx, page->caller->agency_id, page->at.after, CHUNK, page->arena, &units, &count, err);
        for (size_t i = 0; !code && !page->full && i < count; i++) {
            Jc__Change change = JC__CHANGE__INIT;
            change.entity_case = JC__CHANGE__ENTITY_UNIT;
            change.unit = units[i];
            code = list(page, &change, jc_str(units[i]->unit_id), err);
        }
    }
    return code;
}

static enum jc_code list_ids(struct page *page, const struct jc_str *ids, size_t count, Jc__EntityKind kind,
                             struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && !page->full && i < count; i++) {
        Jc__Change change = JC__CHANGE__INIT;
        code = LOADERS[kind](page, ids[i], &change, err);
        if (!code)
            code = list(page, &change, ids[i], err);
    }
    return code;
}

static enum jc_code list_tasks(struct page *page, struct jc_err *err) {
    int64_t since_ms = page->now_ms - (int64_t)JC_RECENT_TASK_DAYS * 86400000;
    enum jc_code code = JC_OK;
    for (size_t count = CHUNK; !code && !page->full && count == CHUNK;) {
        struct jc_str *ids = NULL;
        code = jc_feed_tasks(page->tx, page->caller->agency_id, page->caller->team_id, since_ms, page->at.after, CHUNK,
                             page->arena, &ids, &count, err);
        if (!code)
            code = list_ids(page, ids, count, JC__ENTITY_KIND__ENTITY_KIND_TASK, err);
    }
    return code;
}

static enum jc_code list_orders(struct page *page, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t count = CHUNK; !code && !page->full && count == CHUNK;) {
        struct jc_str *ids = NULL;
        code = jc_order_open(page->tx, page->caller->agency_id, page->caller->team_id, page->at.after, CHUNK,
                             page->arena, &ids, &count, err);
        if (!code)
            code = list_ids(page, ids, count, JC__ENTITY_KIND__ENTITY_KIND_ORDER, err);
    }
    return code;
}

static enum jc_code list_outcomes(struct page *page, struct jc_err *err) {
    int64_t since_ms = page->now_ms - (int64_t)JC_OUTCOME_DAYS * 86400000;
    enum jc_code code = JC_OK;
    for (size_t count = CHUNK; !code && !page->full && count == CHUNK;) {
        struct jc_str *ids = NULL;
        code = jc_review_decided(page->tx, page->caller->agency_id, page->caller->team_id, since_ms, page->at.after,
                                 CHUNK, page->arena, &ids, &count, err);
        if (!code)
            code = list_ids(page, ids, count, JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME, err);
    }
    return code;
}

/* --- changes --------------------------------------------------------------------------------------------------- */

static enum jc_code removal_of(struct page *page, const struct jc_change *row, Jc__Change *out, struct jc_err *err) {
    Jc__Removal *removal = JC_NEW(page->arena, Jc__Removal);
    if (!removal)
        return jc_fail_memory(err);
    jc__removal__init(removal);
    removal->kind = row->kind;
    removal->id = (ProtobufCBinaryData){row->id.len, (uint8_t *)row->id.ptr};
    out->entity_case = JC__CHANGE__ENTITY_REMOVAL;
    out->removal = removal;
    return JC_OK;
}

/* The newest state of the entity, or its removal; kinds this program does not know are passed over. */
static enum jc_code follow(struct page *page, const struct jc_change *row, struct jc_err *err) {
    Jc__Change change = JC__CHANGE__INIT;
    if ((size_t)row->kind >= sizeof LOADERS / sizeof *LOADERS || !LOADERS[row->kind])
        return JC_OK;
    enum jc_code code = row->removal ? JC_NOT_FOUND : LOADERS[row->kind](page, row->id, &change, err);
    if (code == JC_NOT_FOUND)
        code = removal_of(page, row, &change, err);
    return code ? code : send(page, &change, err);
}

static enum jc_code list_changes(struct page *page, struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool behind = page->at.seq < page->last_seq; /* if not, nobody need be asked */
    for (size_t count = CHUNK; behind && !code && !page->full && count == CHUNK;) {
        struct jc_change *rows = NULL;
        code = jc_change_page(page->tx, page->caller->agency_id, page->at.seq, page->caller->team_id, CHUNK,
                              page->arena, &rows, &count, err);
        for (size_t i = 0; !code && !page->full && i < count; i++) {
            code = follow(page, &rows[i], err);
            if (!page->full)
                page->at.seq = rows[i].seq;
        }
    }
    if (!code && !page->full)
        page->at.seq = page->last_seq; /* what lies between does not concern this scope */
    return code;
}

static enum jc_code (*const SECTIONS[])(struct page *page, struct jc_err *err) = {
    [JC_SECTION_AGENCY] = list_agency,         [JC_SECTION_TEAMS] = list_teams,
    [JC_SECTION_INSPECTORS] = list_inspectors, [JC_SECTION_CHECKLISTS] = list_checklists,
    [JC_SECTION_UNITS] = list_units,           [JC_SECTION_TASKS] = list_tasks,
    [JC_SECTION_ORDERS] = list_orders,         [JC_SECTION_OUTCOMES] = list_outcomes,
    [JC_SECTION_CHANGES] = list_changes,
};

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* Where the cursor says, or at the beginning. A number from the future is no cursor of this life. */
static void begin(struct page *page, struct jc_str cursor, const uint8_t incarnation[16]) {
    if (jc_cursor_read(cursor, page->caller, incarnation, &page->at) && page->at.seq <= page->last_seq) {
        page->out->known_seq = page->at.section == JC_SECTION_CHANGES ? page->at.seq : 0;
        page->given = page->at;
        page->given_bytes = cursor;
        return;
    }
    page->at = (struct jc_cursor){JC_SECTION_AGENCY, page->last_seq, JC_STR("")};
    page->out->restarted = cursor.len > 0;
}

static enum jc_code fill(struct page *page, struct jc_err *err) {
    enum jc_code code = SECTIONS[page->at.section](page, err);
    while (!code && !page->full && page->at.section < JC_SECTION_CHANGES) {
        page->at.section++;
        page->at.after = JC_STR("");
        code = SECTIONS[page->at.section](page, err);
    }
    return code;
}

/* Where it began: the same bytes say so. */
static bool stands_still(const struct page *page) {
    return page->given_bytes.len && page->at.section == page->given.section && page->at.seq == page->given.seq &&
           jc_str_eq(page->at.after, page->given.after);
}

static enum jc_code finish(struct page *page, const uint8_t incarnation[16], struct jc_err *err) {
    page->out->has_more = page->full;
    page->out->cursor = stands_still(page) ? jc_arena_copy(page->arena, page->given_bytes)
                                           : jc_cursor_write(&page->at, page->caller, incarnation, page->arena);
    return page->out->cursor.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_changes_page(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, int64_t last_seq,
                             struct jc_str cursor, size_t page_bytes, struct jc_arena *arena, struct jc_changes *out,
                             struct jc_err *err) {
    struct page page = {.tx = tx,
                        .caller = caller,
                        .now_ms = now_ms,
                        .arena = arena,
                        .limit = page_bytes,
                        .most = SIZE_MAX,
                        .last_seq = last_seq,
                        .out = out};
    struct jc_store_meta meta;
    *out = (struct jc_changes){0};
    enum jc_code code = jc_store_meta(tx, &meta, err);
    if (code)
        return code;
    begin(&page, cursor, meta.incarnation);
    code = fill(&page, err);
    return code ? code : finish(&page, meta.incarnation, err);
}

enum jc_code jc_changes_few(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, int64_t last_seq,
                            struct jc_str cursor, struct jc_arena *arena, struct jc_changes *out, bool *whole,
                            struct jc_err *err) {
    struct page page = {.tx = tx,
                        .caller = caller,
                        .now_ms = now_ms,
                        .arena = arena,
                        .limit = FEW_BYTES,
                        .most = FEW_CHANGES,
                        .last_seq = last_seq,
                        .out = out};
    struct jc_store_meta meta;
    *out = (struct jc_changes){0};
    *whole = false;
    enum jc_code code = jc_store_meta(tx, &meta, err);
    if (code)
        return code;
    begin(&page, cursor, meta.incarnation);
    if (page.at.section != JC_SECTION_CHANGES)
        return JC_OK; /* a listing is never little */
    code = list_changes(&page, err);
    if (code || page.full)
        return code;
    *whole = true;
    return finish(&page, meta.incarnation, err);
}

/* --- the listing as a whole --------------------------------------------------------------------------------------- */

enum { WALK_BYTES = 256 << 10, WALK_ARENA = 64 << 20 };

/* Fills one page of the listing and hands it on; the page after it begins where this one ended. */
static enum jc_code walk_page(struct page *page, jc_listing_fn *each, void *ctx, struct jc_err *err) {
    enum jc_code code = JC_OK;
    page->full = false;
    *page->out = (struct jc_changes){0};
    while (!code && !page->full && page->at.section < JC_SECTION_CHANGES) {
        code = SECTIONS[page->at.section](page, err);
        if (!code && !page->full) {
            page->at.section++;
            page->at.after = JC_STR("");
        }
    }
    for (size_t i = 0; !code && i < page->out->count; i++)
        code = each(ctx, page->out->items[i], err);
    return code;
}

enum jc_code jc_listing_walk(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, jc_listing_fn *each,
                             void *ctx, struct jc_err *err) {
    /* two arenas take turns, because a page begins behind a key of the one before */
    struct jc_arena *arenas[] = {jc_arena_new(WALK_ARENA), jc_arena_new(WALK_ARENA)};
    struct jc_changes changes;
    struct page page = {.tx = tx,
                        .caller = caller,
                        .now_ms = now_ms,
                        .limit = WALK_BYTES,
                        .most = SIZE_MAX,
                        .at = {JC_SECTION_AGENCY, 0, JC_STR("")},
                        .out = &changes};
    enum jc_code code = arenas[0] && arenas[1] ? JC_OK : jc_fail_memory(err);
    for (int turn = 0; !code && page.at.section < JC_SECTION_CHANGES; turn = !turn) {
        jc_arena_reset(arenas[turn]);
        page.arena = arenas[turn];
        code = walk_page(&page, each, ctx, err);
    }
    jc_arena_free(arenas[0]);
    jc_arena_free(arenas[1]);
    return code;
}

enum jc_code jc_listing_load(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms, Jc__EntityKind kind,
                             struct jc_str id, struct jc_arena *arena, Jc__Change *out, struct jc_err *err) {
    struct page page = {.tx = tx, .caller = caller, .now_ms = now_ms, .arena = arena};
    jc__change__init(out);
    return LOADERS[kind](&page, id, out, err);
}
