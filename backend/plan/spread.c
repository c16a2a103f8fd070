/* The spread. Sets of years are few (at most 2^6), so every unit knows all sets its cycle allows, less
 * those that hold a needless visit; a unit takes the set and team that go over capacity least and then
 * keep the teams' years most even (least squares of their distance from the steady load). Units are
 * placed one after the other, key first, then by the year they are due, risk and waiting, by sets that keep
 * to the cycle as long as these fit; then each is taken out and placed again until nothing changes, and
 * whoever is late may push one unit that needs the same team to another of its years, or a general one
 * behind its time for a key one. If somebody is late in the end, all is tried again with every set as good
 * as any other, and the better outcome stands. Cost: rounds x units x sets. All in integers; the same on
 * any machine.
 *
 * What must never happen: a unit without a year. */
#include "plan/spread.h"

#include <stdlib.h>
#include <string.h>

#include "plan/budget.h"
#include "plan/problem.h"
#include "plan/visit.h"

enum { ROUNDS = 30, PUSHES = 2000000 };

struct sets {
    uint32_t items[1 << JC_SPREAD_MAX];
    size_t regular; /* the first ones: behind the first visit always a whole cycle */
    size_t count;
};

/* What a set of years costs: first over, then squares. */
struct score {
    int64_t over;
    __int128 uneven;
};

struct spreader {
    const struct jc_register *reg;
    struct jc_spread *out;
    struct jc_arena *arena;
    int64_t *target; /* by team: the steady load of a year */
    struct jc_spread_unit **order;
    uint64_t pushes;   /* left */
    bool any_set;      /* sets that come sooner than the cycle asks are as good as regular ones */
    struct sets *sets; /* by cycle and due, made when asked for */
};

/* --- sets of years ------------------------------------------------------------------------------------- */

/* Nobody waits longer than the cycle: until `due`, between visits, and behind the last one. */
static bool covers(uint32_t set, int years, int cycle, int due) {
    int next = due; /* the year by which the next visit must be */
    for (int y = 0; y < years; y++) {
        if (set >> y & 1)
            next = y + cycle;
        else if (y >= next)
            return false;
    }
    return true;
}

static bool is_regular(uint32_t set, int cycle) {
    for (uint32_t rest = set; rest & (rest - 1); rest &= rest - 1)
        if (__builtin_ctz(rest & (rest - 1)) - __builtin_ctz(rest) != cycle)
            return false;
    return true;
}

static void list_sets(int years, int cycle, int due, struct sets *out) {
    out->count = 0;
    for (int regular = 1; regular >= 0; regular--) {
        for (uint32_t set = 0; set < 1u << years; set++) {
            bool lean = is_regular(set, cycle) == regular && covers(set, years, cycle, due);
            for (int y = 0; lean && y < years; y++)
                lean = !(set >> y & 1) || !covers(set & ~(1u << y), years, cycle, due);
            if (lean)
                out->items[out->count++] = set;
        }
        if (regular)
            out->regular = out->count;
    }
}

/* --- work ------------------------------------------------------------------------------------------------ */

static int last_year(const struct jc_register *reg, const Jc__Unit *unit) {
    int last = atoi(unit->last_visit); /* YYYY-MM; 0 if empty */
    return last ? last - reg->year : -1000;
}

bool jc_spread_joins(const struct jc_register *reg, const struct jc_spread_unit *unit, size_t joint, int year) {
    int rule = jc_register_rule(reg, unit->unit->joints[joint]->rule_id), last = last_year(reg, unit->unit);
    int cycle = rule < 0 ? 1 : reg->rules[rule]->cycle_years;
    if (cycle <= 1)
        return unit->years >> year & 1;
    for (int y = 0; y <= year; y++) {
        if (!(unit->years >> y & 1) || y - last < cycle)
            continue;
        if (y == year)
            return true;
        last = y;
    }
    return false;
}

/* Work of the lead in a year: a visit, or the mean of its yearly rules. */
static int64_t lead_work(const struct jc_register *reg, const struct jc_spread_unit *u) {
    int64_t work = (int64_t)u->unit->persons * u->unit->days_centi, visits = 0;
    if (u->cycle > 1)
        return work;
    for (size_t i = 0; i < u->unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, u->unit->rule_ids[i]);
        visits += rule < 0 ? 0 : reg->rules[rule]->visits;
    }
    return visits ? work * visits / (int64_t)u->unit->n_rule_ids : 0;
}

static void count(struct jc_spread_team *team, int64_t target, int years, int y, int64_t work, struct score *score) {
    int64_t before = team->work_centi[y], after = before + work, cap = team->capacity_centi;
    if (cap >= 0)
        score->over += (after > cap ? after - cap : 0) - (before > cap ? before - cap : 0);
    if (y < years)
        score->uneven +=
            (__int128)(after - target) * (after - target) - (__int128)(before - target) * (before - target);
    team->work_centi[y] = after;
}

