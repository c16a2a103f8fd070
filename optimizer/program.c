/* Three growing arrays. Hands everything over at once, because GLPK's matrix is cheapest to load whole. */
#include "optimizer/program.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

/* Makes room for one more item; NULL without memory. */
static void *push(struct jc_program *p, void *list, size_t *n, size_t *room, size_t size) {
    void *items;
    memcpy(&items, list, sizeof items);
    if (*n == *room) {
        size_t grown = *room ? *room * 2 : 1024;
        items = jc_realloc(items, grown * size);
        if (!items) {
            p->failed = true;
            return NULL;
        }
        memcpy(list, &items, sizeof items);
        *room = grown;
    }
    return (char *)items + (*n)++ * size;
}

void jc_program_begin(struct jc_program *p) {
    p->n_columns = p->n_rows = p->n_terms = 0;
    p->failed = false;
}

void jc_program_free(struct jc_program *p) {
    jc_free(p->columns);
    jc_free(p->rows);
    jc_free(p->terms);
    *p = (struct jc_program){0};
}

int jc_program_add_column(struct jc_program *p, double lo, double hi, double cost, bool integer, double value) {
    struct jc_program_column *c = push(p, &p->columns, &p->n_columns, &p->column_room, sizeof *c);
    if (!c)
        return 0;
    *c = (struct jc_program_column){lo, hi, cost, value, integer};
    return (int)p->n_columns;
}

int jc_program_add_row(struct jc_program *p, double lo, double hi) {
    struct jc_program_row *r = push(p, &p->rows, &p->n_rows, &p->row_room, sizeof *r);
    if (!r)
        return 0;
    *r = (struct jc_program_row){lo, hi};
    return (int)p->n_rows;
}

void jc_program_put(struct jc_program *p, int row, int column, double factor) {
    struct jc_program_term *t = NULL;
    if (row && column && factor != 0)
        t = push(p, &p->terms, &p->n_terms, &p->term_room, sizeof *t);
    if (t)
        *t = (struct jc_program_term){row, column, factor};
}

struct jc_program_column *jc_program_column_at(struct jc_program *p, int column) {
    return column ? &p->columns[column - 1] : &p->nowhere;
}

bool jc_program_fits(const struct jc_program *p, double *activity) {
    memset(activity, 0, (p->n_rows + 1) * sizeof *activity);
    for (size_t i = 0; i < p->n_terms; i++)
        activity[p->terms[i].row] += p->terms[i].factor * p->columns[p->terms[i].column - 1].value;
    for (size_t i = 0; i < p->n_rows; i++)
        if (activity[i + 1] < p->rows[i].lo - JC_PROGRAM_TOLERANCE ||
            activity[i + 1] > p->rows[i].hi + JC_PROGRAM_TOLERANCE)
            return false;
    for (size_t i = 0; i < p->n_columns; i++)
        if (p->columns[i].value < p->columns[i].lo || p->columns[i].value > p->columns[i].hi)
            return false;
    return true;
}

double jc_program_cost(const struct jc_program *p) {
    double sum = 0;
    for (size_t i = 0; i < p->n_columns; i++)
        sum += p->columns[i].cost * p->columns[i].value;
    return sum;
}

static int bounds_type(double lo, double hi) {
    if (lo == hi)
        return GLP_FX;
    if (isinf(lo))
        return isinf(hi) ? GLP_FR : GLP_UP;
    return isinf(hi) ? GLP_LO : GLP_DB;
}

static void load_lists(const struct jc_program *p, glp_prob *lp) {
    glp_add_rows(lp, (int)p->n_rows);
    glp_add_cols(lp, (int)p->n_columns);
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct jc_program_row *r = &p->rows[i];
        glp_set_row_bnds(lp, (int)i + 1, bounds_type(r->lo, r->hi), r->lo, r->hi);
    }
    for (size_t i = 0; i < p->n_columns; i++) {
        const struct jc_program_column *c = &p->columns[i];
        glp_set_col_bnds(lp, (int)i + 1, bounds_type(c->lo, c->hi), c->lo, c->hi);
        glp_set_obj_coef(lp, (int)i + 1, c->cost);
        glp_set_col_kind(lp, (int)i + 1, c->integer ? GLP_IV : GLP_CV);
    }
}

glp_prob *jc_program_load(const struct jc_program *p) {
    int *ia = jc_calloc(p->n_terms + 1, sizeof *ia), *ja = jc_calloc(p->n_terms + 1, sizeof *ja);
    double *ar = jc_calloc(p->n_terms + 1, sizeof *ar);
    glp_prob *lp = NULL;
    if (ia && ja && ar && p->n_rows && p->n_columns) {
        lp = glp_create_prob();
        load_lists(p, lp);
        for (size_t i = 0; i < p->n_terms; i++) {
            ia[i + 1] = p->terms[i].row;
            ja[i + 1] = p->terms[i].column;
            ar[i + 1] = p->terms[i].factor;
        }
        glp_load_matrix(lp, (int)p->n_terms, ia, ja, ar);
    }
    jc_free(ia);
    jc_free(ja);
    jc_free(ar);
    return lp;
}
