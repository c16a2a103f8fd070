/* A number that was given to a paper form and spoiled: the next one of its kind goes out of the block and is voided on
 * record, so that every number between the first and the last can be accounted for (DESIGN section 5, point 8). */
#include "terminal/work.h"

struct voiding {
    struct jc_terminal_making making;
    Jc__DocumentKind kind;
    struct jc_str reason;
};

static enum jc_code void_number(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct voiding *voiding = ctx;
    struct jc_terminal_making *making = &voiding->making;
    Jc__VoidDocumentNumber message = JC__VOID_DOCUMENT_NUMBER__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    struct jc_str reason = jc_arena_copy(making->arena, jc_str_trim(voiding->reason));
    if (!reason.ptr)
        return jc_fail_memory(err);
    if (reason.len == 0)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_REASON_MISSING);
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code)
        return code;
    making->command = (struct jc_terminal_command){.body = &body, .subject_id = jc_uuid7(&making->terminal->wall)};
    code = jc_terminal_making_number(tx, making, voiding->kind, jc_clock_now_ms(&making->terminal->wall),
                                     &message.document_number, err);
    if (code)
        return code;
    message.reason = (char *)(uintptr_t)reason.ptr;
    body.command_case = JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER;
    body.void_document_number = &message;
    return jc_terminal_making_store(tx, making, JC_TERMINAL_NUMBER, err);
}

enum jc_code jc_terminal_void_number(struct jc_terminal *terminal, Jc__DocumentKind kind, struct jc_str reason,
                                     struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err) {
    struct voiding voiding = {{.terminal = terminal, .arena = arena, .out = out}, kind, reason};
    return jc_terminal_write(terminal, void_number, &voiding, err);
}
