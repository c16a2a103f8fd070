/* The program (rows: prices, then parts):
 *
 *   min  sum of column costs + curves + box
 *   row of a price: what the columns use - what its curve takes + box columns = -(constant part of the slope)
 *   row of a part:  its columns' weights add up to 1
 *
 * The price is minus the row's dual. A box column in each direction, with the ends of the box as costs, keeps
 * it inside. Between calls the columns live in our own arrays together with their place in the basis, since
 * the thread may be another one next time. Columns that have not been in the basis for a while are dropped
 * when room runs out. */
#include "optimizer/bundle.h"

#include <glpk.h>
#include <math.h>
#include <string.h>

enum {
    ROWS_MAX = 700,
    USAGE_MAX = 8 << 20, /* numbers, units of all parts together */
    COLUMNS = 6000,
    TERMS = COLUMNS * 32,
    SEGMENTS = JC_CONVEX_POINTS - 1,
    CHUNK = 400,      /* simplex iterations between two looks at the stop flag */
    CHUNKS_MAX = 400, /* after so many the model is given up */
    PATIENCE = 150,   /* proposals that gain less than LEAST_GAIN in all */
    KEEP = 15,        /* proposals a column may be idle */
};
#define LEAST_GAIN 1e-5 /* of the bound: what is not worth another step */
#define MOST_REACH 1e3  /* of the first */
#define SHRINK 0.8
#define GROW 1.5
#define WIDEN 4 /* where nothing is left inside the box */

struct column {
    int32_t part;
    uint32_t first, n; /* into rows and factors */
    double cost;
    int32_t idle;
    int32_t status; /* in GLPK's basis */
};

struct jc_bundle {
    size_t n_prices, n_parts;
    double money;     /* prices in one unit of the program */
    int32_t *row_of;  /* by price: its row, 0: none */
    size_t *price_of; /* by row */
    int n_rows;
    int *row_status;
    int *box_status; /* two for each price row */
    int *segment_status;
    struct column *columns;
    size_t n_columns, n_terms;
    int32_t *rows;
    double *factors;
    int *row_room; /* of the column being built, from 1 on as GLPK counts */
    double *factor_room;
    double *part_value; /* by part: the model's, at the proposal */

    int64_t *center;
    int64_t center_value, predicted;
    double reach, most_reach;
    int64_t mark;      /* the centre's value when something was last gained … */
    int idle;          /* … and the proposals since */
    bool begun, fresh; /* has a centre; has a proposal to judge */
    int64_t work;
};

/* Blocks, teams for units in no block, and draws: each gets columns. */
static size_t count_parts(const struct jc_instance *in) {
    return (size_t)in->n_pairs + (size_t)in->n_teams + (size_t)in->n_draws;
}

bool jc_bundle_fits(const struct jc_relax *r, bool cheapest) {
    size_t parts = count_parts(r->in);
    return jc_relax_prices(r, cheapest) + parts <= ROWS_MAX && parts * (size_t)r->in->n_units <= USAGE_MAX;
}

struct jc_bundle *jc_bundle_new(const struct jc_relax *r, struct jc_arena *arena) {
    struct jc_bundle *b = JC_NEW(arena, struct jc_bundle);
    if (!b)
        return NULL;
    b->n_prices = r->n;
    b->n_parts = count_parts(r->in);
    size_t rows = r->n + b->n_parts + 1;
    b->row_of = JC_NEW_ARRAY(arena, r->n, int32_t);
    b->price_of = JC_NEW_ARRAY(arena, rows, size_t);
    b->row_status = JC_NEW_ARRAY(arena, rows, int);
    b->box_status = JC_NEW_ARRAY(arena, 2 * rows, int);
    b->segment_status = JC_NEW_ARRAY(arena, SEGMENTS * rows, int);
    b->columns = JC_NEW_ARRAY(arena, COLUMNS, struct column);
    b->rows = JC_NEW_ARRAY(arena, TERMS, int32_t);
    b->factors = JC_NEW_ARRAY(arena, TERMS, double);
    b->row_room = JC_NEW_ARRAY(arena, rows + 2, int);
    b->factor_room = JC_NEW_ARRAY(arena, rows + 2, double);
    b->part_value = JC_NEW_ARRAY(arena, b->n_parts + 1, double);
    b->center = JC_NEW_ARRAY(arena, r->n, int64_t);
    bool ok = b->row_of && b->price_of && b->row_status && b->box_status && b->segment_status && b->columns &&
              b->rows && b->factors && b->row_room && b->factor_room && b->part_value && b->center;
    return ok ? b : NULL;
}