/* Adds the unit's work in its years (takes it away: sign -1) and says what that does to the score. */
static struct score book(struct spreader *s, const struct jc_spread_unit *u, int sign) {
    struct score score = {0, 0};
    int64_t work = lead_work(s->reg, u) * sign;
    for (int y = 0; y < JC_SPREAD_BEYOND; y++) {
        if (!(u->years >> y & 1))
            continue;
        count(&s->out->teams[u->team], s->target[u->team], s->out->years, y, work, &score);
        for (size_t j = 0; j < u->unit->n_joints; j++) {
            const Jc__JointVisit *joint = u->unit->joints[j];
            int team = jc_register_team(s->reg, joint->team_id), rule = jc_register_rule(s->reg, joint->rule_id);
            if (team >= 0 && rule >= 0 && jc_spread_joins(s->reg, u, j, y))
                count(&s->out->teams[team], s->target[team], s->out->years, y,
                      (int64_t)joint->persons * joint->days_centi * s->reg->rules[rule]->visits * sign, &score);
        }
    }
    return score;
}

static bool better(struct score a, struct score b) {
    return a.over != b.over ? a.over < b.over : a.uneven < b.uneven;
}

/* --- placing a unit --------------------------------------------------------------------------------------- */

static const struct sets EVERY_YEAR = {{(1u << JC_SPREAD_BEYOND) - 1}, 1, 1};

static const struct sets *sets_of(struct spreader *s, const struct jc_spread_unit *u) {
    if (u->cycle == 1)
        return &EVERY_YEAR;
    struct sets *sets = &s->sets[u->cycle * (JC_SPREAD_MAX + 1) + (u->due < JC_SPREAD_MAX ? u->due : JC_SPREAD_MAX)];
    if (!sets->count)
        list_sets(s->out->years, u->cycle, u->due, sets);
    return sets;
}

/* The best of `sets` and of the unit's teams; what it costs. The unit is not booked, before or after. */
static struct score choose(struct spreader *s, struct jc_spread_unit *u, const uint32_t *sets, size_t count_sets) {
    struct score best = {INT64_MAX, 0};
    struct jc_spread_unit pick = *u;
    for (size_t k = 0; k < u->unit->n_lead_teams; k++) {
        u->team = jc_register_team(s->reg, u->unit->lead_teams[k]);
        for (size_t i = 0; u->team >= 0 && i < count_sets; i++) {
            u->years = sets[i];
            struct score score = book(s, u, 1);
            book(s, u, -1);
            if (better(score, best)) {
                best = score;
                pick = *u;
            }
        }
    }
    *u = pick;
    return best;
}

/* Years of a unit that comes first in year `first`, then as its cycle asks. */
static uint32_t from_year(const struct spreader *s, const struct jc_spread_unit *u, int first) {
    uint32_t set = 1u << first;
    for (int y = first + u->cycle; y < s->out->years; y += u->cycle)
        set |= 1u << y;
    return set;
}

/* Places and books the unit: in time if that fits, else in the first year behind in which it does, else in
 * time all the same, over what there is. */
static void place(struct spreader *s, struct jc_spread_unit *u) {
    const struct sets *sets = sets_of(s, u);
    struct score in_time = choose(s, u, sets->items, s->any_set ? sets->count : sets->regular);
    if (in_time.over > 0 && !s->any_set && sets->count > sets->regular)
        in_time = choose(s, u, sets->items, sets->count);
    u->late = false;
    struct jc_spread_unit timely = *u;
    for (int first = u->due + 1; in_time.over > 0 && u->cycle > 1 && !u->kept && first < JC_SPREAD_BEYOND && !u->late;
         first++) {
        uint32_t set = from_year(s, u, first);
        u->late = choose(s, u, &set, 1).over <= 0;
    }
    if (!u->late)
        *u = timely;
    book(s, u, 1);
}

/* --- order ------------------------------------------------------------------------------------------------ */

static int by_priority(const void *a, const void *b) {
    const struct jc_spread_unit *x = *(struct jc_spread_unit *const *)a, *y = *(struct jc_spread_unit *const *)b;
    if ((x->cycle > 1) != (y->cycle > 1))
        return (x->cycle > 1) - (y->cycle > 1); /* what comes every year has no choice */
    if (x->key != y->key)
        return y->key - x->key;
    if (x->due != y->due)
        return x->due - y->due;
    if (x->unit->risk != y->unit->risk)
        return y->unit->risk - x->unit->risk;
    int order = strcmp(x->unit->last_visit, y->unit->last_visit);
    return order ? order : strcmp(x->unit->unit_id, y->unit->unit_id);
}

