/* Blocks lie one behind the other per agency, kind and year; nothing is handed out twice because each
 * lease begins behind the highest number ever leased. Two lives of one database (a backup restored twice, or while the
 * original lives on) cannot know each other's leases: each restore goes on from a place of its own. What is used of a block stands in its row, a character a
 * number, so a document costs one small UPDATE, and the blocks of a thousand terminals in use at a time lie on a
 * few pages; a request with many documents costs one. The block in which a device used a number last is remembered
 * with the connection (db/memo.h), which forgets it with a rollback. Numbers are marked there and written by
 * jc_number_write, or before any block is read. What must never happen: a number is used twice. */
#include "store/number.h"

#include <string.h>

#include "db/memo.h"

/* Holds the number a restored database begins at (leased), and numbers that another life of it leased (not leased by
 * this one: leased_ms 0), a row each, made when a document arrives with one. */
static const struct jc_uuid NOBODY;

static const char FREE = '0', USED = '1', VOID = 'v';

enum { REMEMBERED_MAX = 1024 }; /* numbers in a block */

struct jc_held_block {
    int64_t first, last;
    struct jc_uuid device_id;
    int64_t behind; /* numbers of its device's next blocks, as far as is known */
    size_t len;     /* of `used`, which has room for all numbers of the block */
    char *used;
};

/* --- what is remembered --------------------------------------------------------------------------------- */

static const char BLOCK; /* kind in the memo: by agency, device, kind and year */

struct entry {
    struct jc_held_block *block;
};
struct key {
    int64_t agency_id, kind, year;
    struct jc_uuid device_id;
};

static struct jc_str bytes_of(const struct key *key) {
    return (struct jc_str){(const char *)key, sizeof *key};
}

static bool has(const struct jc_held_block *block, int64_t number) {
    return number >= block->first && number <= block->last;
}

static struct jc_held_block *recall(struct jc_tx *tx, const struct key *key, int64_t number) {
    const struct entry *entry = jc_tx_memo_find(tx, &BLOCK, bytes_of(key));
    return entry && has(entry->block, number) ? entry->block : NULL;
}

/* Under the device that holds it, so that a block is remembered once. */
static void remember(struct jc_tx *tx, const struct key *key, const struct jc_held_block *block) {
    struct jc_arena *arena = jc_tx_memo_arena(tx);
    if (!arena || block->last - block->first >= REMEMBERED_MAX)
        return;
    struct jc_held_block *copy = JC_CLONE(arena, block);
    char *used = jc_arena_alloc(arena, (size_t)(block->last - block->first + 1));
    struct entry *entry = copy && used ? jc_tx_memo_put(tx, &BLOCK, bytes_of(key), sizeof *entry) : NULL;
    if (!entry)
        return;
    memcpy(used, block->used, block->len);
    copy->used = used;
    entry->block = copy;
}

/* The device has leased more. */
static void lengthen(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t kind, int64_t year,
                     int count) {
    const struct key key = {.agency_id = agency_id, .kind = kind, .year = year, .device_id = device_id};
    const struct entry *entry = jc_tx_memo_find(tx, &BLOCK, bytes_of(&key));
    if (entry)
        entry->block->behind += count;
}

/* --- used and void ------------------------------------------------------------------------------------------ */

static const char UPDATE_USED[] = "UPDATE number_block\n"
                                  "SET used = $1\n"
                                  "WHERE agency_id = $2 AND kind = $3 AND year = $4 AND first_number = $5";

static enum jc_code write_block(struct jc_tx *tx, int64_t agency_id, int64_t kind, int64_t year,
                                const struct jc_held_block *block, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_USED,
                      JC_VALUES(jc_text((struct jc_str){block->used, block->len}), jc_int(agency_id), jc_int(kind),
                                jc_int(year), jc_int(block->first)),
                      err);
}

enum jc_code jc_number_write(struct jc_tx *tx, int64_t agency_id, struct jc_number_pending *pending,
                             struct jc_err *err) {
    const struct jc_held_block *block = pending->block;
    pending->block = NULL;
    return block ? write_block(tx, agency_id, pending->kind, pending->year, block, err) : JC_OK;
}

