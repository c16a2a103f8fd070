/* glp_gmi_cut derives one cut from the simplex row of a basic integer variable. Cuts with very small or
 * very large coefficients are left out, because their rounding errors are the largest. */
#define GLP_UNDOC /* the library exports glp_gmi_cut, its manual leaves it out */
#include "optimizer/gomory.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

enum {
    ROUNDS_MOST = 5, /* at a node */
    CUTS_MOST = 50,  /* in a round */
};

static const double FRACTION_LEAST = 0.05;
static const double COEFFICIENT_LEAST = 1e-3, COEFFICIENT_MOST = 1e3;
static const double VIOLATION_LEAST = 0.01; /* of the cut's norm */

struct candidate {
    int column;
    double fraction; /* distance to the nearest integer */
};

static int by_fraction(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->fraction != y->fraction)
        return x->fraction > y->fraction ? -1 : 1;
    return x->column < y->column ? -1 : 1;
}

static int list_candidates(glp_prob *lp, struct candidate *list) {
    int n = 0;
    for (int j = 1; j <= glp_get_num_cols(lp); j++) {
        double at = glp_get_col_prim(lp, j), fraction = fabs(at - floor(at + 0.5));
        if (glp_get_col_kind(lp, j) != GLP_CV && glp_get_col_stat(lp, j) == GLP_BS && fraction >= FRACTION_LEAST)
            list[n++] = (struct candidate){j, fraction};
    }
    qsort(list, (size_t)n, sizeof *list, by_fraction);
    return n;
}

/* Is the cut (right-hand side in value[0]) worth its row? */
static bool is_useful(glp_prob *lp, int n, const int *column, const double *value) {
    double at = 0, square = 0;
    for (int i = 1; i <= n; i++) {
        if (fabs(value[i]) < COEFFICIENT_LEAST || fabs(value[i]) > COEFFICIENT_MOST)
            return false;
        at += value[i] * glp_get_col_prim(lp, column[i]);
        square += value[i] * value[i];
    }
    return value[0] - at >= VIOLATION_LEAST * sqrt(square);
}

void jc_gomory_add(struct jc_gomory *g, glp_tree *tree, const atomic_bool *stop) {
    int node = glp_ios_curr_node(tree);
    g->rounds = node == g->node ? g->rounds + 1 : 1;
    g->node = node;
    if (g->rounds > ROUNDS_MOST)
        return;
    glp_prob *lp = glp_ios_get_prob(tree);
    size_t columns = (size_t)glp_get_num_cols(lp) + 1, rows = (size_t)glp_get_num_rows(lp);
    struct candidate *list = jc_calloc(columns, sizeof *list);
    int *column = jc_calloc(columns, sizeof *column);
    double *value = jc_calloc(columns, sizeof *value), *room = jc_calloc(columns + rows, sizeof *room);
    int n = list && column && value && room ? list_candidates(lp, list) : 0;
    for (int i = 0, cuts = 0; i < n && cuts < CUTS_MOST && !atomic_load(stop); i++) {
        int terms = glp_gmi_cut(lp, list[i].column, column, value, room);
        if (terms < 1 || !is_useful(lp, terms, column, value))
            continue;
        glp_ios_add_row(tree, NULL, GLP_RF_GMI, 0, terms, column, value, GLP_LO, value[0]);
        cuts++;
    }
    jc_free(list);
    jc_free(column);
    jc_free(value);
    jc_free(room);
}