/* Does the unit need workdays of that team, to be led or joined? */
static bool needs_team(const struct jc_register *reg, const Jc__Unit *unit, int team) {
    const char *team_id = reg->teams[team]->team_id;
    for (size_t k = 0; k < unit->n_lead_teams; k++)
        if (strcmp(unit->lead_teams[k], team_id) == 0)
            return true;
    for (size_t j = 0; j < unit->n_joints; j++)
        if (strcmp(unit->joints[j]->team_id, team_id) == 0)
            return true;
    return false;
}

/* `late` is not booked and `other` is: does `late` come in time if `other` makes room, moving within its
 * own time or, a general unit for a key one, behind it? Then both are booked so; else all is as it was. */
static bool push(struct spreader *s, struct jc_spread_unit *late, struct jc_spread_unit *other) {
    struct jc_spread_unit mine = *late, theirs = *other;
    const struct sets *sets = sets_of(s, late), *other_sets = sets_of(s, other);
    book(s, other, -1);
    late->late = false;
    if (choose(s, late, sets->items, sets->count).over <= 0) {
        book(s, late, 1);
        if (choose(s, other, other_sets->items, other_sets->count).over <= 0) {
            book(s, other, 1);
            return true;
        }
        if (late->key && !other->key && !other->kept && other->cycle > 1) {
            place(s, other);
            if (other->late)
                return true;
            book(s, other, -1);
        }
        book(s, late, -1);
    }
    *late = mine;
    *other = theirs;
    book(s, other, 1);
    return false;
}

static bool push_for(struct spreader *s, struct jc_spread_unit *late) {
    book(s, late, -1);
    for (size_t i = 0; i < s->out->n_units && s->pushes; i++) {
        struct jc_spread_unit *other = s->order[i];
        bool fixed = other->cycle == 1 && other->unit->n_lead_teams < 2;
        if (other == late || fixed || other->late || !needs_team(s->reg, late->unit, other->team))
            continue;
        s->pushes--;
        if (push(s, late, other))
            return true;
    }
    book(s, late, 1);
    return false;
}

static void improve(struct spreader *s) {
    bool moved = true;
    for (int round = 0; moved && round < ROUNDS; round++) {
        moved = false;
        for (size_t i = 0; i < s->out->n_units; i++) {
            struct jc_spread_unit *u = s->order[i], before = *u;
            if (u->cycle == 1 && u->unit->n_lead_teams < 2)
                continue;
            book(s, u, -1);
            place(s, u);
            moved |= u->years != before.years || u->team != before.team;
            if (u->late && s->pushes)
                moved |= push_for(s, u);
        }
    }
}

/* --- all of it ---------------------------------------------------------------------------------------------- */

static bool is_kept(const Jc__Plan *kept, const struct jc_index *units, const char *unit_id) {
    return kept && jc_index_find(units, jc_str(unit_id), 0);
}

static enum jc_code index_kept(struct spreader *s, const Jc__Plan *kept, struct jc_index **out, struct jc_err *err) {
    *out = jc_index_new(s->arena, 0);
    if (!*out)
        return jc_fail_memory(err);
    for (size_t i = 0; kept && i < kept->n_visits; i++) {
        if (!*kept->visits[i]->unit_id || !jc_visit_is_kept(kept->visits[i]))
            continue;
        int64_t *place = jc_index_at(*out, jc_str(kept->visits[i]->unit_id), NULL);
        if (!place)
            return jc_fail_memory(err);
        *place = 1;
    }
    return JC_OK;
}

/* Cycle and due year of a unit; a unit with visits that stay in the first year is due then. */
static struct jc_spread_unit describe(const struct jc_register *reg, const Jc__Unit *unit, bool kept) {
    struct jc_spread_unit u = {.unit = unit, .cycle = 1, .key = strcmp(unit->category, "key") == 0, .kept = kept};
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, unit->rule_ids[i]);
        if (rule >= 0 && reg->rules[rule]->cycle_years > u.cycle)
            u.cycle = reg->rules[rule]->cycle_years;
    }
    int last = last_year(reg, unit);
    u.due = last < -100 ? u.cycle - 1 : last + u.cycle > 0 ? last + u.cycle : 0;
    if (kept || u.cycle == 1)
        u.due = 0;
    return u;
}

