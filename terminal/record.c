/* A noun made here is read out of its operation's body; nothing else holds it, so it cannot differ from what is
 * signed and sent. An order may also come from the server (another terminal's); the own one goes first. */
#include "terminal/record.h"

#include "terminal/entity.h"

bool jc_terminal_record_noun(const struct jc_terminal_outcome *outcome, struct jc_terminal_ref *out) {
    out->id = outcome->subject_id;
    switch (outcome->command) {
    case JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION:
    case JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION:
        out->noun = JC_TERMINAL_INSPECTION;
        return true;
    case JC__OPERATION_BODY__COMMAND_ISSUE_ORDER:
        out->noun = JC_TERMINAL_ORDER;
        return true;
    case JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK:
        out->noun = JC_TERMINAL_RECHECK;
        return true;
    default:
        return false;
    }
}

/* Takes the noun out of the body; false if the body carries another one. */
static bool take_noun(const Jc__OperationBody *body, struct jc_terminal_record *out) {
    switch (body->command_case) {
    case JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION:
        out->inspection = body->submit_inspection->inspection;
        return out->inspection != NULL;
    case JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION:
        out->inspection = body->add_ad_hoc_inspection->inspection;
        out->reason = jc_str(body->add_ad_hoc_inspection->reason);
        return out->inspection != NULL;
    case JC__OPERATION_BODY__COMMAND_ISSUE_ORDER:
        out->order = body->issue_order->order;
        return out->order != NULL;
    case JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK:
        out->recheck = body->submit_recheck->recheck;
        return out->recheck != NULL;
    default:
        return false;
    }
}

/* The newest operation that carries the noun. */
static enum jc_code read_made_here(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_record *out,
                                   const struct jc_terminal_operation **operation, struct jc_err *err) {
    struct jc_terminal_operations list;
    struct jc_uuid none = {{0}};
    enum jc_code code = jc_terminal_operation_list(tx, out->ref.id, none, arena, &list, err);
    for (size_t i = list.count; code == JC_OK && i-- > 0;) {
        struct jc_terminal_ref ref;
        Jc__OperationBody *body;
        struct jc_terminal_operation *carrier = list.items + i;
        if (!jc_terminal_record_noun(&carrier->outcome, &ref) || ref.noun != out->ref.noun)
            continue;
        code = jc_terminal_operation_body(carrier, arena, &body, err);
        if (code == JC_OK && take_noun(body, out)) {
            out->outcome = &carrier->outcome;
            *operation = carrier;
            return JC_OK;
        }
    }
    return code;
}

static enum jc_code read_entity(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_record *out,
                                struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    struct jc_str id = {(const char *)out->ref.id.bytes, sizeof out->ref.id.bytes};
    bool task = out->ref.noun == JC_TERMINAL_TASK;
    enum jc_code code = jc_terminal_entity_get(
        tx, task ? JC__ENTITY_KIND__ENTITY_KIND_TASK : JC__ENTITY_KIND__ENTITY_KIND_ORDER, id, arena, &message, err);
    if (task)
        out->task = (Jc__Task *)message;
    else
        out->order = (Jc__RectificationOrder *)message;
    return code;
}

static struct jc_str unit_id_of(const struct jc_terminal_record *record) {
    if (record->task)
        return jc_str(record->task->unit_id);
    if (record->inspection)
        return jc_str(record->inspection->unit_id);
    if (record->order)
        return jc_str(record->order->unit_id);
    return record->outcome->unit_id;
}

enum jc_code jc_terminal_record_read(struct jc_tx *tx, struct jc_terminal_ref ref, struct jc_arena *arena,
                                     struct jc_terminal_record *out, const struct jc_terminal_operation **operation,
                                     struct jc_err *err) {
    const struct jc_terminal_operation *carrier = NULL;
    ProtobufCMessage *unit = NULL;
    enum jc_code code = JC_OK;
    *out = (struct jc_terminal_record){.ref = ref};
    if (ref.noun != JC_TERMINAL_TASK)
        code = read_made_here(tx, arena, out, &carrier, err);
    if (code == JC_OK && !carrier && (ref.noun == JC_TERMINAL_TASK || ref.noun == JC_TERMINAL_ORDER))
        code = read_entity(tx, arena, out, err);
    if (code)
        return code;
    if (!out->task && !out->inspection && !out->order && !out->recheck) {
        char text[JC_UUID_TEXT];
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_ID_UNKNOWN, jc_uuid_format(ref.id, text));
    }
    code = jc_terminal_source_get(tx, ref.id, JC__ENTITY_KIND__ENTITY_KIND_UNIT, unit_id_of(out), arena, &unit, err);
    out->unit = (Jc__Unit *)unit;
    if (operation)
        *operation = carrier;
    return code;
}

/* --- public ------------------------------------------------------------------------------------------- */

struct loading {
    struct jc_terminal_ref ref;
    struct jc_arena *arena;
    struct jc_terminal_record *out;
};

static enum jc_code load(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct loading *loading = ctx;
    return jc_terminal_record_read(tx, loading->ref, loading->arena, loading->out, NULL, err);
}

enum jc_code jc_terminal_load(struct jc_terminal *terminal, struct jc_terminal_ref ref, struct jc_arena *arena,
                              struct jc_terminal_record *out, struct jc_err *err) {
    struct loading loading = {ref, arena, out};
    return jc_terminal_read(terminal, load, &loading, err);
}