void jc_bundle_begin(struct jc_bundle *b, const struct jc_relax *r, double reach) {
    b->n_rows = 0;
    b->money = 1e5 * (double)r->fine;
    b->n_columns = b->n_terms = 0;
    b->reach = reach;
    b->most_reach = reach * MOST_REACH;
    b->begun = b->fresh = false;
    b->mark = INT64_MIN / 2;
    b->idle = 0;
    for (size_t i = 0; i < r->n; i++) {
        bool row = r->least[i] < r->most[i] && (i >= r->at_unit || r->curve[i].n);
        b->row_of[i] = row ? ++b->n_rows : 0;
        if (row)
            b->price_of[b->n_rows] = i;
    }
    for (int i = 0; i <= b->n_rows + (int)b->n_parts; i++)
        b->row_status[i] = GLP_BS;
    for (int i = 0; i < 2 * (b->n_rows + 1); i++)
        b->box_status[i] = GLP_NL;
    for (int i = 0; i < SEGMENTS * (b->n_rows + 1); i++)
        b->segment_status[i] = GLP_NL;
}

/* --- learning ------------------------------------------------------------------------------------------- */

/* One unit of a row is what a typical visit uses. */
static double row_unit(const struct jc_relax *r, size_t price) {
    return r->scale[price] > 1 ? r->scale[price] : 1;
}

static void drop_idle(struct jc_bundle *b) {
    size_t n = 0, terms = 0;
    for (size_t i = 0; i < b->n_columns; i++) {
        struct column c = b->columns[i];
        if (c.idle > KEEP)
            continue;
        memmove(b->rows + terms, b->rows + c.first, c.n * sizeof *b->rows);
        memmove(b->factors + terms, b->factors + c.first, c.n * sizeof *b->factors);
        c.first = (uint32_t)terms;
        terms += c.n;
        b->columns[n++] = c;
    }
    b->n_columns = n;
    b->n_terms = terms;
}

/* Adds a term and takes what it is worth at r's prices off the column's cost; prices without a row are fixed
 * and stay in it. */
static void add_term(struct jc_bundle *b, const struct jc_relax *r, struct column *c, size_t price, int64_t uses) {
    if (!uses)
        return;
    if (!b->row_of[price] || b->n_terms == TERMS)
        return;
    c->cost -= (double)r->price[price] * (double)uses / b->money;
    b->rows[b->n_terms] = b->row_of[price];
    b->factors[b->n_terms++] = (double)uses / row_unit(r, price);
    c->n++;
}

static void add_column(struct jc_bundle *b, const struct jc_relax *r, int32_t part, const struct jc_usage *u,
                       int64_t value) {
    const struct jc_instance *in = r->in;
    struct column *c = &b->columns[b->n_columns++];
    *c = (struct column){part, (uint32_t)b->n_terms, 0, (double)value / b->money, 0, GLP_NL};
    for (size_t k = 0; k < (size_t)in->n_teams; k++) {
        int64_t year = 0;
        for (size_t i = k * JC_MONTHS; i < (k + 1) * JC_MONTHS; i++) {
            add_term(b, r, c, i, u->cell[i]);
            year += u->cell[i];
        }
        add_term(b, r, c, r->at_year + k, year);
    }
    for (size_t q = 0; q < (size_t)in->n_quotas; q++)
        add_term(b, r, c, r->at_quota + q, u->quota[q]);
    for (int32_t unit = 0; unit < in->n_units; unit++)
        if (r->sigma[unit] >= 0)
            add_term(b, r, c, r->at_unit + (size_t)r->sigma[unit], -u->unit[unit]);
}

void jc_bundle_learn(struct jc_bundle *b, const struct jc_relax *r, const struct jc_parts *parts, int64_t value) {
    if (b->n_columns + parts->n > COLUMNS || b->n_terms + parts->n * 40 > TERMS)
        drop_idle(b);
    for (size_t p = 0; p < parts->n; p++) {
        bool known = b->fresh && (double)parts->value[p] / b->money >= b->part_value[p] - 1e-7;
        if (!known && b->n_columns < COLUMNS)
            add_column(b, r, (int32_t)p, &parts->usage[p], parts->value[p]);
    }
    int64_t gain = value - b->center_value, hoped = b->predicted - b->center_value;
    if (b->begun && gain < -hoped)
        b->reach *= SHRINK;
    else if (b->begun && gain * 2 > hoped)
        b->reach *= GROW;
    if (!b->begun || gain > 0) {
        memcpy(b->center, r->price, r->n * sizeof *b->center);
        b->center_value = value;
    }
    b->begun = true;
    b->idle++;
    if ((double)(b->center_value - b->mark) > LEAST_GAIN * fabs((double)b->center_value)) {
        b->mark = b->center_value;
        b->idle = 0;
    }
}

