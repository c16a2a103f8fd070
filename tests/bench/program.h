/* A mixed integer program as lists of columns, rows and terms: built by the month model, written as free
 * MPS for the solvers we are measured against, and evaluated at a given point. */
#ifndef JC_BENCH_PROGRAM_H
#define JC_BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

struct jc_program_column {
    double lo, hi, cost;
    bool integer;
    double value; /* the point to be evaluated */
};

/* lo ≤ Σ factor · column ≤ hi; INFINITY where there is no bound. */
struct jc_program_row {
    double lo, hi;
};

struct jc_program_term {
    int row, column;
    double factor;
};

struct jc_program {
    struct jc_arena *arena;
    struct jc_program_column *columns;
    struct jc_program_row *rows;
    struct jc_program_term *terms;
    size_t n_columns, n_rows, n_terms;
    size_t columns_capacity, rows_capacity, terms_capacity;
};

/* Number of the new column or row, from 1; 0 stands for none. Ends the process without memory. */
int jc_program_add_column(struct jc_program *p, double lo, double hi, double cost, bool integer);
int jc_program_add_row(struct jc_program *p, double lo, double hi);
/* No effect if the row or the column is none. */
void jc_program_put(struct jc_program *p, int row, int column, double factor);

/* Columns are named C1, C2 …, rows R1, R2 …, the objective COST. Fractions are written exactly enough to be
 * read back as the same double. */
void jc_program_write_mps(const struct jc_program *p, const char *name, FILE *to);

/* The objective at the columns' values; `*broken` is the first row, or minus the first column, that does not
 * hold there (within 10⁻⁶), 0 if all do. */
double jc_program_evaluate(const struct jc_program *p, int *broken);

#endif
