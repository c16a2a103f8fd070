/* The schema comes from schema.sql and the calendar from holidays.csv, both embedded; a migration is
 * one script per version, run in order in one transaction. What must never happen: a released
 * migration is edited; databases that ran it would differ from those that run it later. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/id.h"
#include "db/memo.h"
#include "embed/jc_holidays_csv.h"
#include "embed/jc_migrate_2_sql.h"
#include "embed/jc_migrate_3_sql.h"
#include "embed/jc_migrate_4_sql.h"
#include "embed/jc_schema_sql.h"
#include "jiancha/v1/registry.pb-c.h"
#include "store/agency.h"
#include "store/audit_log.h"
#include "store/number.h"
#include "store/row.h"
#include "store/server_key.h"

/* MIGRATIONS[v] brings version v-1 to v; schema.sql is always the newest version. */
static const char *const MIGRATIONS[JC_SCHEMA_VERSION + 1] = {
    [2] = jc_migrate_2_sql, [3] = jc_migrate_3_sql, [4] = jc_migrate_4_sql};

/* SQLite's list of tables; PostgreSQL's is information_schema.tables. */
static const char COUNT_TABLES[] =
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'";
static const char COUNT_META[] = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'";

/* --- making ------------------------------------------------------------------------------------- */

static const char INSERT_HOLIDAY[] = "INSERT INTO holiday (day_on, kind, name, certainty)\n"
                                     "VALUES ($1, $2, $3, $4)";

/* holidays.csv: date, kind, name, year, certainty. */
static enum jc_code load_holidays(struct jc_tx *tx, struct jc_arena *arena, struct jc_err *err) {
    struct jc_csv csv;
    struct jc_csv_field field[JC_CSV_FIELDS_MAX];
    size_t count = 0;
    struct jc_str bytes = {jc_holidays_csv, jc_holidays_csv_len};
    enum jc_code code = jc_csv_open(&csv, arena, JC_STR("holidays.csv"), bytes, err);
    for (bool header = true; !code; header = false) {
        code = jc_csv_next(&csv, field, &count, err);
        if (code || count == 0)
            break;
        if (header)
            continue;
        struct jc_date day;
        if (count != 5 || !jc_date_parse(field[0].text, &day))
            return jc_fail(err, JC_INTERNAL, JC_MSG_STORE_DAMAGED, JC_STR("holidays.csv"));
        code = jc_tx_exec(
            tx, INSERT_HOLIDAY,
            JC_VALUES(jc_text(field[0].text), jc_text(field[1].text), jc_text(field[2].text), jc_text(field[4].text)),
            err);
    }
    return code;
}

static const char INSERT_META[] = "INSERT INTO meta (only_row, schema_version, incarnation, created_ms)\n"
                                  "VALUES (1, $1, $2, $3)";

static enum jc_code create_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct jc_clock *clock = ctx;
    int64_t tables = 0;
    enum jc_code code = jc_tx_int64(tx, COUNT_TABLES, JC_NO_VALUES, &tables, err);
    if (!code && tables > 0)
        code = jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_STORE_NOT_EMPTY);
    if (code)
        return code;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    if (!arena)
        return jc_fail_memory(err);
    uint8_t incarnation[16];
    jc_random(incarnation, sizeof incarnation);
    Jc__Agency nobody = JC__AGENCY__INIT;
    nobody.headcount_registered = nobody.headcount_counted = -1;
    int64_t agency_id;

    code = jc_tx_script(tx, jc_schema_sql, err);
    if (!code)
        code = jc_tx_exec(tx, INSERT_META,
                          JC_VALUES(jc_int(JC_SCHEMA_VERSION), jc_bytes(incarnation, sizeof incarnation),
                                    jc_int(jc_clock_now_ms(clock))),
                          err);
    if (!code)
        code = load_holidays(tx, arena, err);
    if (!code)
        code = jc_agency_add(tx, &nobody, &agency_id, err);
    if (!code)
        code = jc_server_key_ensure(tx, jc_clock_now_ms(clock), err);
    jc_arena_free(arena);
    return code;
}

enum jc_code jc_store_create(struct jc_db *db, const struct jc_clock *clock, struct jc_err *err) {
    struct jc_clock copy = *clock;
    return jc_db_write_wait(db, 0, create_job, &copy, err);
}

/* --- opening ------------------------------------------------------------------------------------ */

static const char SELECT_META[] = "SELECT schema_version, incarnation, created_ms\n"
                                  "FROM meta";

