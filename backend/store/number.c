/* Blocks lie one behind the other per agency, kind and year; nothing is handed out twice because each
 * lease begins behind the highest number ever leased. Cost: a few index look-ups. */
#include "store/number.h"

static const struct jc_uuid NOBODY; /* holds the blocks that a restored database cannot know of */

static const char SELECT_TAKEN[] = "SELECT COUNT(*)\n"
                                   "FROM document_number\n"
                                   "WHERE agency_id = $1 AND kind = $2 AND year = $3 AND number = $4";
/* The only block that can have the number. */
static const char SELECT_LEASED[] = "SELECT CASE WHEN device_id IN ($1, $2) THEN last_number - $3 ELSE -1 END\n"
                                    "FROM number_block\n"
                                    "WHERE agency_id = $4 AND kind = $5 AND year = $6 AND first_number <= $3\n"
                                    "ORDER BY first_number DESC\n"
                                    "LIMIT 1";

enum jc_code jc_number_state(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                             const Jc__DocumentNumber *number, enum jc_number_state *out, int *left,
                             struct jc_err *err) {
    int64_t behind = -1, taken = 0;
    enum jc_code code =
        jc_tx_int64(tx, SELECT_LEASED,
                    JC_VALUES(jc_bytes(device_id.bytes, JC_UUID_SIZE), jc_bytes(NOBODY.bytes, JC_UUID_SIZE),
                              jc_int(number->number), jc_int(agency_id), jc_int(number->kind), jc_int(number->year)),
                    &behind, err);
    if (code == JC_NOT_FOUND)
        code = JC_OK;
    if (!code && behind >= 0)
        code = jc_tx_int64(
            tx, SELECT_TAKEN,
            JC_VALUES(jc_int(agency_id), jc_int(number->kind), jc_int(number->year), jc_int(number->number)), &taken,
            err);
    *out = behind < 0 ? JC_NUMBER_FOREIGN : taken ? JC_NUMBER_TAKEN : JC_NUMBER_FREE;
    *left = behind < 0 ? 0 : (int)behind;
    return code;
}

static const char INSERT_NUMBER[] =
    "INSERT INTO document_number (agency_id, kind, year, number, operation_no, void_reason)\n"
    "VALUES ($1, $2, $3, $4, $5, $6)";

enum jc_code jc_number_record(struct jc_tx *tx, int64_t agency_id, const Jc__DocumentNumber *number,
                              int64_t operation_no, struct jc_str void_reason, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_NUMBER,
                      JC_VALUES(jc_int(agency_id), jc_int(number->kind), jc_int(number->year), jc_int(number->number),
                                jc_int(operation_no), jc_text_or_null(void_reason)),
                      err);
}

static const char SELECT_BLOCKS[] =
    "SELECT b.kind, b.year, b.first_number, b.last_number, MAX(n.number), COUNT(n.number)\n"
    "FROM number_block AS b\n"
    "LEFT JOIN document_number AS n ON n.agency_id = b.agency_id AND n.kind = b.kind AND n.year = b.year\n"
    "                              AND n.number BETWEEN b.first_number AND b.last_number\n"
    "WHERE b.agency_id = $1 AND b.device_id = $2\n"
    "GROUP BY b.kind, b.year, b.first_number, b.last_number\n"
    "ORDER BY b.kind, b.year, b.first_number";

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
        block->highest = jc_rows_is_null(rows, 4) ? block->first - 1 : (int)jc_rows_int64(rows, 4);
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
                                     "WHERE agency_id = $1 AND kind = $2 AND year = $3";
static const char INSERT_BLOCK[] =
    "INSERT INTO number_block (agency_id, kind, year, first_number, last_number, device_id, leased_ms)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";

enum jc_code jc_number_lease(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, Jc__DocumentKind kind,
                             int year, int count, int64_t now_ms, struct jc_number_block *out, struct jc_err *err) {
    int64_t highest = 0;
    enum jc_code code =
        jc_tx_int64(tx, SELECT_HIGHEST, JC_VALUES(jc_int(agency_id), jc_int(kind), jc_int(year)), &highest, err);
    if (code)
        return code;
    if (highest > INT32_MAX - count)
        return jc_fail(err, JC_OUT_OF_RANGE, JC_MSG_NUMBERS_EXHAUSTED);
    *out = (struct jc_number_block){
        .kind = kind, .year = year, .first = (int)highest + 1, .last = (int)highest + count, .highest = (int)highest};
    return jc_tx_exec(tx, INSERT_BLOCK,
                      JC_VALUES(jc_int(agency_id), jc_int(kind), jc_int(year), jc_int(out->first), jc_int(out->last),
                                jc_bytes(device_id.bytes, JC_UUID_SIZE), jc_int(now_ms)),
                      err);
}

int64_t jc_number_version_of_month(int64_t now_ms) {
    struct jc_date today = jc_date_of_ms(now_ms);
    return ((int64_t)today.year * 12 + today.month) << JC_NUMBER_VERSION_BITS;
}

/* The upper half of the month, at a place of this second. */
static int64_t version_never_told(int64_t now_ms) {
    int64_t half = INT64_C(1) << (JC_NUMBER_VERSION_BITS - 1);
    return jc_number_version_of_month(now_ms) + half + now_ms / 1000 % (half / 2);
}

static const char UPDATE_VERSIONS[] = "UPDATE device SET blocks_version = $1 WHERE agency_id = $2";
static const char COUNT_DEVICES[] = "SELECT COUNT(*) FROM device WHERE agency_id = $1";

enum jc_code jc_number_skip(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_err *err) {
    struct jc_number_block skipped;
    int64_t devices = 0;
    int year = jc_date_of_ms(now_ms).year;
    enum jc_code code = jc_tx_int64(tx, COUNT_DEVICES, JC_VALUES(jc_int(agency_id)), &devices, err);
    for (int kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD;
         !code && kind <= (int)JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK; kind++) {
        for (int i = 0; !code && i < 2; i++) { /* from December on terminals hold numbers of the next year */
            code = jc_number_lease(tx, agency_id, NOBODY, (Jc__DocumentKind)kind, year + i,
                                   JC_NUMBER_SKIP * (int)(devices + 1), now_ms, &skipped, err);
            code = code == JC_OUT_OF_RANGE ? JC_OK : code;
        }
    }
    return code
               ? code
               : jc_tx_exec(tx, UPDATE_VERSIONS, JC_VALUES(jc_int(version_never_told(now_ms)), jc_int(agency_id)), err);
}
