/* Operations: what was done here, in order. Those without a receipt are the outbox; all stay for ever.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_OPERATION_H
#define JC_TERMINAL_OPERATION_H

#include "terminal/store.h"

struct jc_terminal_operation {
    int64_t position;
    struct jc_terminal_outcome outcome; /* identifiers, command and what became of it */
    struct jc_uuid device_id;           /* enrolment it goes out under */
    struct jc_str body;                 /* OperationBody as it was serialised once */
    struct jc_str body_sha256;
    /* Its place in the device's chain (base/evidence.h). Made by version 1: `previous` and `link` are empty
     * and `seal` is the signature of the body. */
    struct jc_str previous, link, seal;
    struct jc_str depends_on; /* 16-byte ids, one after another */
};

struct jc_terminal_operations {
    struct jc_terminal_operation *items;
    size_t count, capacity;
};

/* A command about to be stored. */
struct jc_terminal_command {
    Jc__OperationBody *body; /* the command set; the clocks are filled in here */
    struct jc_uuid operation_id, task_id, subject_id;
    struct jc_str unit_id;
    struct jc_uuid depends_on; /* zeros: nothing */
};

/* Serialises the body once with who acts and what the clocks say, makes it the newest link of the device's chain,
 * seals that, and stores the operation as the newest of the outbox. JC_INVALID_ARGUMENT if it is longer than
 * JC_TERMINAL_BODY_MAX. */
enum jc_code jc_terminal_operation_add(struct jc_tx *tx, const struct jc_terminal *terminal,
                                       const struct jc_terminal_self *self, struct jc_terminal_command *command,
                                       struct jc_arena *arena, struct jc_err *err);

/* All operations in order, newest last; with `subject` (not zeros) those of one noun, else with `task`
 * those of one task. */
enum jc_code jc_terminal_operation_list(struct jc_tx *tx, struct jc_uuid subject, struct jc_uuid task,
                                        struct jc_arena *arena, struct jc_terminal_operations *out, struct jc_err *err);

/* Those of one command at one unit, in order. */
enum jc_code jc_terminal_operation_list_command(struct jc_tx *tx, Jc__OperationBody__CommandCase command,
                                                struct jc_str unit_id, struct jc_arena *arena,
                                                struct jc_terminal_operations *out, struct jc_err *err);
/* *found is false if there is none. */
enum jc_code jc_terminal_operation_get(struct jc_tx *tx, struct jc_uuid operation_id, struct jc_arena *arena,
                                       struct jc_terminal_operation *out, bool *found, struct jc_err *err);
/* Keeps what people decided, as the staged listing says, beside the operations; `out`: those of which that is news. */
enum jc_code jc_terminal_operation_decide(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_operations *out,
                                          struct jc_err *err);
/* What waits under that enrolment, and under ended ones, in order. */
enum jc_code jc_terminal_operation_list_unsent(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                               struct jc_terminal_operations *out, struct jc_err *err);
/* What an operation says. */
enum jc_code jc_terminal_operation_body(const struct jc_terminal_operation *operation, struct jc_arena *arena,
                                        Jc__OperationBody **out, struct jc_err *err);

/* The next operations to send, in order, all of one enrolment: at most `count_max`, bodies together at most
 * bytes_max (but one in any case). Leaves out those in `skip` and those that depend on them, which join `skip`. */
struct jc_terminal_skips {
    struct jc_arena *arena; /* of the list */
    struct jc_uuid *items;
    size_t count, capacity;
};
struct jc_terminal_batch_limits {
    size_t count_max, bytes_max;
};
enum jc_code jc_terminal_operation_batch(struct jc_tx *tx, struct jc_terminal_batch_limits limits,
                                         struct jc_terminal_skips *skip, struct jc_arena *arena,
                                         struct jc_terminal_operations *out, struct jc_err *err);

/* Puts a result on record and takes the operation out of the outbox. `proven`: by a receipt that was verified. */
enum jc_code jc_terminal_operation_settle(struct jc_tx *tx, const Jc__OperationResult *result, bool proven,
                                          int64_t now_ms, struct jc_err *err);
/* The server refuses every request that holds this operation: keeps the code and words of `outcome`. */
enum jc_code jc_terminal_operation_set_aside(struct jc_tx *tx, const struct jc_terminal_outcome *outcome,
                                             struct jc_err *err);
/* Puts operations acknowledged since `since_ms` under that enrolment back into the outbox. */
enum jc_code jc_terminal_operation_offer_again(struct jc_tx *tx, struct jc_uuid device_id, int64_t since_ms,
                                               struct jc_err *err);
/* Puts back those that no verified receipt names (the server did not sign receipts when it took them): of that
 * enrolment, and of ended ones at the same agency, which the server knows by the device's key. */
enum jc_code jc_terminal_operation_offer_unproven(struct jc_tx *tx, struct jc_uuid device_id, struct jc_err *err);
/* What is not sent of one enrolment goes out under another. */
enum jc_code jc_terminal_operation_adopt(struct jc_tx *tx, struct jc_uuid from, struct jc_uuid to, struct jc_err *err);
enum jc_code jc_terminal_operation_count_unsent(struct jc_tx *tx, int64_t *out, struct jc_err *err);

#endif
