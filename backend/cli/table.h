/* A listing, printed as a table for people, as JSON, or as CSV that opens in WPS and Excel.
 *
 * Columns have a field name (JSON and CSV header, never changing) and a heading (catalogue). One
 * listing is one JSON object with one array named as the command; workdays are decimals. */
#ifndef JC_CLI_TABLE_H
#define JC_CLI_TABLE_H

#include <protobuf-c/protobuf-c.h>

#include "cli/cli.h"

enum jc_cell_type { JC_CELL_TEXT, JC_CELL_INT, JC_CELL_CENTI, JC_CELL_MICRO, JC_CELL_BOOL, JC_CELL_NULL };

struct jc_column {
    const char *field;
    enum jc_msg heading;
    bool right; /* numbers */
};

struct jc_table;

/* `name` is the array's name in JSON. NULL without memory. */
struct jc_table *jc_table_new(struct jc_arena *arena, const char *name, const struct jc_column *columns, size_t count);
/* Cells of the current row, from left to right; the row is complete when every column has one. The
 * texts are copied. Memory failures are remembered and told by jc_table_print. */
void jc_table_text(struct jc_table *table, struct jc_str text);
void jc_table_int(struct jc_table *table, int64_t number);
void jc_table_centi(struct jc_table *table, int64_t centi);
void jc_table_micro(struct jc_table *table, int64_t micro);
void jc_table_bool(struct jc_table *table, bool yes);
void jc_table_null(struct jc_table *table);
/* What the listing says as a whole, once: a line behind the table (`words` with the value as {0}), `field` beside the
 * array in JSON, nothing in CSV. */
void jc_table_note(struct jc_table *table, const char *field, enum jc_msg words, struct jc_str value);
/* An identifier of 16 bytes in its usual form; null for anything else. */
void jc_table_id(struct jc_table *table, ProtobufCBinaryData id);
/* The head of a name that is too long for a cell (names of teams may be whole sentences); the arena's. */
struct jc_str jc_table_name(struct jc_arena *arena, struct jc_str name);
size_t jc_table_rows(const struct jc_table *table);
/* Appends the listing to cli->out in cli->format. `table` NULL: it could not be had for want of memory. */
enum jc_code jc_table_print(const struct jc_table *table, struct jc_cli *cli, struct jc_err *err);

#endif