/* The only block that can have the number. */
static const char SELECT_BLOCK[] =
    "SELECT b.first_number, b.last_number, b.device_id, b.used,\n"
    "       (SELECT n.last_number - n.first_number + 1\n"
    "        FROM number_block AS n\n"
    "        WHERE n.agency_id = $1 AND n.device_id = b.device_id AND n.kind = $2 AND n.year = $3\n"
    "          AND n.first_number > b.first_number\n"
    "        ORDER BY n.first_number\n"
    "        LIMIT 1)\n"
    "FROM number_block AS b\n"
    "WHERE b.agency_id = $1 AND b.kind = $2 AND b.year = $3 AND b.first_number <= $4\n"
    "ORDER BY b.first_number DESC\n"
    "LIMIT 1";

static enum jc_code read_block(const struct jc_rows *rows, struct jc_held_block *out, struct jc_err *err) {
    struct jc_str id = jc_rows_bytes(rows, 2), used = jc_rows_text(rows, 3);
    *out = (struct jc_held_block){
        .first = jc_rows_int64(rows, 0), .last = jc_rows_int64(rows, 1), .behind = jc_rows_int64(rows, 4)};
    memcpy(out->device_id.bytes, id.ptr, id.len < JC_UUID_SIZE ? id.len : JC_UUID_SIZE);
    size_t room = (size_t)(out->last - out->first + 1);
    out->len = used.len < room ? used.len : room;
    out->used = jc_malloc(room);
    if (!out->used)
        return jc_fail_memory(err);
    memcpy(out->used, used.ptr, out->len);
    return JC_OK;
}

/* A handheld that is enrolled anew, or for another person too, is another device with the same key, and its unsent
 * documents have numbers of the device it was. */
static const char SELECT_SAME_HANDHELD[] =
    "SELECT COUNT(*)\n"
    "FROM device AS own\n"
    "JOIN device AS other ON other.agency_id = own.agency_id AND other.public_key = own.public_key\n"
    "WHERE own.agency_id = $1 AND own.device_id = $2 AND LENGTH(own.public_key) > 0 AND other.device_id = $3";

static bool same(struct jc_uuid a, struct jc_uuid b) {
    return memcmp(a.bytes, b.bytes, JC_UUID_SIZE) == 0;
}

/* Whether the block is one of the device's handheld. */
static enum jc_code is_own(struct jc_tx *tx, const struct key *key, const struct jc_held_block *block, bool *out,
                           struct jc_err *err) {
    int64_t enrolments = 0;
    *out = same(block->device_id, key->device_id);
    if (*out || same(block->device_id, NOBODY))
        return JC_OK;
    enum jc_code code = jc_tx_int64(tx, SELECT_SAME_HANDHELD,
                                    JC_VALUES(jc_int(key->agency_id), jc_bytes(key->device_id.bytes, JC_UUID_SIZE),
                                              jc_bytes(block->device_id.bytes, JC_UUID_SIZE)),
                                    &enrolments, err);
    *out = !code && enrolments > 0;
    return code;
}

/* The block with the number, if the device may use numbers of it; else *found is false. `out->used` is the memo's if
 * *known is not NULL, otherwise the caller's to free. */
static enum jc_code find_block(struct jc_tx *tx, const struct key *key, int64_t number,
                               struct jc_number_pending *pending, struct jc_held_block **known,
                               struct jc_held_block *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    out->used = NULL;
    *known = recall(tx, key, number);
    if (*known) {
        *out = **known;
        *found = true;
        return JC_OK;
    }
    enum jc_code code = jc_number_write(tx, key->agency_id, pending, err);
    if (!code)
        code = jc_tx_query(tx, SELECT_BLOCK,
                           JC_VALUES(jc_int(key->agency_id), jc_int(key->kind), jc_int(key->year), jc_int(number)),
                           &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found)
        code = read_block(rows, out, err);
    jc_rows_close(rows);
    if (code || !*found)
        return code;
    bool own = false;
    if (has(out, number))
        code = is_own(tx, key, out, &own, err);
    *found = !code && has(out, number) && (own || same(out->device_id, NOBODY));
    struct key owner = *key; /* its block is remembered once, whichever enrolment of the handheld asks */
    owner.device_id = out->device_id;
    if (own)
        remember(tx, &owner, out);
    *known = own ? recall(tx, &owner, number) : NULL;
    if (*known || !*found) { /* what is not the device's is nobody's to free */
        jc_free(out->used);
        out->used = NULL;
    }
    if (*known)
        *out = **known;
    return code;
}

