/* Terms arrive in any order, a pair of row and column perhaps twice; MPS wants each once and by column, so
 * they are sorted and added up when written. */
#include "bench/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *add(struct jc_program *p, void *items, size_t *n, size_t *capacity, size_t size) {
    void *item = jc_arena_push(p->arena, items, n, capacity, size);
    if (!item) {
        fputs("the model does not fit into memory\n", stderr);
        exit(3);
    }
    return item;
}

int jc_program_add_column(struct jc_program *p, double lo, double hi, double cost, bool integer) {
    struct jc_program_column *c = add(p, (void **)&p->columns, &p->n_columns, &p->columns_capacity, sizeof *c);
    *c = (struct jc_program_column){.lo = lo, .hi = hi, .cost = cost, .integer = integer};
    return (int)p->n_columns;
}

int jc_program_add_row(struct jc_program *p, double lo, double hi) {
    struct jc_program_row *r = add(p, (void **)&p->rows, &p->n_rows, &p->rows_capacity, sizeof *r);
    *r = (struct jc_program_row){lo, hi};
    return (int)p->n_rows;
}

void jc_program_put(struct jc_program *p, int row, int column, double factor) {
    if (!row || !column || factor == 0)
        return;
    struct jc_program_term *t = add(p, (void **)&p->terms, &p->n_terms, &p->terms_capacity, sizeof *t);
    *t = (struct jc_program_term){row, column, factor};
}

static int by_column(const void *a, const void *b) {
    const struct jc_program_term *x = a, *y = b;
    return x->column != y->column ? (x->column > y->column) - (x->column < y->column)
                                  : (x->row > y->row) - (x->row < y->row);
}

/* The terms by column and row, each pair once. */
static struct jc_program_term *sorted_terms(const struct jc_program *p, size_t *n) {
    struct jc_program_term *sorted = JC_NEW_ARRAY(p->arena, p->n_terms + 1, struct jc_program_term);
    if (!sorted)
        exit(3);
    *n = 0;
    if (!p->n_terms)
        return sorted;
    memcpy(sorted, p->terms, p->n_terms * sizeof *sorted);
    qsort(sorted, p->n_terms, sizeof *sorted, by_column);
    for (size_t i = 0; i < p->n_terms; i++)
        if (*n && by_column(&sorted[*n - 1], &sorted[i]) == 0)
            sorted[*n - 1].factor += sorted[i].factor;
        else
            sorted[(*n)++] = sorted[i];
    return sorted;
}

static void write_rows(const struct jc_program *p, FILE *to) {
    fputs("ROWS\n N COST\n", to);
    for (size_t r = 0; r < p->n_rows; r++) {
        const struct jc_program_row *row = &p->rows[r];
        char kind = row->lo == row->hi ? 'E' : row->hi < INFINITY ? 'L' : row->lo > -INFINITY ? 'G' : 'N';
        fprintf(to, " %c R%zu\n", kind, r + 1);
    }
}

static void write_columns(const struct jc_program *p, FILE *to) {
    size_t n_terms, at = 0;
    const struct jc_program_term *terms = sorted_terms(p, &n_terms);
    bool integer = false;
    int markers = 0;
    fputs("COLUMNS\n", to);
    for (size_t c = 0; c < p->n_columns; c++) {
        if (p->columns[c].integer != integer)
            fprintf(to, " M%d 'MARKER' '%s'\n", ++markers, integer ? "INTEND" : "INTORG");
        integer = p->columns[c].integer;
        fprintf(to, " C%zu COST %.17g\n", c + 1, p->columns[c].cost);
        for (; at < n_terms && terms[at].column == (int)c + 1; at++)
            fprintf(to, " C%zu R%d %.17g\n", c + 1, terms[at].row, terms[at].factor);
    }
    if (integer)
        fprintf(to, " M%d 'MARKER' 'INTEND'\n", ++markers);
}

static void write_bounds(const struct jc_program *p, FILE *to) {
    fputs("RHS\n", to);
    for (size_t r = 0; r < p->n_rows; r++) {
        double side = p->rows[r].hi < INFINITY ? p->rows[r].hi : p->rows[r].lo;
        if (side != 0 && side > -INFINITY)
            fprintf(to, " RHS R%zu %.17g\n", r + 1, side);
    }
    fputs("RANGES\n", to);
    for (size_t r = 0; r < p->n_rows; r++)
        if (p->rows[r].lo > -INFINITY && p->rows[r].hi < INFINITY && p->rows[r].lo < p->rows[r].hi)
            fprintf(to, " RANGE R%zu %.17g\n", r + 1, p->rows[r].hi - p->rows[r].lo);
    fputs("BOUNDS\n", to);
    for (size_t c = 0; c < p->n_columns; c++) {
        const struct jc_program_column *column = &p->columns[c];
        if (column->lo != 0) /* 0 and no upper bound need no line, and CBC does not read all kinds of line */
            fprintf(to, column->lo == -INFINITY ? " MI BND C%zu\n" : " LO BND C%zu %.17g\n", c + 1, column->lo);
        if (column->hi < INFINITY)
            fprintf(to, " UP BND C%zu %.17g\n", c + 1, column->hi);
    }
}

void jc_program_write_mps(const struct jc_program *p, const char *name, FILE *to) {
    fprintf(to, "NAME %s FREE\n", name); /* CBC asks for the word */
    write_rows(p, to);
    write_columns(p, to);
    write_bounds(p, to);
    fputs("ENDATA\n", to);
}

double jc_program_evaluate(const struct jc_program *p, int *broken) {
    double *sums = JC_NEW_ARRAY(p->arena, p->n_rows + 1, double), objective = 0;
    if (!sums)
        exit(3);
    *broken = 0;
    for (size_t i = 0; i < p->n_terms; i++)
        sums[p->terms[i].row - 1] += p->terms[i].factor * p->columns[p->terms[i].column - 1].value;
    for (size_t c = 0; c < p->n_columns; c++) {
        const struct jc_program_column *column = &p->columns[c];
        objective += column->cost * column->value;
        if (!*broken && (column->value < column->lo - 1e-6 || column->value > column->hi + 1e-6 ||
                         (column->integer && fabs(column->value - round(column->value)) > 1e-6)))
            *broken = -(int)c - 1;
    }
    for (size_t r = 0; r < p->n_rows; r++)
        if (!*broken && (sums[r] < p->rows[r].lo - 1e-6 || sums[r] > p->rows[r].hi + 1e-6))
            *broken = (int)r + 1;
    return objective;
}