/* --- proposing ------------------------------------------------------------------------------------------ */

static int new_column(glp_prob *lp, double most, double cost) {
    int j = glp_add_cols(lp, 1);
    glp_set_col_bnds(lp, j, most < HUGE_VAL ? GLP_DB : GLP_LO, 0, most);
    glp_set_obj_coef(lp, j, cost);
    return j;
}

static double price_to_lp(const struct jc_bundle *b, const struct jc_relax *r, size_t i, double price) {
    return price * row_unit(r, i) / b->money;
}

/* The box of a price: two columns. */
static void add_box(const struct jc_bundle *b, const struct jc_relax *r, glp_prob *lp, int row) {
    size_t i = b->price_of[row];
    double reach = b->reach / r->scale[i], center = (double)b->center[i];
    double lo = center - reach > (double)r->least[i] ? center - reach : (double)r->least[i];
    double hi = center + reach < (double)r->most[i] ? center + reach : (double)r->most[i];
    int up = new_column(lp, HUGE_VAL, -price_to_lp(b, r, i, lo));
    glp_set_mat_col(lp, up, 1, (int[]){0, row}, (double[]){0, 1});
    glp_set_col_stat(lp, up, b->box_status[2 * row]);
    int down = new_column(lp, HUGE_VAL, price_to_lp(b, r, i, hi));
    glp_set_mat_col(lp, down, 1, (int[]){0, row}, (double[]){0, -1});
    glp_set_col_stat(lp, down, b->box_status[2 * row + 1]);
}

/* The curve of a price: a column for each piece. SEGMENTS columns, empty ones included. */
static void add_curve(const struct jc_bundle *b, const struct jc_relax *r, glp_prob *lp, int row) {
    size_t i = b->price_of[row], held = jc_relax_excess_index(r, i);
    int held_row = held ? b->row_of[held] : 0;
    double unit = row_unit(r, i), excess_price = held ? 0 : (double)jc_relax_excess_price(r, i);
    for (int s = 0; s < SEGMENTS; s++) {
        const struct jc_convex *f = &r->curve[i];
        bool piece = s + 1 < f->n;
        double width = piece ? (double)(f->at[s + 1] - f->at[s]) : 0;
        double rise = piece ? (double)(f->cost[s + 1] - f->cost[s]) / width : 0;
        double excess = piece ? (double)(f->excess[s + 1] - f->excess[s]) / width : 0;
        int j = new_column(lp, width / unit, (rise + excess * excess_price) * unit / b->money);
        if (!piece)
            glp_set_col_bnds(lp, j, GLP_FX, 0, 0);
        int rows[3] = {0, row, held_row};
        double factors[3] = {0, -1, held_row ? excess * unit / row_unit(r, held) : 0};
        glp_set_mat_col(lp, j, held_row && excess > 0 ? 2 : 1, rows, factors);
        int status = b->segment_status[SEGMENTS * row + s];
        glp_set_col_stat(lp, j, status);
    }
}

/* What the row's columns must come to. */
static double row_value(const struct jc_relax *r, size_t i) {
    if (i < r->at_unit)
        return (double)r->curve[i].at[0] / row_unit(r, i);
    if (i < r->at_held)
        return -1 / row_unit(r, i);
    double sum = i == r->at_held ? (double)r->held.over : (double)r->held.quota;
    for (size_t c = 0; c < r->at_unit; c++)
        if (jc_relax_excess_index(r, c) == i && r->curve[c].n)
            sum -= (double)r->curve[c].excess[0];
    return sum / row_unit(r, i);
}

/* What the objective leaves out: curves at their first point, and those without a row. */
static double constant(const struct jc_bundle *b, const struct jc_relax *r) {
    double sum = 0;
    for (size_t i = 0; i < r->at_unit; i++) {
        int64_t value;
        if (b->row_of[i])
            value = r->curve[i].cost[0] +
                    (jc_relax_excess_index(r, i) ? 0 : jc_relax_excess_price(r, i) * r->curve[i].excess[0]);
        else
            jc_convex_least(&r->curve[i], jc_relax_excess_price(r, i), b->center[i], &value);
        sum += (double)value / b->money;
    }
    return sum;
}