static bool is_free(const struct jc_held_block *block, int64_t number) {
    size_t at = (size_t)(number - block->first);
    return at >= block->len || block->used[at] == FREE;
}

/* Numbers that no block has may have been leased by another life of a restored database. */
static const char SELECT_UNKNOWN[] =
    "SELECT COUNT(*)\n"
    "FROM number_block AS opening\n"
    "WHERE opening.agency_id = $1 AND opening.kind = $2 AND opening.year = $3 AND opening.device_id = $4\n"
    "  AND opening.leased_ms > 0\n"
    "  AND NOT EXISTS (SELECT 1\n"
    "                  FROM number_block AS b\n"
    "                  WHERE b.agency_id = $1 AND b.kind = $2 AND b.year = $3 AND $5 BETWEEN b.first_number AND b.last_number)";

static enum jc_code of_another_life(struct jc_tx *tx, const struct key *key, int64_t number, bool *out,
                                    struct jc_err *err) {
    int64_t openings = 0;
    enum jc_code code = number < 1 ? JC_OK
                                   : jc_tx_int64(tx, SELECT_UNKNOWN,
                                                 JC_VALUES(jc_int(key->agency_id), jc_int(key->kind), jc_int(key->year),
                                                           jc_bytes(NOBODY.bytes, JC_UUID_SIZE), jc_int(number)),
                                                 &openings, err);
    *out = openings > 0;
    return code;
}

static struct key key_of(int64_t agency_id, struct jc_uuid device_id, const Jc__DocumentNumber *number) {
    struct key key = {.agency_id = agency_id, .kind = number->kind, .year = number->year, .device_id = device_id};
    return key;
}

enum jc_code jc_number_state(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                             const Jc__DocumentNumber *number, struct jc_number_pending *pending,
                             enum jc_number_state *out, int *left, struct jc_err *err) {
    const struct key key = key_of(agency_id, device_id, number);
    struct jc_held_block block, *known = NULL;
    bool found = false;
    enum jc_code code = find_block(tx, &key, number->number, pending, &known, &block, &found, err);
    bool lost = false;
    found = found && !code;
    if (!code && !found)
        code = of_another_life(tx, &key, number->number, &lost, err);
    *out = lost                              ? JC_NUMBER_FREE
           : !found                          ? JC_NUMBER_FOREIGN
           : is_free(&block, number->number) ? JC_NUMBER_FREE
                                             : JC_NUMBER_TAKEN;
    *left = found ? (int)(block.last - number->number + block.behind) : 0;
    if (!known)
        jc_free(block.used);
    return code;
}

/* The number's character, with zeros before it as far as there are none. */
static void mark(struct jc_held_block *block, int64_t number, char what) {
    size_t at = (size_t)(number - block->first);
    if (at >= block->len) {
        memset(block->used + block->len, FREE, at - block->len);
        block->len = at + 1;
    }
    block->used[at] = what;
}

static const char INSERT_BLOCK[] =
    "INSERT INTO number_block (agency_id, kind, year, first_number, last_number, device_id, leased_ms, used)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/* A block of this one number, used or void. */
static enum jc_code record_lost(struct jc_tx *tx, const struct key *key, int64_t number, bool is_void,
                                struct jc_err *err) {
    bool lost = false;
    enum jc_code code = of_another_life(tx, key, number, &lost, err);
    if (!code && !lost)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_INTERNAL);
    if (code)
        return code;
    return jc_tx_exec(tx, INSERT_BLOCK,
                      JC_VALUES(jc_int(key->agency_id), jc_int(key->kind), jc_int(key->year), jc_int(number),
                                jc_int(number), jc_bytes(NOBODY.bytes, JC_UUID_SIZE), jc_int(0),
                                jc_text((struct jc_str){is_void ? &VOID : &USED, 1})),
                      err);
}

