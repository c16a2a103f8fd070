/* CSV (RFC 4180) in memory: a reader that knows where every field stands, and a writer.
 *
 * The reader takes a whole file, accepts a UTF-8 BOM and LF or CRLF, and yields one record at a
 * time. Columns are numbered in characters from 1, lines from 1, so a message can say
 * `units.csv:12:31`. Field text is a view into the file, or into the arena where quotes were
 * doubled. */
#ifndef JC_BASE_CSV_H
#define JC_BASE_CSV_H

#include "base/arena.h"
#include "base/err.h"

enum { JC_CSV_FIELD_MAX = 64 * 1024, JC_CSV_FIELDS_MAX = 64 };

struct jc_csv_field {
    struct jc_str text;
    int line;
    int column;
};

struct jc_csv {
    struct jc_str file_name; /* for messages, borrowed */
    struct jc_str rest;
    struct jc_arena *arena;
    int line, column; /* where `rest` starts; on failure, where it is wrong */
};

/* `bytes` must stay valid while records are in use. Invalid UTF-8 anywhere is JC_INVALID_ARGUMENT
 * with line and column set. */
enum jc_code jc_csv_open(struct jc_csv *csv, struct jc_arena *arena, struct jc_str file_name, struct jc_str bytes,
                         struct jc_err *err);
/* The next record; *count is 0 at the end of the file. Blank lines are skipped. Failures: an open
 * quote at the end of the file, text behind a closing quote, a field or record over the limits. */
enum jc_code jc_csv_next(struct jc_csv *csv, struct jc_csv_field fields[JC_CSV_FIELDS_MAX], size_t *count,
                         struct jc_err *err);

/* One field, quoted where needed; the caller writes ',' and "\r\n". */
void jc_csv_write(struct jc_buf *out, struct jc_str field);

/* --- diagnostics: "file:line:column: what is wrong, what is expected" -------------------------- */

struct jc_diag {
    struct jc_str file;
    int line, column; /* 0: the whole file */
    bool warning;
    enum jc_msg what;
    struct jc_str arg[JC_ERR_ARGS];
};

struct jc_diags {
    struct jc_arena *arena;
    struct jc_diag *items;
    size_t count, capacity;
    size_t errors; /* those that are not warnings */
    bool failed;   /* memory ended; the list is not whole */
};

/* Adds one; the arguments are copied into the arena. */
#define jc_diags_error(diags, file, line, column, ...) \
    jc_diags_add((diags), (file), (line), (column), false, JC_FAIL_PICK(__VA_ARGS__))
#define jc_diags_warning(diags, file, line, column, ...) \
    jc_diags_add((diags), (file), (line), (column), true, JC_FAIL_PICK(__VA_ARGS__))
void jc_diags_add(struct jc_diags *diags, struct jc_str file, int line, int column, bool warning, enum jc_msg what,
                  const struct jc_str args[JC_ERR_ARGS]);
void jc_diag_render(struct jc_buf *out, enum jc_lang lang, const struct jc_diag *diag);

#endif
