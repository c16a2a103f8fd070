/* Rows are numbered and chained by the agency's head and never changed or deleted. */
#include "store/audit_log.h"

#include <string.h>

#include "store/head.h"
#include "store/row.h"
#include "store/stamp.h"

enum { NOTE_MAX = 16 << 10 };

/* --- the chain ------------------------------------------------------------------------------------- */

struct entry {
    int64_t agency_id, audit_no, at_ms;
    struct jc_str actor, act, object, detail;
};

static void add_int(struct jc_sha256_state *state, int64_t number) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (8 * i));
    jc_sha256_add(state, (struct jc_str){(const char *)bytes, sizeof bytes});
}

/* The encoding the header documents. */
static void chain_hash(const struct entry *entry, const uint8_t before[JC_SHA256_SIZE], uint8_t out[JC_SHA256_SIZE]) {
    static const char NAME[] = "jiancha-audit-1"; /* its NUL takes part */
    const struct jc_str texts[] = {entry->actor, entry->act, entry->object, entry->detail};
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){NAME, sizeof NAME});
    jc_sha256_add(&state, (struct jc_str){(const char *)before, JC_SHA256_SIZE});
    add_int(&state, entry->agency_id);
    add_int(&state, entry->audit_no);
    add_int(&state, entry->at_ms);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        add_int(&state, (int64_t)texts[i].len);
        jc_sha256_add(&state, texts[i]);
    }
    jc_sha256_end(&state, out);
}

static const char INSERT_AUDIT[] =
    "INSERT INTO audit_log (agency_id, audit_no, at_ms, actor, act, object, detail, chain_hash)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

enum jc_code jc_audit_log_add(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_str actor,
                              struct jc_str act, struct jc_str object, struct jc_str detail, struct jc_err *err) {
    struct jc_head *head;
    uint8_t hash[JC_SHA256_SIZE];
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    const struct entry entry = {agency_id, ++head->audit_no, now_ms, actor, act, object, detail};
    chain_hash(&entry, head->audit_head, hash);
    memcpy(head->audit_head, hash, sizeof hash);
    return jc_tx_exec(tx, INSERT_AUDIT,
                      JC_VALUES(jc_int(agency_id), jc_int(entry.audit_no), jc_int(now_ms), jc_text(actor), jc_text(act),
                                jc_text(object), jc_text(detail), jc_bytes(hash, sizeof hash)),
                      err);
}

enum jc_code jc_audit_log_note(struct jc_tx *tx, const struct jc_audited *what, struct jc_err *err,
                               enum jc_audit_note note, const char *format, ...) {
    struct jc_buf detail;
    va_list args;
    jc_buf_init(&detail, NOTE_MAX);
    va_start(args, format);
    jc_audit_note(&detail, note, format, args);
    va_end(args);
    enum jc_code code = detail.failed ? jc_fail_memory(err)
                                      : jc_audit_log_add(tx, what->agency_id, what->now_ms, what->actor, what->act,
                                                         what->object, jc_buf_str(&detail), err);
    jc_buf_free(&detail);
    return code;
}

#define AUDIT_COLUMNS "SELECT audit_no, at_ms, actor, act, object, detail, chain_hash\n"

struct verifier {
    int64_t agency_id;
    struct jc_chain_points points;
    jc_chain_found *found;
    void *ctx;
    int64_t good_no; /* the last row that a head agrees with */
    int64_t no, rows;
    uint8_t hash[JC_SHA256_SIZE]; /* stored one of the row before; zeros */
    bool chained;                 /* a row with a hash has been seen */
};

static void tell(const struct verifier *v, int64_t no, enum jc_msg what, struct jc_str second) {
    char number[JC_NUMBER_TEXT];
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what, (const struct jc_str[JC_ERR_ARGS]){jc_str_from_int64(no, number), second});
    v->found(v->ctx, no, &fault);
}

static void check_points(struct verifier *v) {
    char number[JC_NUMBER_TEXT];
    enum jc_chain_word word = jc_chain_points_say(&v->points, v->no, v->hash);
    if (word == JC_CHAIN_REWRITTEN)
        tell(v, v->no, JC_MSG_AUDIT_CHAIN_POINT, jc_str_from_int64(v->good_no, number));
    else if (word == JC_CHAIN_SAME)
        v->good_no = v->no;
}