/* In a remembered block only there, to be written later; the job that does not come to that fails, and the memo is
 * forgotten, since the operation's row has been written before. */
enum jc_code jc_number_record(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                              const Jc__DocumentNumber *number, bool is_void, struct jc_number_pending *pending,
                              struct jc_err *err) {
    const struct key key = key_of(agency_id, device_id, number);
    struct jc_held_block block, *known = NULL;
    bool found = false;
    enum jc_code code = find_block(tx, &key, number->number, pending, &known, &block, &found, err);
    if (!code && !found) {
        jc_free(block.used);
        return record_lost(tx, &key, number->number, is_void, err);
    }
    if (!code && !is_free(&block, number->number))
        code = jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_DB_EXISTS);
    if (!code && known != pending->block)
        code = jc_number_write(tx, agency_id, pending, err);
    if (!code)
        mark(known ? known : &block, number->number, is_void ? VOID : USED);
    if (!code && known)
        *pending = (struct jc_number_pending){known, key.kind, key.year};
    else if (!code)
        code = write_block(tx, agency_id, key.kind, key.year, &block, err);
    if (!known)
        jc_free(block.used);
    return code;
}

/* --- blocks ----------------------------------------------------------------------------------------------- */

static const char SELECT_BLOCKS[] =
    "SELECT kind, year, first_number, last_number, LENGTH(used), LENGTH(REPLACE(used, '0', ''))\n"
    "FROM number_block\n"
    "WHERE agency_id = $1 AND device_id = $2\n"
    "ORDER BY kind, year, first_number";

