/* Rows of agency and the head that belongs to each. Optional figures are NULL in the row and 0 or -1
 * in the message, as registry.proto says. */
#include "store/agency.h"

#include "store/change.h"
#include "store/row.h"

static const char FIND_BY_CODE[] = "SELECT agency_id\n"
                                   "FROM agency\n"
                                   "WHERE code = $1";
static const char COUNT_AGENCIES[] = "SELECT COUNT(*) FROM agency";
static const char ONLY_AGENCY[] = "SELECT MIN(agency_id) FROM agency";

enum jc_code jc_agency_find(struct jc_tx *tx, struct jc_str code_text, int64_t *out_agency_id, struct jc_err *err) {
    if (code_text.len) {
        enum jc_code code = jc_tx_int64(tx, FIND_BY_CODE, JC_VALUES(jc_text(code_text)), out_agency_id, err);
        return code == JC_NOT_FOUND ? jc_fail(err, code, JC_MSG_AGENCY_UNKNOWN, code_text) : code;
    }
    int64_t count = 0;
    enum jc_code code = jc_tx_int64(tx, COUNT_AGENCIES, JC_NO_VALUES, &count, err);
    if (!code && count == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_AGENCY_UNKNOWN, code_text);
    if (!code && count > 1)
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_AGENCY_SEVERAL);
    return code ? code : jc_tx_int64(tx, ONLY_AGENCY, JC_NO_VALUES, out_agency_id, err);
}

struct agency_refs {
    struct jc_arena *arena;
    struct jc_agency_ref *items;
    size_t count, capacity;
};

static enum jc_code read_ref(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct agency_refs *list = ctx;
    struct jc_agency_ref *ref = JC_PUSH(list->arena, list, struct jc_agency_ref);
    struct jc_str code = jc_arena_copy(list->arena, jc_rows_text(rows, 1));
    if (!ref || !code.ptr)
        return jc_fail_memory(err);
    *ref = (struct jc_agency_ref){jc_rows_int64(rows, 0), code};
    return JC_OK;
}

static const char LIST_AGENCIES[] = "SELECT agency_id, code\n"
                                    "FROM agency\n"
                                    "ORDER BY agency_id";

enum jc_code jc_agency_list(struct jc_tx *tx, struct jc_arena *arena, struct jc_agency_ref **out, size_t *count,
                            struct jc_err *err) {
    struct agency_refs list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, LIST_AGENCIES, JC_NO_VALUES, read_ref, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

struct one_agency {
    struct jc_arena *arena;
    Jc__Agency *agency; /* NULL: no row */
};

static enum jc_code read_agency(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct one_agency *one = ctx;
    struct jc_row row = {rows, one->arena, false};
    Jc__Agency *agency = JC_NEW(one->arena, Jc__Agency);
    if (!agency)
        return jc_fail_memory(err);
    jc__agency__init(agency);
    agency->agency_id = jc_row_text(&row, 0);
    agency->name = jc_row_text(&row, 1);
    agency->level = jc_row_text(&row, 2);
    agency->year = (int32_t)jc_rows_int64(rows, 3);
    agency->statutory_days_per_person = (int32_t)jc_rows_int64(rows, 4);
    agency->headcount_registered = (int32_t)jc_row_int_or_absent(&row, 5);
    agency->headcount_counted = (int32_t)jc_row_int_or_absent(&row, 6);
    if (row.failed)
        return jc_fail_memory(err);
    one->agency = agency;
    return JC_OK;
}

static const char SELECT_AGENCY[] =
    "SELECT code, name, level, year, statutory_days_per_person, headcount_registered, headcount_counted\n"
    "FROM agency\n"
    "WHERE agency_id = $1";

enum jc_code jc_agency_get(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Agency **out,
                           struct jc_err *err) {
    struct one_agency one = {arena, NULL};
    enum jc_code code = jc_row_each(tx, SELECT_AGENCY, JC_VALUES(jc_int(agency_id)), read_agency, &one, err);
    if (!code && !one.agency) {
        char number[JC_NUMBER_TEXT];
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_AGENCY_UNKNOWN, jc_str_from_int64(agency_id, number));
    }
    *out = one.agency;
    return code;
}

static const char UPDATE_AGENCY[] = "UPDATE agency\n"
                                    "SET code = $1, name = $2, level = $3, year = $4, statutory_days_per_person = $5,\n"
                                    "    headcount_registered = $6, headcount_counted = $7\n"
                                    "WHERE agency_id = $8";

enum jc_code jc_agency_put(struct jc_tx *tx, int64_t agency_id, const Jc__Agency *agency, struct jc_err *err) {
    int64_t days = agency->statutory_days_per_person;
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_AGENCY,
                   JC_VALUES(jc_text_or_null(jc_str(agency->agency_id)), jc_text(jc_str(agency->name)),
                             jc_text(jc_str(agency->level)), jc_int(agency->year), days > 0 ? jc_int(days) : jc_null(),
                             jc_int_or_null(agency->headcount_registered), jc_int_or_null(agency->headcount_counted),
                             jc_int(agency_id)),
                   err);
    if (!code && jc_tx_changed(tx) == 0) {
        char number[JC_NUMBER_TEXT];
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_AGENCY_UNKNOWN, jc_str_from_int64(agency_id, number));
    }
    if (code || agency->agency_id[0] == '\0')
        return code;
    return jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_AGENCY, jc_str(agency->agency_id), JC_STR(""),
                            false, err);
}

static const char NEXT_AGENCY[] = "SELECT COALESCE(MAX(agency_id), 0) + 1 FROM agency";
static const char INSERT_AGENCY[] = "INSERT INTO agency (agency_id, name, level, year)\n"
                                    "VALUES ($1, '', '', 0)";
static const char INSERT_HEAD[] =
    "INSERT INTO agency_head (agency_id, change_seq, operation_no, chain_head, audit_no)\n"
    "VALUES ($1, 0, 0, $2, 0)";

enum jc_code jc_agency_add(struct jc_tx *tx, const Jc__Agency *agency, int64_t *out_agency_id, struct jc_err *err) {
    static const uint8_t ZEROS[32];
    int64_t agency_id = 0;
    enum jc_code code = jc_tx_int64(tx, NEXT_AGENCY, JC_NO_VALUES, &agency_id, err);
    if (!code)
        code = jc_tx_exec(tx, INSERT_AGENCY, JC_VALUES(jc_int(agency_id)), err);
    if (!code)
        code = jc_tx_exec(tx, INSERT_HEAD, JC_VALUES(jc_int(agency_id), jc_bytes(ZEROS, sizeof ZEROS)), err);
    if (!code)
        code = jc_agency_put(tx, agency_id, agency, err);
    *out_agency_id = agency_id;
    return code;
}
