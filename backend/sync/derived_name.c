/* What people call the record of an operation, and the terminal it is of. */
#include "store/row.h"
#include "store/stamp.h"
#include "sync/check.h"
#include "sync/derived_row.h"

const Jc__Inspection *jc_derived_inspection_of(const Jc__OperationBody *body) {
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        return body->submit_inspection->inspection;
    return body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION
               ? body->add_ad_hoc_inspection->inspection
               : NULL;
}

const Jc__DocumentNumber *jc_derived_number_of(const Jc__OperationBody *body) {
    const Jc__Inspection *inspection = jc_derived_inspection_of(body);
    if (inspection)
        return inspection->document_number;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_ISSUE_ORDER && body->issue_order->order)
        return body->issue_order->order->document_number;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK && body->submit_recheck->recheck)
        return body->submit_recheck->recheck->document_number;
    return body->command_case == JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER
               ? body->void_document_number->document_number
               : NULL;
}

/* --- the name --------------------------------------------------------------------------------------------- */

struct name {
    const Jc__DocumentNumber *number;
    struct jc_str unit_id;
    const Google__Protobuf__Timestamp *when;
};

static struct name name_of(const Jc__OperationBody *body) {
    const Jc__Inspection *inspection = jc_derived_inspection_of(body);
    struct name name = {.number = jc_derived_number_of(body), .unit_id = JC_STR("")};
    if (inspection) {
        name.unit_id = jc_str(inspection->unit_id);
        name.when = inspection->ended_at;
    } else if (body->command_case == JC__OPERATION_BODY__COMMAND_ISSUE_ORDER && body->issue_order->order) {
        name.unit_id = jc_str(body->issue_order->order->unit_id);
        name.when = body->issue_order->order->issued_at;
    } else if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK && body->submit_recheck->recheck) {
        name.when = body->submit_recheck->recheck->ended_at;
    } else if (name.number) {
        name.when = body->device_time;
    }
    return name;
}

static enum jc_code say(const struct name *name, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    char number[64], day[JC_TIME_MAX];
    struct jc_str parts[3] = {{0}};
    int64_t ms = 0;
    if (name->number)
        parts[0] = jc_show_number(name->number, number);
    parts[1] = name->unit_id;
    if (jc_stamp_to_ms(name->when, &ms))
        parts[2] = jc_date_format(jc_date_of_ms(ms), day);
    *out = JC_STR("");
    for (int i = 0; i < 3; i++) {
        if (parts[i].len)
            *out = jc_arena_printf(arena, "%.*s%s%.*s", JC_FMT(*out), out->len ? " " : "", JC_FMT(parts[i]));
        if (!out->ptr)
            return jc_fail_memory(err);
    }
    return JC_OK;
}

/* The operation is not there, or its content is gone. */
static const char SELECT_ROW[] =
    "SELECT CASE WHEN document_no IS NULL THEN '' ELSE '1-' || document_year || '-' || document_no || ' ' END\n"
    "       || unit_id || ' ', ended_ms\n"
    "FROM inspection\n"
    "WHERE agency_id = $1 AND op_key = $2\n"
    "UNION ALL\n"
    "SELECT CASE WHEN document_no IS NULL THEN '' ELSE '2-' || document_year || '-' || document_no || ' ' END\n"
    "       || unit_id || ' ', issued_ms\n"
    "FROM rectification_order\n"
    "WHERE agency_id = $1 AND op_key = $2";

struct row_name {
    struct jc_arena *arena;
    struct jc_str text;
};

static enum jc_code take_row(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct row_name *name = ctx;
    char day[JC_TIME_MAX];
    struct jc_str on = jc_date_format(jc_date_of_ms(jc_rows_int64(rows, 1)), day);
    name->text = jc_arena_printf(name->arena, "%.*s%.*s", JC_FMT(jc_rows_text(rows, 0)), JC_FMT(on));
    return name->text.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_derived_name(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                             struct jc_str *out, struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    struct row_name row = {arena, JC_STR("")};
    struct jc_str bytes = {0}, arg;
    enum jc_ground ground;
    *out = JC_STR("");
    enum jc_code code = jc_operation_body(tx, agency_id, operation_no, arena, &bytes, err);
    if (!code && bytes.ptr)
        code = jc_sync_decode(bytes, arena, &body, &ground, &arg, err);
    if (!code && body) {
        struct name name = name_of(body);
        return say(&name, arena, out, err);
    }
    if (code && code != JC_NOT_FOUND)
        return code;
    code = jc_row_each(tx, SELECT_ROW, JC_VALUES(jc_int(agency_id), jc_int(jc_op_key(agency_id, operation_no))),
                       take_row, &row, err);
    *out = row.text;
    return code;
}

/* --- the terminal ------------------------------------------------------------------------------------------- */

static const char SELECT_DEVICE[] = "SELECT device.name\n"
                                    "FROM operation\n"
                                    "JOIN device ON device.agency_id = $1 AND device.device_id = operation.device_id\n"
                                    "WHERE operation.op_key = $2";

static enum jc_code take_device(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct row_name *name = ctx;
    name->text = jc_rows_copy(rows, 0, name->arena);
    return name->text.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_derived_device(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                               struct jc_str *out, struct jc_err *err) {
    struct row_name name = {arena, JC_STR("")};
    enum jc_code code =
        jc_row_each(tx, SELECT_DEVICE, JC_VALUES(jc_int(agency_id), jc_int(jc_op_key(agency_id, operation_no))),
                    take_device, &name, err);
    *out = name.text;
    return code;
}