static glp_prob *build(const struct jc_bundle *b, const struct jc_relax *r) {
    glp_prob *lp = glp_create_prob();
    glp_add_rows(lp, b->n_rows + (int)b->n_parts);
    for (int row = 1; row <= b->n_rows + (int)b->n_parts; row++) {
        size_t i = row <= b->n_rows ? b->price_of[row] : 0;
        double value = row <= b->n_rows ? row_value(r, i) : 1;
        bool at_most = row <= b->n_rows && i >= r->at_held;
        glp_set_row_bnds(lp, row, at_most ? GLP_UP : GLP_FX, value, value);
        glp_set_row_stat(lp, row, b->row_status[row]);
    }
    for (int row = 1; row <= b->n_rows; row++)
        add_box(b, r, lp, row);
    for (int row = 1; row <= b->n_rows; row++)
        if (b->price_of[row] < r->at_unit)
            add_curve(b, r, lp, row);
    for (size_t c = 0; c < b->n_columns; c++) {
        const struct column *column = &b->columns[c];
        int j = new_column(lp, HUGE_VAL, column->cost), n = (int)column->n;
        memcpy(b->row_room + 1, b->rows + column->first, column->n * sizeof *b->rows);
        memcpy(b->factor_room + 1, b->factors + column->first, column->n * sizeof *b->factors);
        b->row_room[n + 1] = b->n_rows + 1 + column->part;
        b->factor_room[n + 1] = 1;
        glp_set_mat_col(lp, j, n + 1, b->row_room, b->factor_room);
        glp_set_col_stat(lp, j, column->status);
    }
    return lp;
}

/* Remembers where everything is in the basis, and what the duals say. */
static void take_solution(struct jc_bundle *b, struct jc_relax *r, glp_prob *lp) {
    int j = 1, n = b->n_rows + (int)b->n_parts;
    for (int row = 1; row <= n; row++)
        b->row_status[row] = glp_get_row_stat(lp, row);
    for (int row = 1; row <= b->n_rows; row++)
        for (int s = 0; s < 2; s++)
            b->box_status[2 * row + s] = glp_get_col_stat(lp, j++);
    for (int row = 1; row <= b->n_rows; row++)
        for (int s = 0; b->price_of[row] < r->at_unit && s < SEGMENTS; s++)
            b->segment_status[SEGMENTS * row + s] = glp_get_col_stat(lp, j++);
    for (size_t c = 0; c < b->n_columns; c++) {
        b->columns[c].status = glp_get_col_stat(lp, j++);
        b->columns[c].idle = b->columns[c].status == GLP_BS ? 0 : b->columns[c].idle + 1;
    }
    for (size_t p = 0; p < b->n_parts; p++)
        b->part_value[p] = 0;
    memcpy(r->price, b->center, r->n * sizeof *r->price);
    for (int row = 1; row <= b->n_rows; row++) {
        size_t i = b->price_of[row];
        double price = -glp_get_row_dual(lp, row) * b->money / row_unit(r, i);
        price = price < (double)r->least[i] ? (double)r->least[i] : price;
        r->price[i] = (int64_t)llround(price > (double)r->most[i] ? (double)r->most[i] : price);
    }
    for (size_t p = 0; p < b->n_parts; p++)
        b->part_value[p] = glp_get_row_dual(lp, b->n_rows + 1 + (int)p);
    b->predicted = (int64_t)((glp_get_obj_val(lp) + constant(b, r)) * b->money);
    b->work = (int64_t)glp_get_it_cnt(lp) * (n + 50);
}

bool jc_bundle_propose(struct jc_bundle *b, struct jc_relax *r, const atomic_bool *stop) {
    glp_smcp parameters;
    b->fresh = false;
    b->work = 0;
    if (!b->begun || !b->n_rows || b->reach > b->most_reach || b->idle > PATIENCE)
        return false;
    glp_term_out(GLP_OFF);
    glp_init_smcp(&parameters);
    parameters.msg_lev = GLP_MSG_OFF;
    parameters.it_lim = CHUNK;
    glp_prob *lp = build(b, r);
    int result = GLP_EITLIM;
    for (int chunk = 0; result == GLP_EITLIM && chunk < CHUNKS_MAX && !atomic_load(stop); chunk++) {
        result = glp_simplex(lp, &parameters);
        if (chunk == 0 && (result == GLP_EBADB || result == GLP_ESING || result == GLP_ECOND)) {
            glp_std_basis(lp);
            result = glp_simplex(lp, &parameters);
        }
    }
    b->fresh = result == 0 && glp_get_status(lp) == GLP_OPT;
    if (b->fresh)
        take_solution(b, r, lp);
    glp_delete_prob(lp);
    if (b->fresh && (double)(b->predicted - b->center_value) <= LEAST_GAIN * fabs((double)b->center_value) + 1)
        b->reach *= WIDEN;
    return b->fresh;
}

int64_t jc_bundle_work(const struct jc_bundle *b) {
    return b->work;
}
