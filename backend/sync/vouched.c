/* A terminal's rows are taken in runs: rows that follow link to link. A seal that holds vouches for its run up to it, so
 * the newest is verified, and an older one only where that does not hold. The rest of a run is vouched for by the run
 * that goes on from its end, if rows came in another order than they were made in; runs are few, and are joined when
 * all rows have been read.
 *
 * A terminal whose store was copied or put back goes on from the middle of what it did before. Such a run lacks nothing:
 * where runs seem to lack what they follow, the rows are read once more, for the row it is.
 *
 * Runs are looked for by what they follow and by their end: sorted by both, once all rows have been read.
 *
 * Memory: the rows since the last verified seal of each terminal, at most WAITING_MAX of a run, and every run. */
#include "sync/vouched.h"

#include <stdlib.h>
#include <string.h>

#include "base/evidence.h"
#include "store/row.h"

enum {
    WAITING_MAX = 4096,
    STEPS_MAX = 10000, /* from run to run */
    ARENA_BYTES = 1 << 30,
};

struct waiting { /* a row that no verified seal covers yet */
    int64_t operation_no;
    struct jc_uuid id;
    uint8_t link[JC_SHA256_SIZE];
    uint8_t seal[JC_SIGNATURE_SIZE];
    bool sealed;
};

struct run {
    int64_t first_no;
    struct jc_uuid first_id;
    uint8_t before[JC_SHA256_SIZE]; /* what its first row follows; zeros: nothing */
    uint8_t end[JC_SHA256_SIZE];    /* link of its last row */
    struct waiting *waiting;
    size_t count, capacity;
    bool any_sealed; /* some seal in it holds */
    bool lacking;    /* no row is known that its first one follows */
};

struct key {
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
    struct {
        struct run **items; /* in the order of their first rows */
        size_t count, capacity;
    } runs;
    struct run **by_before, **by_end; /* the same, sorted; made when all rows have been read */
};

struct device {
    struct jc_uuid device_id;
    struct key *key; /* NULL: it has none and signs nothing */
};

struct verifier {
    struct jc_arena *arena;
    jc_chain_found *found;
    void *ctx;
    struct {
        struct device *items;
        size_t count, capacity;
    } devices;
    struct {
        struct key **items;
        size_t count, capacity;
    } keys;
};

static void tell(const struct verifier *v, int64_t no, struct jc_uuid id, enum jc_msg what) {
    char number[JC_NUMBER_TEXT], text[JC_UUID_TEXT];
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what,
               (const struct jc_str[JC_ERR_ARGS]){jc_str_from_int64(no, number), jc_uuid_format(id, text)});
    v->found(v->ctx, no, &fault);
}

/* --- keys -------------------------------------------------------------------------------------------------- */

static struct key *key_of(struct verifier *v, struct jc_str public_key) {
    for (size_t i = 0; i < v->keys.count; i++) {
        if (memcmp(v->keys.items[i]->public_key, public_key.ptr, JC_SIGN_PUBLIC_SIZE) == 0)
            return v->keys.items[i];
    }
    struct key **slot = JC_PUSH(v->arena, &v->keys, struct key *), *key = JC_NEW(v->arena, struct key);
    if (!slot || !key)
        return NULL;
    memcpy(key->public_key, public_key.ptr, JC_SIGN_PUBLIC_SIZE);
    return *slot = key;
}

static const char SELECT_DEVICES[] = "SELECT device_id, public_key\n"
                                     "FROM device\n"
                                     "WHERE agency_id = $1\n"
                                     "ORDER BY device_id";

static enum jc_code take_device(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct verifier *v = ctx;
    struct device *device = JC_PUSH(v->arena, &v->devices, struct device);
    struct jc_str id = jc_rows_bytes(rows, 0), public_key = jc_rows_bytes(rows, 1);
    if (!device)
        return jc_fail_memory(err);
    memcpy(device->device_id.bytes, id.ptr, id.len < JC_UUID_SIZE ? id.len : JC_UUID_SIZE);
    if (public_key.len != JC_SIGN_PUBLIC_SIZE)
        return JC_OK;
    device->key = key_of(v, public_key);
    return device->key ? JC_OK : jc_fail_memory(err);
}

