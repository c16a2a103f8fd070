/* The store of one terminal: its file, its transactions, and the one row that says whose it is.
 *
 * Internal to terminal/. Jobs follow db/db.h: they may run twice. */
#ifndef JC_TERMINAL_STORE_H
#define JC_TERMINAL_STORE_H

#include "base/evidence.h"
#include "db/db.h"
#include "jiancha/terminal.h"

enum { JC_TERMINAL_SCHEMA_VERSION = 3, JC_TERMINAL_ARENA_MAX = 256 * 1024 * 1024 };

struct jc_terminal {
    struct jc_db *db;
    struct jc_clock wall, steady;
    struct jc_uuid boot_id; /* of this start of the system; zeros: unknown */
    char *path;
};

enum jc_code jc_terminal_read(struct jc_terminal *terminal, jc_job *job, void *ctx, struct jc_err *err);
enum jc_code jc_terminal_write(struct jc_terminal *terminal, jc_job *job, void *ctx, struct jc_err *err);

/* What got through lately (terminal/pace.h). */
struct jc_terminal_pace {
    int64_t bytes, operations; /* of a page or batch; 0: not known yet */
    int64_t good;              /* good answers in a row since it changed */
};

/* Who holds the terminal, secrets included, and where its listing stands. */
struct jc_terminal_self {
    struct jc_terminal_holder holder;
    bool enrolled;
    bool revoked; /* the server said so */
    struct jc_str token;
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
    uint8_t secret_key[JC_SIGN_SECRET_SIZE];
    struct jc_str position; /* where the next page starts: staged_cursor while staging, else cursor */
    bool staging, staged_full;
    int64_t offset_ms;
    uint8_t link[JC_SHA256_SIZE]; /* newest of the device's chain */
    bool takes_seals;             /* the server checks seals */
    struct jc_terminal_pace pace;
    int64_t blocks_version;
    struct jc_str key_id; /* newest server key known; empty: none */
};
enum jc_code jc_terminal_self(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_self *out,
                              struct jc_err *err);
/* The same, refusing with JC_FAILED_PRECONDITION before the enrolment. */
enum jc_code jc_terminal_self_enrolled(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_self *out,
                                       struct jc_err *err);

/* --- identifiers ------------------------------------------------------------------------------------ */

/* Of 16 bytes; of any other length zeros. */
struct jc_uuid jc_terminal_uuid(struct jc_str bytes);
struct jc_uuid jc_terminal_uuid_of(ProtobufCBinaryData bytes);
bool jc_terminal_uuid_is_zero(struct jc_uuid id);
bool jc_terminal_uuid_equal(struct jc_uuid a, struct jc_uuid b);
/* As a column: an empty blob for zeros. `id` must outlive the statement. */
struct jc_value jc_terminal_uuid_value(const struct jc_uuid *id);
/* As a field of a message, copied into the arena; empty for zeros. data is NULL without memory. */
ProtobufCBinaryData jc_terminal_uuid_field(struct jc_arena *arena, struct jc_uuid id);

/* --- messages ----------------------------------------------------------------------------------------- */

/* Unpacks into the arena. Bytes that are no such message are JC_DATA_LOSS (nothing a user did). Text is not looked
 * at, unlike jc_message_unpack(): one bad name must not make a whole answer unreadable. */
enum jc_code jc_terminal_unpack(const ProtobufCMessageDescriptor *type, struct jc_str bytes, struct jc_arena *arena,
                                ProtobufCMessage **out, struct jc_err *err);
#endif