static enum jc_code verify_row(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct verifier *v = ctx;
    const struct entry entry = {v->agency_id,          jc_rows_int64(rows, 0), jc_rows_int64(rows, 1),
                                jc_rows_text(rows, 2), jc_rows_text(rows, 3),  jc_rows_text(rows, 4),
                                jc_rows_text(rows, 5)};
    struct jc_str stored = jc_rows_bytes(rows, 6);
    uint8_t expected[JC_SHA256_SIZE];
    char number[JC_NUMBER_TEXT];
    (void)err;
    bool gap = entry.audit_no != v->no + 1;
    if (gap)
        tell(v, v->no + 1, JC_MSG_AUDIT_CHAIN_MISSING, jc_str_from_int64(entry.audit_no - 1, number));
    v->no = entry.audit_no;
    v->rows++;
    if (!stored.len && !v->chained)
        return JC_OK;
    chain_hash(&entry, v->hash, expected);
    if (stored.len != JC_SHA256_SIZE || (!gap && memcmp(stored.ptr, expected, JC_SHA256_SIZE) != 0))
        tell(v, entry.audit_no, JC_MSG_AUDIT_CHAIN_ALTERED, entry.act);
    v->chained = true;
    memcpy(v->hash, stored.len == JC_SHA256_SIZE ? (const uint8_t *)stored.ptr : expected, JC_SHA256_SIZE);
    check_points(v);
    return JC_OK;
}

static const char SELECT_ALL[] = AUDIT_COLUMNS "FROM audit_log\n"
                                               "WHERE agency_id = $1\n"
                                               "ORDER BY audit_no";

enum jc_code jc_audit_log_verify(struct jc_tx *tx, int64_t agency_id, struct jc_chain_points points,
                                 jc_chain_found *found, void *ctx, int64_t *rows_out, struct jc_err *err) {
    struct verifier v = {.agency_id = agency_id, .points = points, .found = found, .ctx = ctx};
    struct jc_head head;
    char number[JC_NUMBER_TEXT];
    enum jc_code code = jc_head_read(tx, agency_id, &head, err);
    if (!code)
        code = jc_row_each(tx, SELECT_ALL, JC_VALUES(jc_int(agency_id)), verify_row, &v, err);
    if (code)
        return code;
    int64_t last = jc_chain_points_last(&points, head.audit_no);
    if (last > v.no)
        tell(&v, v.no + 1, JC_MSG_AUDIT_CHAIN_MISSING, jc_str_from_int64(last, number));
    else if (head.audit_no < v.no || memcmp(head.audit_head, v.hash, JC_SHA256_SIZE) != 0)
        tell(&v, head.audit_no, JC_MSG_AUDIT_CHAIN_HEAD, (struct jc_str){0});
    *rows_out = v.rows;
    return JC_OK;
}

/* --- listing --------------------------------------------------------------------------------------- */

struct entry_list JC_ROW_LIST(Jc__AuditEntry);

static enum jc_code read_entry(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct entry_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__AuditEntry *entry = JC_NEW(list->arena, Jc__AuditEntry), **slot = JC_PUSH(list->arena, list, Jc__AuditEntry *);
    if (!entry || !slot)
        return jc_fail_memory(err);
    jc__audit_entry__init(entry);
    entry->audit_no = jc_rows_int64(rows, 0);
    entry->at = jc_stamp_of_ms(list->arena, jc_rows_int64(rows, 1));
    entry->actor = jc_row_text(&row, 2);
    entry->act = jc_row_text(&row, 3);
    entry->object = jc_row_text(&row, 4);
    if (row.failed)
        return jc_fail_memory(err);
    entry->detail = jc_audit_detail_words(list->arena, JC_EN, jc_rows_text(rows, 5));
    entry->detail_zh = jc_audit_detail_words(list->arena, JC_ZH, jc_rows_text(rows, 5));
    entry->act_en = (char *)jc_audit_act_words(JC_EN, entry->act).ptr;
    entry->act_zh = (char *)jc_audit_act_words(JC_ZH, entry->act).ptr;
    *slot = entry;
    return !entry->at || !entry->detail || !entry->detail_zh ? jc_fail_memory(err) : JC_OK;
}

/* $3 ends with a dot: every act that begins so. */
static const char SELECT_PAGE[] = AUDIT_COLUMNS
    "FROM audit_log\n"
    "WHERE agency_id = $1 AND audit_no < $2\n"
    "  AND ($3 = '' OR act = $3 OR (SUBSTR($3, LENGTH($3), 1) = '.' AND SUBSTR(act, 1, LENGTH($3)) = $3))\n"
    "ORDER BY audit_no DESC\n"
    "LIMIT $4";

enum jc_code jc_audit_log_list(struct jc_tx *tx, int64_t agency_id, const struct jc_audit_filter *filter,
                               struct jc_arena *arena, Jc__AuditEntry ***out, size_t *count, bool *more,
                               struct jc_err *err) {
    struct entry_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_PAGE,
                                    JC_VALUES(jc_int(agency_id), jc_int(filter->before ? filter->before : INT64_MAX),
                                              jc_text(filter->act), jc_int((int64_t)filter->limit + 1)),
                                    read_entry, &list, err);
    if (code)
        return code;
    *more = list.count > (size_t)filter->limit;
    *out = list.items;
    *count = *more ? (size_t)filter->limit : list.count;
    return JC_OK;
}