/* By its id; they are sorted. */
static const struct device *find_device(const struct verifier *v, const struct jc_uuid *id) {
    size_t low = 0, high = v->devices.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(v->devices.items[middle].device_id.bytes, id->bytes, JC_UUID_SIZE);
        if (order == 0)
            return &v->devices.items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- runs -------------------------------------------------------------------------------------------------- */

/* Drops what the newest seal that holds covers. */
static void settle(const struct key *key, struct run *run) {
    for (size_t i = run->count; i > 0; i--) {
        const struct waiting *row = &run->waiting[i - 1];
        if (!row->sealed || !jc_seal_verify(row->link, row->seal, key->public_key))
            continue;
        memmove(run->waiting, run->waiting + i, (run->count - i) * sizeof *run->waiting);
        run->count -= i;
        run->any_sealed = true;
        return;
    }
}

static bool follows(const struct run *run, const struct jc_operation *row) {
    return run && memcmp(run->end, row->previous, JC_SHA256_SIZE) == 0;
}

static struct run *newest_run(const struct key *key) {
    return key->runs.count ? key->runs.items[key->runs.count - 1] : NULL;
}

static struct run *begin_run(struct verifier *v, struct key *key, const struct jc_operation *row) {
    struct run *newest = newest_run(key), *run = JC_NEW(v->arena, struct run);
    struct run **slot = JC_PUSH(v->arena, &key->runs, struct run *);
    if (!run || !slot)
        return NULL;
    if (newest)
        settle(key, newest);
    run->first_no = row->operation_no;
    run->first_id = row->id;
    memcpy(run->before, row->previous, JC_SHA256_SIZE);
    return *slot = run;
}

/* A row that is not judged: others may have followed it. */
static enum jc_code pass_row(struct verifier *v, struct key *key, const struct jc_operation *row, struct jc_err *err) {
    struct run *run = begin_run(v, key, row);
    if (!run)
        return jc_fail_memory(err);
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, run->end);
    return JC_OK;
}

static enum jc_code add_row(struct verifier *v, struct key *key, const struct jc_operation *row, struct jc_err *err) {
    struct run *run = newest_run(key);
    if (!follows(run, row))
        run = begin_run(v, key, row);
    if (run && run->count >= WAITING_MAX)
        settle(key, run);
    if (run && run->count == run->capacity) {
        size_t capacity = run->capacity ? 4 * run->capacity : 16;
        struct waiting *grown = jc_arena_array(v->arena, capacity, sizeof *grown);
        if (grown && run->count)
            memcpy(grown, run->waiting, run->count * sizeof *grown);
        run->waiting = grown;
        run->capacity = grown ? capacity : 0;
    }
    if (!run || !run->waiting)
        return jc_fail_memory(err);
    struct waiting *waiting = &run->waiting[run->count++];
    *waiting = (struct waiting){.operation_no = row->operation_no, .id = row->id};
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, waiting->link);
    waiting->sealed = row->seal.len == JC_SIGNATURE_SIZE;
    if (waiting->sealed)
        memcpy(waiting->seal, row->seal.ptr, JC_SIGNATURE_SIZE);
    memcpy(run->end, waiting->link, JC_SHA256_SIZE);
    return JC_OK;
}

/* --- rows -------------------------------------------------------------------------------------------------- */

/* What the server found itself and a person has been told: nothing is vouched for, and nobody claims it. */
static bool is_known(const struct jc_operation *row, struct jc_str review) {
    static const uint64_t KNOWN = UINT64_C(1) << JC_GROUND_SIGNATURE_MISSING |
                                  UINT64_C(1) << JC_GROUND_SIGNATURE_WRONG | UINT64_C(1) << JC_GROUND_SEAL_MISSING |
                                  UINT64_C(1) << JC_GROUND_SEAL_WRONG | UINT64_C(1) << JC_GROUND_SEAL_LATE_WRONG;
    return ((jc_verdict_grounds(row->grounds) | jc_verdict_grounds(review)) & KNOWN) != 0;
}

static enum jc_code take_row(void *ctx, const struct jc_operation *row, struct jc_str review, struct jc_err *err) {
    static const struct jc_uuid SERVER;
    struct verifier *v = ctx;
    if (memcmp(row->device_id.bytes, SERVER.bytes, JC_UUID_SIZE) == 0)
        return JC_OK;
    const struct device *device = find_device(v, &row->device_id);
    if (!device)
        tell(v, row->operation_no, row->id, JC_MSG_CHAIN_UNVOUCHED);
    if (!device || !device->key)
        return JC_OK;
    bool known = is_known(row, review);
    if (row->format == JC_OPERATION_CHAINED)
        return known ? pass_row(v, device->key, row, err) : add_row(v, device->key, row, err);
    if (!known && row->body.ptr &&
        (row->seal.len != JC_SIGNATURE_SIZE ||
         !jc_sign_verify(row->body, (const uint8_t *)row->seal.ptr, device->key->public_key)))
        tell(v, row->operation_no, row->id, JC_MSG_CHAIN_UNVOUCHED);
    return JC_OK;
}

/* --- judging ----------------------------------------------------------------------------------------------- */

static int by_before(const void *a, const void *b) {
    const struct run *left = *(struct run *const *)a, *right = *(struct run *const *)b;
    int order = memcmp(left->before, right->before, JC_SHA256_SIZE);
    return order ? order : (left->first_no > right->first_no) - (left->first_no < right->first_no);
}

static int by_end(const void *a, const void *b) {
    const struct run *left = *(struct run *const *)a, *right = *(struct run *const *)b;
    return memcmp(left->end, right->end, JC_SHA256_SIZE);
}

