/* Month patterns by plain enumeration: all masks with the right number of bits, each tested. The next
 * mask with the same number of bits comes from Gosper's step, so listing costs at most 924 tests of a
 * few operations. A mask outside 12 bits must never be called allowed. */
#include "model/pattern.h"

struct jc_pattern_rule jc_pattern_rule(const Jc__ProblemRule *rule, int visits, uint32_t blackout) {
    return (struct jc_pattern_rule){
        .windows = rule->windows,
        .n_windows = rule->n_windows,
        .visits = visits,
        .gap = rule->min_gap_months,
        .blackout = blackout,
    };
}

static int count(uint32_t mask) {
    return __builtin_popcount(mask);
}

/* Are any two months of the mask closer than `gap`? */
static bool too_close(uint32_t mask, int gap) {
    for (int apart = 1; apart < gap && apart < JC_MONTHS; apart++)
        if (mask & (mask >> apart))
            return true;
    return false;
}

enum jc_pattern_fault jc_pattern_check(const struct jc_pattern_rule *rule, uint32_t mask) {
    if (mask & ~(uint32_t)JC_MONTHS_ALL || count(mask) != rule->visits)
        return JC_PATTERN_VISITS;
    if (!rule->visits) /* not due: windows ask nothing */
        return JC_PATTERN_OK;
    if (mask & rule->blackout)
        return JC_PATTERN_BLACKOUT;
    uint32_t covered = rule->n_windows ? 0 : JC_MONTHS_ALL;
    for (size_t i = 0; i < rule->n_windows; i++)
        covered |= rule->windows[i]->months;
    if (mask & ~covered)
        return JC_PATTERN_OUTSIDE;
    for (size_t i = 0; i < rule->n_windows; i++) {
        int inside = count(mask & rule->windows[i]->months);
        if (inside < rule->windows[i]->min || inside > rule->windows[i]->max)
            return JC_PATTERN_WINDOW;
    }
    return too_close(mask, rule->gap) ? JC_PATTERN_GAP : JC_PATTERN_OK;
}

/* The next larger mask with as many bits. */
static uint32_t next_mask(uint32_t mask) {
    uint32_t low = mask & -mask;
    uint32_t ripple = mask + low;
    return ripple | (((mask ^ ripple) >> 2) / low);
}

size_t jc_pattern_list(const struct jc_pattern_rule *rule, uint16_t out[JC_PATTERNS_MAX]) {
    if (rule->visits < 0 || rule->visits > JC_MONTHS)
        return 0;
    if (!rule->visits) {
        out[0] = 0;
        return 1;
    }
    size_t n = 0;
    for (uint32_t mask = (1u << rule->visits) - 1; mask <= JC_MONTHS_ALL; mask = next_mask(mask))
        if (jc_pattern_check(rule, mask) == JC_PATTERN_OK)
            out[n++] = (uint16_t)mask;
    return n;
}

/* Does any subset of `mask` satisfy the joint's rule? */
static bool can_join(const Jc__Problem *problem, const Jc__ProblemJoint *joint, uint32_t pinned, uint32_t mask) {
    struct jc_pattern_rule rule = jc_pattern_rule(problem->rules[joint->rule], joint->visits, 0);
    if (joint->visits == count(mask))
        return jc_pattern_keeps_told(joint, pinned, mask) && jc_pattern_check(&rule, mask) == JC_PATTERN_OK;
    for (uint32_t subset = mask;; subset = (subset - 1) & mask) {
        if (jc_pattern_keeps_told(joint, pinned, subset) && jc_pattern_check(&rule, subset) == JC_PATTERN_OK)
            return true;
        if (!subset)
            return false;
    }
}

size_t jc_pattern_of_option(const Jc__Problem *problem, const Jc__ProblemUnit *unit, const Jc__UnitOption *option,
                            uint32_t pinned, uint16_t out[JC_PATTERNS_MAX]) {
    struct jc_pattern_rule rule = jc_pattern_rule(problem->rules[option->rule], option->visits, unit->blackout_months);
    size_t n = jc_pattern_list(&rule, out);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool possible = (out[i] & pinned) == pinned;
        for (size_t j = 0; possible && option->visits && j < unit->n_joints; j++)
            possible = can_join(problem, unit->joints[j], pinned, out[i]);
        if (possible)
            out[kept++] = out[i];
    }
    return kept;
}