static enum jc_code read_meta(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_store_meta *meta = ctx;
    struct jc_str incarnation = jc_rows_bytes(rows, 1);
    if (incarnation.len != sizeof meta->incarnation)
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("meta.incarnation"));
    meta->schema_version = jc_rows_int64(rows, 0);
    memcpy(meta->incarnation, incarnation.ptr, incarnation.len);
    meta->created_ms = jc_rows_int64(rows, 2);
    return JC_OK;
}

static const char META; /* kind in the memo */

enum jc_code jc_store_meta(struct jc_tx *tx, struct jc_store_meta *out, struct jc_err *err) {
    const struct jc_store_meta *known = jc_tx_memo_find(tx, &META, JC_STR(""));
    *out = known ? *known : (struct jc_store_meta){0};
    enum jc_code code = known ? JC_OK : jc_row_each(tx, SELECT_META, JC_NO_VALUES, read_meta, out, err);
    if (!code && out->schema_version == 0)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_STORE_NOT_OURS);
    struct jc_store_meta *room = code || known ? NULL : jc_tx_memo_put(tx, &META, JC_STR(""), sizeof *room);
    if (room)
        *room = *out;
    return code;
}

/* The version in *ctx; JC_FAILED_PRECONDITION if the database is not ours or too new. */
static enum jc_code version_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t *version = ctx, tables = 0;
    struct jc_store_meta meta;
    enum jc_code code = jc_tx_int64(tx, COUNT_META, JC_NO_VALUES, &tables, err);
    if (!code && tables == 0)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_STORE_NOT_OURS);
    if (!code)
        code = jc_store_meta(tx, &meta, err);
    if (code)
        return code;
    *version = meta.schema_version;
    if (*version > JC_SCHEMA_VERSION) {
        char theirs[JC_NUMBER_TEXT], ours[JC_NUMBER_TEXT];
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_STORE_TOO_NEW, jc_str_from_int64(*version, theirs),
                       jc_str_from_int64(JC_SCHEMA_VERSION, ours));
    }
    return JC_OK;
}

static const char UPDATE_VERSION[] = "UPDATE meta SET schema_version = $1";

/* Another process may have migrated since: the version is read again inside. */
static enum jc_code migrate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t version = 0;
    (void)ctx;
    enum jc_code code = version_job(tx, &version, err);
    for (; !code && version < JC_SCHEMA_VERSION; version++) {
        code = jc_tx_script(tx, MIGRATIONS[version + 1], err);
        if (!code)
            code = jc_tx_exec(tx, UPDATE_VERSION, JC_VALUES(jc_int(version + 1)), err);
    }
    return code;
}

enum jc_code jc_store_open(struct jc_db *db, struct jc_err *err) {
    int64_t version = 0;
    enum jc_code code = jc_db_read(db, version_job, &version, err);
    if (!code && version < JC_SCHEMA_VERSION)
        code = jc_db_write_wait(db, 0, migrate_job, NULL, err);
    return code;
}

static enum jc_code begin_again(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_str actor,
                                struct jc_str source, struct jc_err *err) {
    int opening = 0;
    enum jc_code code = jc_number_reopen(tx, agency_id, now_ms, &opening, err);
    const struct jc_audited act = {agency_id, now_ms, actor, JC_STR("backup.restore"), source};
    return code ? code : jc_audit_log_note(tx, &act, err, JC_NOTE_NUMBERS_BEHIND, "%d", opening);
}

static const char UPDATE_INCARNATION[] = "UPDATE meta SET incarnation = $1";

enum jc_code jc_store_reincarnate(struct jc_tx *tx, int64_t now_ms, struct jc_str actor, struct jc_str source,
                                  struct jc_err *err) {
    uint8_t incarnation[16];
    struct jc_agency_ref *agencies = NULL;
    size_t count = 0;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    if (!arena)
        return jc_fail_memory(err);
    jc_random(incarnation, sizeof incarnation);
    enum jc_code code = jc_tx_exec(tx, UPDATE_INCARNATION, JC_VALUES(jc_bytes(incarnation, sizeof incarnation)), err);
    if (!code)
        code = jc_agency_list(tx, arena, &agencies, &count, err);
    for (size_t i = 0; !code && i < count; i++)
        code = begin_again(tx, agencies[i].agency_id, now_ms, actor, source, err);
    jc_arena_free(arena);
    return code;
}
