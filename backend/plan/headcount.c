/* The workday budget along with the heads. It is read off the workday lines: O(lines). */
#include "plan/headcount.h"

#include "plan/workday_tree.h"

/* Millionths of non-enforcement workdays that one of `heads` people stands for; unknown if N is not
 * stated. */
static struct jc_amount non_enforcement_each(const struct jc_workday_tree *tree, struct jc_str team_id, int64_t heads) {
    struct jc_workday_top top = jc_workday_top(tree, team_id, JC_STR("non_enforcement"));
    struct jc_amount each = {.known = false}, stated = top.stated.known ? top.stated : top.deep;
    for (size_t i = 0; i < tree->count; i++) {
        const struct jc_workday_node *node = &tree->nodes[i];
        if (node->first_child >= 0 || !node->own.known || !jc_str_eq(node->line->team_id, team_id) ||
            !jc_str_eq(node->line->bucket, JC_STR("non_enforcement")) || node->line->persons_centi != heads * 100)
            continue;
        each.known = true;
        each.micro += node->own.micro / heads;
    }
    if (!each.known && stated.known)
        each = (struct jc_amount){true, stated.micro / heads};
    return each;
}

enum jc_code jc_headcount_gain(const struct jc_register *reg, int team, int64_t persons, int64_t *out_centi,
                               struct jc_err *err) {
    const Jc__Team *row = reg->teams[team];
    struct jc_workday_tree tree = {0};
    int64_t days = reg->agency->statutory_days_per_person > 0 ? reg->agency->statutory_days_per_person : reg->year_days;
    int64_t each = days * 100; /* of S, hundredths */
    enum jc_code code = jc_workday_tree_build(reg->arena, reg->lines, reg->n_lines, &tree, err);
    if (code)
        return code;
    struct jc_amount non = non_enforcement_each(&tree, jc_str(row->team_id), row->headcount);
    if (non.known) {
        each -= non.micro / JC_MICRO_PER_CENTI;
        *out_centi = each > 0 ? each * persons : 0;
    } else if (row->supervision_centi > 0) {
        *out_centi = row->supervision_centi * persons / row->headcount;
    } else {
        *out_centi = each * persons;
    }
    return JC_OK;
}