enum jc_code jc_number_blocks(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                              struct jc_number_block **out, size_t *count, struct jc_err *err) {
    struct {
        struct jc_number_block *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_BLOCKS,
                                    JC_VALUES(jc_int(agency_id), jc_bytes(device_id.bytes, JC_UUID_SIZE)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_number_block *block = JC_PUSH(arena, &list, struct jc_number_block);
        if (!block) {
            code = jc_fail_memory(err);
            break;
        }
        block->kind = (Jc__DocumentKind)jc_rows_int64(rows, 0);
        block->year = (int)jc_rows_int64(rows, 1);
        block->first = (int)jc_rows_int64(rows, 2);
        block->last = (int)jc_rows_int64(rows, 3);
        block->highest = block->first - 1 + (int)jc_rows_int64(rows, 4);
        block->recorded = (int)jc_rows_int64(rows, 5);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

static const char SELECT_HIGHEST[] = "SELECT COALESCE(MAX(last_number), 0)\n"
                                     "FROM number_block\n"
                                     "WHERE agency_id = $1 AND kind = $2 AND year = $3 AND leased_ms > 0";
static const char SELECT_BETWEEN[] = "SELECT COALESCE(MAX(last_number), 0)\n"
                                     "FROM number_block\n"
                                     "WHERE agency_id = $1 AND kind = $2 AND year = $3\n"
                                     "  AND first_number > $4 AND first_number <= $5";

/* The highest number behind which `count` are nobody's. Numbers of another life of the database are passed by, not
 * followed: what a terminal says of them must not use up the year's numbers. */
static enum jc_code find_end(struct jc_tx *tx, int64_t agency_id, Jc__DocumentKind kind, int year, int count,
                             int64_t *out, struct jc_err *err) {
    int64_t taken = 0;
    enum jc_code code =
        jc_tx_int64(tx, SELECT_HIGHEST, JC_VALUES(jc_int(agency_id), jc_int(kind), jc_int(year)), &taken, err);
    for (*out = taken; !code && taken; *out = taken ? taken : *out)
        code = jc_tx_int64(tx, SELECT_BETWEEN,
                           JC_VALUES(jc_int(agency_id), jc_int(kind), jc_int(year), jc_int(*out), jc_int(*out + count)),
                           &taken, err);
    return code;
}

static enum jc_code insert_lease(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                 const struct jc_number_block *block, int64_t now_ms, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_BLOCK,
                      JC_VALUES(jc_int(agency_id), jc_int(block->kind), jc_int(block->year), jc_int(block->first),
                                jc_int(block->last), jc_bytes(device_id.bytes, JC_UUID_SIZE), jc_int(now_ms),
                                jc_text(JC_STR(""))),
                      err);
}

enum jc_code jc_number_lease(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, Jc__DocumentKind kind,
                             int year, int count, int64_t now_ms, struct jc_number_block *out, struct jc_err *err) {
    int64_t highest = 0;
    enum jc_code code = find_end(tx, agency_id, kind, year, count, &highest, err);
    if (code)
        return code;
    if (highest > INT32_MAX - count)
        return jc_fail(err, JC_OUT_OF_RANGE, JC_MSG_NUMBERS_EXHAUSTED);
    *out = (struct jc_number_block){
        .kind = kind, .year = year, .first = (int)highest + 1, .last = (int)highest + count, .highest = (int)highest};
    code = insert_lease(tx, agency_id, device_id, out, now_ms, err);
    if (!code)
        lengthen(tx, agency_id, device_id, kind, year, count);
    return code;
}

int64_t jc_number_version_of_month(int64_t now_ms) {
    struct jc_date today = jc_date_of_ms(now_ms);
    return ((int64_t)today.year * 12 + today.month) << JC_NUMBER_VERSION_BITS;
}

/* --- another life ------------------------------------------------------------------------------------------ */

static int64_t random_below(int64_t limit) {
    uint64_t value = 0;
    jc_random(&value, sizeof value);
    return (int64_t)(value % (uint64_t)limit);
}

/* The upper half of the month, at a place that no other life of the database has been at, by all odds. */
static int64_t version_never_told(int64_t now_ms) {
    int64_t half = INT64_C(1) << (JC_NUMBER_VERSION_BITS - 1);
    return jc_number_version_of_month(now_ms) + half + random_below(half / 2);
}

static const char SELECT_HIGHEST_SINCE[] = "SELECT COALESCE(MAX(last_number), 0)\n"
                                           "FROM number_block\n"
                                           "WHERE agency_id = $1 AND year >= $2";
static const char UPDATE_VERSIONS[] = "UPDATE device SET blocks_version = $1 WHERE agency_id = $2";

/* A place behind `highest`, far from where other lives are; always with as many numbers behind it as before it. */
static int64_t place_behind(int64_t highest) {
    enum { STEP = 1000 };
    const int64_t nine_digits = 100000000, span = 9 * nine_digits;
    int64_t low = highest < nine_digits ? nine_digits : (highest / STEP + 1) * STEP;
    int64_t room = low < INT32_MAX ? (INT32_MAX - low) / 2 : 0;
    int64_t places = (room < span ? room : span) / STEP;
    int64_t place = places ? low + random_below(places) * STEP : highest + 1;
    return place < INT32_MAX ? place : INT32_MAX;
}

enum jc_code jc_number_reopen(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, int *opening, struct jc_err *err) {
    int64_t highest = 0;
    int year = jc_date_of_ms(now_ms).year;
    enum jc_code code =
        jc_tx_int64(tx, SELECT_HIGHEST_SINCE, JC_VALUES(jc_int(agency_id), jc_int(year)), &highest, err);
    *opening = (int)place_behind(highest);
    struct jc_number_block block = {.first = *opening, .last = *opening};
    for (block.kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD;
         !code && highest < *opening && block.kind <= JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK; block.kind++) {
        for (block.year = year; !code && block.year <= year + 1; block.year++) /* leased from December on */
            code = insert_lease(tx, agency_id, NOBODY, &block, now_ms, err);
    }
    return code
               ? code
               : jc_tx_exec(tx, UPDATE_VERSIONS, JC_VALUES(jc_int(version_never_told(now_ms)), jc_int(agency_id)), err);
}
