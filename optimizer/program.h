/* An integer program as it is written down: columns, rows and terms, each column with its value in a plan that
 * is known. The plan is a starting point for branch and bound, and checking it against every row guards the
 * model itself. Numbers start at 1, as GLPK's; 0 stands for what memory was lacking for, and is ignored. */
#ifndef JC_OPTIMIZER_PROGRAM_H
#define JC_OPTIMIZER_PROGRAM_H

#include <glpk.h>
#include <stdbool.h>
#include <stddef.h>

#define JC_PROGRAM_TOLERANCE 1e-6

struct jc_program_column {
    double lo, hi, cost, value;
    bool integer;
};

struct jc_program_row {
    double lo, hi;
};

struct jc_program_term {
    int row, column;
    double factor;
};

/* Zero-initialised: an empty program. */
struct jc_program {
    struct jc_program_column *columns;
    struct jc_program_row *rows;
    struct jc_program_term *terms;
    size_t n_columns, n_rows, n_terms;
    size_t column_room, row_room, term_room;
    struct jc_program_column nowhere; /* written after a failed allocation, never read */
    bool failed;                      /* without memory */
};

/* Empties it and keeps its memory; frees it. */
void jc_program_begin(struct jc_program *p);
void jc_program_free(struct jc_program *p);

/* Return the number of the new column or row. */
int jc_program_add_column(struct jc_program *p, double lo, double hi, double cost, bool integer, double value);
int jc_program_add_row(struct jc_program *p, double lo, double hi);

/* Adds a term; none if row, column or factor is 0. */
void jc_program_put(struct jc_program *p, int row, int column, double factor);

struct jc_program_column *jc_program_column_at(struct jc_program *p, int column);

/* Does the known plan satisfy every row and bound? `activity` has room for all rows and one more. */
bool jc_program_fits(const struct jc_program *p, double *activity);

/* The cost of the known plan. */
double jc_program_cost(const struct jc_program *p);

/* Hands the program to GLPK, in the environment of this thread; the caller deletes it. NULL without memory or
 * for a program without rows or columns. */
glp_prob *jc_program_load(const struct jc_program *p);

#endif
