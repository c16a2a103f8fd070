/* Columns of a row as fields of a message.
 *
 * protobuf-c wants NUL-terminated strings that are never NULL and arrays of pointers; lists of words
 * stand in one column, joined. A `struct jc_row` remembers the first allocation that failed, so a run
 * of fields needs one check at its end. */
#ifndef JC_STORE_ROW_H
#define JC_STORE_ROW_H

#include <protobuf-c/protobuf-c.h>

#include "db/db.h"

struct jc_row {
    const struct jc_rows *rows;
    struct jc_arena *arena; /* owns every value handed out */
    bool failed;            /* memory ended */
};

/* NUL-terminated; "" for NULL, never a NULL pointer. */
char *jc_row_text(struct jc_row *row, int column);
ProtobufCBinaryData jc_row_bytes(struct jc_row *row, int column);
/* A list whose words are joined by `separator`; *count 0 for NULL or "". */
char **jc_row_list(struct jc_row *row, int column, char separator, size_t *count);

/* The same backwards: the words joined by `separator`. ptr NULL without memory. */
struct jc_str jc_row_join(struct jc_arena *arena, char *const *words, size_t count, char separator);

/* The column, or -1 for NULL. */
int64_t jc_row_int_or_absent(const struct jc_row *row, int column);

/* Called for each row of a query. */
typedef enum jc_code jc_row_fn(struct jc_rows *rows, void *ctx, struct jc_err *err);
/* Runs a query and calls `each` for every row. */
enum jc_code jc_row_each(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                         jc_row_fn *each, void *ctx, struct jc_err *err);
/* The first column of every row, copied; none: *count 0. */
enum jc_code jc_row_first_column(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                                 struct jc_arena *arena, struct jc_str **out, size_t *out_count, struct jc_err *err);
/* True if the query has a row. */
enum jc_code jc_row_exists(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count, bool *out,
                           struct jc_err *err);

/* A list of messages that grows in an arena (JC_PUSH): struct team_list JC_ROW_LIST(Jc__Team); */
#define JC_ROW_LIST(type)       \
    {                           \
        struct jc_arena *arena; \
        type **items;           \
        size_t count, capacity; \
    }

#endif
