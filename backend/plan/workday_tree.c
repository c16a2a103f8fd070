/* Sums climb from the leaves: a node is added up once all its children are, so depth costs nothing
 * and a circle simply never becomes ready. O(lines). */
#include "plan/workday_tree.h"

/* --- amounts ------------------------------------------------------------------------------------ */

static struct jc_amount from_centi(int64_t centi) {
    struct jc_amount amount = {centi >= 0, 0};
    if (amount.known && __builtin_mul_overflow(centi, (int64_t)JC_MICRO_PER_CENTI, &amount.micro))
        amount.known = false;
    return amount;
}

struct jc_amount jc_amount_add(struct jc_amount a, struct jc_amount b) {
    struct jc_amount sum = {a.known && b.known, 0};
    if (sum.known && __builtin_add_overflow(a.micro, b.micro, &sum.micro))
        sum.known = false;
    return sum;
}

struct jc_amount jc_amount_subtract(struct jc_amount a, struct jc_amount b) {
    struct jc_amount rest = {a.known && b.known, 0};
    if (rest.known && __builtin_sub_overflow(a.micro, b.micro, &rest.micro))
        rest.known = false;
    return rest;
}

bool jc_amount_equal(struct jc_amount a, struct jc_amount b) {
    return a.known && b.known && a.micro == b.micro;
}

/* Three hundredths multiplied are millionths. */
static struct jc_amount product_of(const struct jc_workday_line *line) {
    const int64_t factors[] = {line->count_centi, line->persons_centi, line->days_centi};
    __int128 product = 1;
    bool filled = false;
    for (int i = 0; i < 3; i++) {
        filled |= factors[i] >= 0;
        product *= factors[i] < 0 ? 100 : factors[i];
        if (product > INT64_MAX)
            return (struct jc_amount){false, 0};
    }
    return (struct jc_amount){filled, (int64_t)product};
}

/* --- the tree ----------------------------------------------------------------------------------- */

bool jc_workday_is_statutory(const struct jc_workday_node *node) {
    return jc_str_eq(node->line->bucket, JC_STR("statutory"));
}

bool jc_workday_is_top(const struct jc_workday_tree *tree, const struct jc_workday_node *node) {
    return node->parent < 0 || jc_workday_is_statutory(&tree->nodes[node->parent]);
}

/* Links nodes to their parents; children keep the order of the lines. */
static bool link_nodes(struct jc_arena *arena, struct jc_workday_tree *tree) {
    struct jc_index *index = jc_index_new(arena, tree->count);
    if (!index)
        return false;
    for (size_t i = 0; i < tree->count; i++) {
        int64_t *place = jc_index_at(index, tree->nodes[i].line->line_id, NULL);
        if (!place)
            return false;
        *place = (int64_t)i;
    }
    for (size_t i = tree->count; i-- > 0;) {
        struct jc_workday_node *node = &tree->nodes[i];
        if (node->line->parent_line_id.len)
            node->parent = (int)jc_index_find(index, node->line->parent_line_id, -1);
        if (node->parent >= 0) {
            node->next_sibling = tree->nodes[node->parent].first_child;
            tree->nodes[node->parent].first_child = (int)i;
        }
    }
    return true;
}

/* All children are added up: so is the node. */
static void add_up(struct jc_workday_tree *tree, struct jc_workday_node *node) {
    if (node->first_child < 0 || jc_workday_is_statutory(node)) {
        node->local = node->own;
        node->deep = node->own.known ? node->own : node->stated;
        return;
    }
    struct jc_amount local = {true, 0}, deep = {true, 0};
    for (int i = node->first_child; i >= 0; i = tree->nodes[i].next_sibling) {
        const struct jc_workday_node *child = &tree->nodes[i];
        local = jc_amount_add(local, child->stated.known ? child->stated : child->deep);
        deep = jc_amount_add(deep, child->deep);
    }
    node->local = local;
    node->deep = deep.known ? deep : node->own.known ? node->own : node->stated;
}

enum jc_code jc_workday_tree_build(struct jc_arena *arena, const struct jc_workday_line *lines, size_t count,
                                   struct jc_workday_tree *out, struct jc_err *err) {
    struct jc_workday_tree tree = {JC_NEW_ARRAY(arena, count, struct jc_workday_node), count};
    int *waiting = JC_NEW_ARRAY(arena, count, int); /* children not added up yet */
    int *ready = JC_NEW_ARRAY(arena, count, int);
    if (!tree.nodes || !waiting || !ready)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        tree.nodes[i] = (struct jc_workday_node){.line = &lines[i],
                                                 .parent = -1,
                                                 .first_child = -1,
                                                 .next_sibling = -1,
                                                 .stated = from_centi(lines[i].stated_centi),
                                                 .own = product_of(&lines[i])};
    if (!link_nodes(arena, &tree))
        return jc_fail_memory(err);
    size_t done = 0, found = 0;
    for (size_t i = 0; i < count; i++)
        if (tree.nodes[i].parent >= 0)
            waiting[tree.nodes[i].parent]++;
    for (size_t i = 0; i < count; i++)
        if (waiting[i] == 0)
            ready[found++] = (int)i;
    while (done < found) {
        struct jc_workday_node *node = &tree.nodes[ready[done++]];
        add_up(&tree, node);
        if (node->parent >= 0 && --waiting[node->parent] == 0)
            ready[found++] = node->parent;
    }
    *out = tree;
    return JC_OK;
}

struct jc_workday_top jc_workday_top(const struct jc_workday_tree *tree, struct jc_str team_id, struct jc_str bucket) {
    struct jc_workday_top top = {NULL, {true, 0}, {true, 0}};
    for (size_t i = 0; i < tree->count; i++) {
        const struct jc_workday_node *node = &tree->nodes[i];
        if (!jc_str_eq(node->line->team_id, team_id) || !jc_str_eq(node->line->bucket, bucket) ||
            !jc_workday_is_top(tree, node))
            continue;
        if (!top.first)
            top.first = node;
        top.stated = jc_amount_add(top.stated, node->stated);
        top.deep = jc_amount_add(top.deep, node->deep);
    }
    if (!top.first)
        top.stated.known = top.deep.known = false;
    return top;
}