static enum jc_code list_units(struct spreader *s, const Jc__Plan *kept, struct jc_err *err) {
    const struct jc_register *reg = s->reg;
    struct jc_index *kept_units = NULL;
    enum jc_code code = index_kept(s, kept, &kept_units, err);
    s->out->units = JC_NEW_ARRAY(s->arena, reg->n_units + 1, struct jc_spread_unit);
    s->order = JC_NEW_ARRAY(s->arena, reg->n_units + 1, struct jc_spread_unit *);
    if (code || !s->out->units || !s->order)
        return code ? code : jc_fail_memory(err);
    int cycles = 1;
    for (size_t i = 0; i < reg->n_units; i++) {
        if (!reg->units[i]->n_rule_ids)
            continue;
        struct jc_spread_unit *u = &s->out->units[s->out->n_units];
        *u = describe(reg, reg->units[i], is_kept(kept, kept_units, reg->units[i]->unit_id));
        s->order[s->out->n_units++] = u;
        s->out->cyclic += u->cycle > 1;
        cycles = u->cycle > cycles ? u->cycle : cycles;
    }
    qsort(s->order, s->out->n_units, sizeof(*s->order), by_priority);
    s->sets = JC_NEW_ARRAY(s->arena, (size_t)(cycles + 1) * (JC_SPREAD_MAX + 1), struct sets);
    return s->sets ? JC_OK : jc_fail_memory(err);
}

/* What a team has in a year, and the steady load: its yearly work and the n-th part of the rest. */
static enum jc_code list_teams(struct spreader *s, struct jc_err *err) {
    struct jc_budget_targets *targets = NULL;
    enum jc_code code = jc_budget_targets(s->reg, &targets, err);
    s->out->teams = JC_NEW_ARRAY(s->arena, s->reg->n_teams + 1, struct jc_spread_team);
    s->target = JC_NEW_ARRAY(s->arena, s->reg->n_teams + 1, int64_t);
    if (code || !s->out->teams || !s->target)
        return code ? code : jc_fail_memory(err);
    for (size_t t = 0; t < s->reg->n_teams; t++)
        s->out->teams[t].capacity_centi = jc_budget_year(targets[t].month_centi, targets[t].year_centi);
    for (size_t i = 0; i < s->reg->n_draws; i++) {
        const Jc__Draw *draw = s->reg->draws[i];
        int team = jc_register_team(s->reg, draw->team_id);
        int64_t work = (int64_t)draw->sample * draw->persons * draw->days_centi;
        for (int y = 0; team >= 0 && y < JC_SPREAD_BEYOND; y++)
            s->out->teams[team].work_centi[y] += work;
        if (team >= 0)
            s->target[team] += work;
    }
    for (size_t i = 0; i < s->out->n_units; i++) {
        const struct jc_spread_unit *u = &s->out->units[i];
        for (size_t k = 0; k < u->unit->n_lead_teams; k++) {
            int team = jc_register_team(s->reg, u->unit->lead_teams[k]);
            if (team >= 0)
                s->target[team] += lead_work(s->reg, u) / u->cycle / (int64_t)u->unit->n_lead_teams;
        }
    }
    return JC_OK;
}

static void sum_up(struct spreader *s) {
    for (size_t i = 0; i < s->out->n_units; i++) {
        const struct jc_spread_unit *u = &s->out->units[i];
        int first = u->years ? __builtin_ctz(u->years) + 1 : 0;
        if (u->cycle == 1)
            continue;
        s->out->late += u->late;
        s->out->late_key += u->late && u->key;
        s->out->seen_after = first > s->out->seen_after ? first : s->out->seen_after;
        if (u->key && first > s->out->seen_after_key)
            s->out->seen_after_key = first;
    }
}

static enum jc_code run(struct spreader *s, const Jc__Plan *kept, struct jc_err *err) {
    s->pushes = PUSHES;
    enum jc_code code = list_units(s, kept, err);
    if (!code)
        code = list_teams(s, err);
    if (code)
        return code;
    for (size_t i = 0; i < s->out->n_units; i++)
        place(s, s->order[i]);
    improve(s);
    sum_up(s);
    return JC_OK;
}

/* Fewer key units late, then fewer late, then sooner done. */
static bool is_better(const struct jc_spread *a, const struct jc_spread *b) {
    if (a->late_key != b->late_key)
        return a->late_key < b->late_key;
    return a->late != b->late ? a->late < b->late : a->seen_after < b->seen_after;
}

enum jc_code jc_spread_make(const struct jc_register *reg, const Jc__Plan *kept, int years, struct jc_arena *arena,
                            struct jc_spread *out, struct jc_err *err) {
    struct jc_spread freer = {.years = years};
    *out = (struct jc_spread){.years = years};
    struct spreader s = {.reg = reg, .out = out, .arena = arena};
    enum jc_code code = run(&s, kept, err);
    if (code || !out->late)
        return code;
    s = (struct spreader){.reg = reg, .out = &freer, .arena = arena, .any_set = true};
    code = run(&s, kept, err);
    if (!code && is_better(&freer, out))
        *out = freer;
    return code;
}