static enum jc_code sort_runs(struct verifier *v, struct key *key, struct jc_err *err) {
    size_t count = key->runs.count;
    key->by_before = JC_NEW_ARRAY(v->arena, count + 1, struct run *);
    key->by_end = JC_NEW_ARRAY(v->arena, count + 1, struct run *);
    if (!key->by_before || !key->by_end)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        key->by_before[i] = key->by_end[i] = key->runs.items[i];
    qsort(key->by_before, count, sizeof *key->by_before, by_before);
    qsort(key->by_end, count, sizeof *key->by_end, by_end);
    return JC_OK;
}

/* The first place in `by_before` whose run follows `link` or a greater one. */
static size_t first_behind(const struct key *key, const uint8_t link[JC_SHA256_SIZE]) {
    size_t low = 0, high = key->runs.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(key->by_before[middle]->before, link, JC_SHA256_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the run at a place in `by_before` follows `link`. */
static bool is_behind(const struct key *key, size_t at, const uint8_t link[JC_SHA256_SIZE]) {
    return at < key->runs.count && memcmp(key->by_before[at]->before, link, JC_SHA256_SIZE) == 0;
}

static bool is_an_end(const struct key *key, const uint8_t link[JC_SHA256_SIZE]) {
    struct run wanted, *one = &wanted;
    memcpy(wanted.end, link, JC_SHA256_SIZE);
    return bsearch(&one, key->by_end, key->runs.count, sizeof *key->by_end, by_end) != NULL;
}

/* The rows behind a run's last seal are covered by a seal of the runs that go on from there. */
static bool end_is_vouched(const struct key *key, const struct run *run) {
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        size_t at = first_behind(key, run->end);
        if (!is_behind(key, at, run->end))
            return false;
        run = key->by_before[at];
        if (run->any_sealed)
            return true;
    }
    return false;
}

/* Marks the runs that follow nothing and no end of another; how many. */
static size_t mark_lacking(const struct key *key) {
    static const uint8_t NOTHING[JC_SHA256_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < key->runs.count; i++) {
        struct run *run = key->runs.items[i];
        run->lacking = memcmp(run->before, NOTHING, JC_SHA256_SIZE) != 0 && !is_an_end(key, run->before);
        count += run->lacking;
    }
    return count;
}

static enum jc_code take_link(void *ctx, const struct jc_operation *row, struct jc_str review, struct jc_err *err) {
    const struct device *device = find_device(ctx, &row->device_id);
    uint8_t link[JC_SHA256_SIZE];
    (void)review;
    (void)err;
    if (!device || !device->key || row->format != JC_OPERATION_CHAINED)
        return JC_OK;
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, link);
    for (size_t at = first_behind(device->key, link); is_behind(device->key, at, link); at++)
        device->key->by_before[at]->lacking = false;
    return JC_OK;
}

/* Runs that follow a row in the middle of another lack nothing. */
static enum jc_code find_gaps(struct verifier *v, struct jc_tx *tx, int64_t agency_id, struct jc_err *err) {
    size_t count = 0;
    for (size_t i = 0; i < v->keys.count; i++)
        count += mark_lacking(v->keys.items[i]);
    return count ? jc_operation_each(tx, agency_id, take_link, v, err) : JC_OK;
}

static void judge(const struct verifier *v, const struct key *key) {
    for (size_t r = 0; r < key->runs.count; r++) {
        const struct run *run = key->runs.items[r];
        bool vouched = run->count == 0 || end_is_vouched(key, run);
        if (run->lacking)
            tell(v, run->first_no, run->first_id, JC_MSG_CHAIN_GAP);
        for (size_t i = 0; !vouched && i < run->count; i++)
            tell(v, run->waiting[i].operation_no, run->waiting[i].id, JC_MSG_CHAIN_UNVOUCHED);
    }
}

enum jc_code jc_vouched_verify(struct jc_tx *tx, int64_t agency_id, bool gaps, jc_chain_found *found, void *ctx,
                               struct jc_err *err) {
    struct verifier v = {.arena = jc_arena_new(ARENA_BYTES), .found = found, .ctx = ctx};
    enum jc_code code = v.arena ? jc_row_each(tx, SELECT_DEVICES, JC_VALUES(jc_int(agency_id)), take_device, &v, err)
                                : jc_fail_memory(err);
    if (!code)
        code = jc_operation_each(tx, agency_id, take_row, &v, err);
    for (size_t i = 0; !code && i < v.keys.count; i++) {
        struct key *key = v.keys.items[i];
        if (key->runs.count)
            settle(key, newest_run(key));
        code = sort_runs(&v, key, err);
    }
    if (!code && gaps)
        code = find_gaps(&v, tx, agency_id, err);
    for (size_t i = 0; !code && i < v.keys.count; i++)
        judge(&v, v.keys.items[i]);
    jc_arena_free(v.arena);
    return code;
}
