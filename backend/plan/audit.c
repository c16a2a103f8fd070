/* Every line with a stated total is compared twice: with what its parts state (local) and with what they
 * come to when recomputed to the leaves (deep).
 *
 *   stated != local, != deep   the line's own slip              direct
 *   stated != local, == deep   a part below is misstated        consequence, computed = local
 *   stated == local, != deep   carries a slip from below        consequence, computed = deep
 *
 * So a plan whose arithmetic is right has no finding, and each slip has exactly one direct one. Amounts
 * are integers; nothing is rounded. O(lines x depth) for the causes. */
#include "plan/audit.h"

#include <string.h>

#include "plan/register.h"
#include "store/agency.h"

struct audit {
    struct jc_arena *arena;
    const struct jc_audit_input *input;
    struct jc_workday_tree tree;
    bool *slipped;   /* by node: a direct sum or product finding */
    bool *statutory; /* by node: a statutory finding */
    struct {
        struct jc_audit_finding *items;
        size_t count, capacity;
    } findings;
    bool memory; /* ended */
};

/* --- findings ----------------------------------------------------------------------------------- */

static struct jc_audit_finding *add_finding(struct audit *audit, const struct jc_workday_node *node,
                                            enum jc_audit_kind kind) {
    struct jc_audit_finding *finding = JC_PUSH(audit->arena, &audit->findings, struct jc_audit_finding);
    audit->memory |= !finding;
    if (finding)
        *finding = (struct jc_audit_finding){.line_id = node->line->line_id,
                                             .team_id = node->line->team_id,
                                             .item = node->line->item.len ? node->line->item : node->line->line_id,
                                             .kind = kind};
    return finding;
}

/* The three cases of the head of this file; NULL if there is nothing to find. */
static struct jc_audit_finding *compare(struct audit *audit, const struct jc_workday_node *node,
                                        enum jc_audit_kind kind, struct jc_amount stated, struct jc_amount local,
                                        struct jc_amount deep) {
    if (!stated.known || !local.known || !deep.known)
        return NULL;
    bool as_local = jc_amount_equal(stated, local), as_deep = jc_amount_equal(stated, deep);
    if (as_local && as_deep)
        return NULL;
    struct jc_audit_finding *finding = add_finding(audit, node, kind);
    if (!finding)
        return NULL;
    finding->direct = !as_local && !as_deep;
    finding->stated_micro = stated.micro;
    finding->computed_micro = as_local ? deep.micro : local.micro;
    finding->recomputed_micro = deep.micro;
    return finding;
}

static void add_micro(struct jc_buf *out, int64_t micro) {
    char text[JC_NUMBER_TEXT];
    jc_buf_add(out, jc_str_from_micro(micro, text));
}

static void keep_working(struct audit *audit, struct jc_audit_finding *finding, struct jc_buf *text) {
    finding->working = jc_arena_copy(audit->arena, jc_buf_str(text));
    audit->memory |= text->failed || !finding->working.ptr;
    jc_buf_free(text);
}

/* Lines with a slip of their own at `root` or below it. */
static void add_causes(struct audit *audit, struct jc_audit_finding *finding, const struct jc_workday_node *root,
                       const struct jc_workday_node *except) {
    const struct jc_workday_node *nodes = audit->tree.nodes;
    int top = (int)(root - nodes), at = top;
    while (at >= 0) {
        if (audit->slipped[at] && &nodes[at] != except) {
            struct jc_str *causes = JC_NEW_ARRAY(audit->arena, finding->cause_count + 1, struct jc_str);
            audit->memory |= !causes;
            if (!causes)
                return;
            if (finding->cause_count)
                memcpy(causes, finding->causes, finding->cause_count * sizeof *causes);
            causes[finding->cause_count++] = nodes[at].line->line_id;
            finding->causes = causes;
        }
        if (nodes[at].first_child >= 0 && !jc_workday_is_statutory(&nodes[at])) {
            at = nodes[at].first_child;
            continue;
        }
        while (at != top && nodes[at].next_sibling < 0)
            at = nodes[at].parent;
        at = at == top ? -1 : nodes[at].next_sibling;
    }
}

/* --- lines ---------------------------------------------------------------------------------------- */

/* "52+10+2+66": what the parts state. */
static void work_sum(struct audit *audit, struct jc_audit_finding *finding, const struct jc_workday_node *node) {
    enum { SHOWN = 16 };
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    int shown = 0;
    for (int i = node->first_child; i >= 0; i = audit->tree.nodes[i].next_sibling) {
        const struct jc_workday_node *child = &audit->tree.nodes[i];
        if (shown++ == SHOWN) {
            jc_buf_add(&text, JC_STR("+…"));
            break;
        }
        if (shown > 1)
            jc_buf_char(&text, '+');
        add_micro(&text, child->stated.known ? child->stated.micro : child->deep.micro);
    }
    keep_working(audit, finding, &text);
}

/* "16×2×0.5": the factors that are filled. */
static void work_product(struct audit *audit, struct jc_audit_finding *finding, const struct jc_workday_node *node) {
    const int64_t factors[] = {node->line->count_centi, node->line->persons_centi, node->line->days_centi};
    struct jc_buf text;
    jc_buf_init(&text, 256);
    for (int i = 0; i < 3; i++) {
        if (factors[i] < 0)
            continue;
        if (text.len)
            jc_buf_add(&text, JC_STR("×"));
        jc_buf_centi(&text, factors[i]);
    }
    keep_working(audit, finding, &text);
}

static void check_sum(struct audit *audit, const struct jc_workday_node *node) {
    struct jc_audit_finding *finding = compare(audit, node, JC_AUDIT_SUM, node->stated, node->local, node->deep);
    if (!finding)
        return;
    work_sum(audit, finding, node);
    audit->slipped[node - audit->tree.nodes] |= finding->direct;
    if (!finding->direct)
        add_causes(audit, finding, node, node);
}

/* Beside parts, the product only answers for itself: what the parts come to is the sum's affair. */
static void check_product(struct audit *audit, const struct jc_workday_node *node, bool has_parts) {
    struct jc_amount deep = has_parts ? node->deep : node->own;
    if (jc_amount_equal(node->stated, node->own))
        return;
    struct jc_audit_finding *finding = compare(audit, node, JC_AUDIT_PRODUCT, node->stated, node->own, deep);
    if (!finding)
        return;
    work_product(audit, finding, node);
    audit->slipped[node - audit->tree.nodes] |= finding->direct;
}

/* W2: T against persons x statutory days. */
static void check_statutory(struct audit *audit, const struct jc_workday_node *node) {
    int64_t days = audit->input->agency->statutory_days_per_person, persons = node->line->persons_centi;
    struct jc_amount limit = {days > 0 && persons >= 0, 0};
    if (!limit.known || __builtin_mul_overflow(days * JC_MICRO_PER_CENTI, persons, &limit.micro))
        return;
    struct jc_audit_finding *finding = compare(audit, node, JC_AUDIT_STATUTORY, node->stated, limit, limit);
    if (!finding)
        return;
    audit->statutory[node - audit->tree.nodes] = true;
    struct jc_buf text;
    jc_buf_init(&text, 256);
    jc_buf_printf(&text, "%lld×", (long long)days);
    jc_buf_centi(&text, persons);
    keep_working(audit, finding, &text);
}

/* --- teams and agency ------------------------------------------------------------------------------- */

struct four {
    struct jc_workday_top total, supervision, other, non;
};

static struct four tops_of(const struct audit *audit, struct jc_str team_id) {
    return (struct four){jc_workday_top(&audit->tree, team_id, JC_STR("statutory")),
                         jc_workday_top(&audit->tree, team_id, JC_STR("supervision")),
                         jc_workday_top(&audit->tree, team_id, JC_STR("other_enforcement")),
                         jc_workday_top(&audit->tree, team_id, JC_STR("non_enforcement"))};
}

/* All top lines of a bucket of a team, with what lies below them. */
static void add_causes_of_bucket(struct audit *audit, struct jc_audit_finding *finding, struct jc_str team_id,
                                 const char *bucket) {
    for (size_t i = 0; i < audit->tree.count; i++) {
        const struct jc_workday_node *node = &audit->tree.nodes[i];
        if (jc_str_eq(node->line->team_id, team_id) && jc_str_eq(node->line->bucket, jc_str(bucket)) &&
            jc_workday_is_top(&audit->tree, node))
            add_causes(audit, finding, node, NULL);
    }
}

/* W3: S is what T leaves. */
static void check_balance(struct audit *audit, struct jc_str team_id) {
    struct four four = tops_of(audit, team_id);
    if (!four.total.first || !four.supervision.first || !four.other.first || !four.non.first)
        return;
    struct jc_amount local =
        jc_amount_subtract(jc_amount_subtract(four.total.stated, four.other.stated), four.non.stated);
    struct jc_amount deep = jc_amount_subtract(jc_amount_subtract(four.total.deep, four.other.deep), four.non.deep);
    struct jc_audit_finding *finding =
        compare(audit, four.supervision.first, JC_AUDIT_BALANCE, four.supervision.stated, local, deep);
    if (!finding)
        return;
    bool carried = jc_amount_equal(four.supervision.stated, local);
    struct jc_buf text;
    jc_buf_init(&text, 256);
    add_micro(&text, carried ? four.total.deep.micro : four.total.stated.micro);
    jc_buf_add(&text, JC_STR("-"));
    add_micro(&text, carried ? four.other.deep.micro : four.other.stated.micro);
    jc_buf_add(&text, JC_STR("-"));
    add_micro(&text, carried ? four.non.deep.micro : four.non.stated.micro);
    keep_working(audit, finding, &text);
    if (!finding->direct) {
        add_causes_of_bucket(audit, finding, team_id, "statutory");
        add_causes_of_bucket(audit, finding, team_id, "other_enforcement");
        add_causes_of_bucket(audit, finding, team_id, "non_enforcement");
    }
}

/* headcount x statutory days; unknown without statutory days. */
static struct jc_amount team_days(const struct audit *audit, const Jc__Team *team) {
    struct jc_amount amount = {audit->input->agency->statutory_days_per_person > 0, 0};
    int64_t days = (int64_t)audit->input->agency->statutory_days_per_person * 100 * JC_MICRO_PER_CENTI;
    if (__builtin_mul_overflow(days, (int64_t)team->headcount, &amount.micro))
        amount.known = false;
    return amount;
}

/* Teams whose T is not headcount x statutory days make the difference. */
static void add_statutory_causes(struct audit *audit, struct jc_audit_finding *finding) {
    for (size_t i = 0; i < audit->tree.count; i++) {
        const struct jc_workday_node *node = &audit->tree.nodes[i];
        bool kept = audit->slipped[i];
        if (!node->line->team_id.len || !jc_workday_is_statutory(node) || !jc_workday_is_top(&audit->tree, node))
            continue;
        audit->slipped[i] |= audit->statutory[i];
        add_causes(audit, finding, node, NULL);
        audit->slipped[i] = kept;
    }
}

/* The agency's T against its teams' (a team without a line: headcount x statutory days); O and N only
 * if every team has such a line. */
static void check_agency(struct audit *audit, const char *bucket) {
    bool total = strcmp(bucket, "statutory") == 0;
    struct jc_workday_top agency = jc_workday_top(&audit->tree, JC_STR(""), jc_str(bucket));
    struct jc_amount local = {true, 0}, deep = {true, 0};
    struct jc_buf text;
    if (!agency.first || audit->input->team_count == 0)
        return;
    jc_buf_init(&text, 4096);
    for (size_t i = 0; i < audit->input->team_count; i++) {
        const Jc__Team *team = audit->input->teams[i];
        struct jc_workday_top top = jc_workday_top(&audit->tree, jc_str(team->team_id), jc_str(bucket));
        struct jc_amount days = total ? team_days(audit, team) : (struct jc_amount){false, 0};
        struct jc_amount stated = !top.first ? days : top.stated.known ? top.stated : top.deep;
        local = jc_amount_add(local, stated);
        deep = jc_amount_add(deep, total ? days : top.deep);
        if (i)
            jc_buf_char(&text, '+');
        if (stated.known)
            add_micro(&text, stated.micro);
    }
    struct jc_audit_finding *finding =
        compare(audit, agency.first, JC_AUDIT_AGENCY, agency.stated, local, deep.known ? deep : local);
    if (!finding) {
        jc_buf_free(&text);
        return;
    }
    keep_working(audit, finding, &text);
    if (!finding->direct && total)
        add_statutory_causes(audit, finding);
    for (size_t i = 0; i < audit->input->team_count && !finding->direct && !total; i++)
        add_causes_of_bucket(audit, finding, jc_str(audit->input->teams[i]->team_id), bucket);
}

/* W1: counted persons of a kind of team against those registered, where every such team says both. */
static void check_ratio(struct audit *audit, const char *kind, int64_t limit_centi) {
    int64_t counted = 0, registered = 0;
    size_t teams = 0;
    for (size_t i = 0; i < audit->input->team_count; i++) {
        const Jc__Team *team = audit->input->teams[i];
        if (strcmp(team->kind, kind) != 0)
            continue;
        if (team->headcount_registered < 0)
            return;
        counted += team->headcount;
        registered += team->headcount_registered;
        teams++;
    }
    /* counted / registered < limit %, in integers */
    if (teams == 0 || registered == 0 || counted * 10000 >= limit_centi * registered)
        return;
    struct jc_audit_finding *finding = JC_PUSH(audit->arena, &audit->findings, struct jc_audit_finding);
    audit->memory |= !finding;
    if (!finding)
        return;
    int64_t actual = (int64_t)((__int128)counted * 100 * 1000000 / registered) / JC_MICRO_PER_CENTI;
    *finding = (struct jc_audit_finding){.line_id = jc_str(kind),
                                         .item = jc_str(kind),
                                         .kind = JC_AUDIT_RATIO,
                                         .direct = true,
                                         .stated_micro = actual * JC_MICRO_PER_CENTI,
                                         .computed_micro = limit_centi * JC_MICRO_PER_CENTI,
                                         .recomputed_micro = limit_centi * JC_MICRO_PER_CENTI};
    finding->working = jc_arena_printf(audit->arena, "%lld/%lld", (long long)counted, (long long)registered);
    audit->memory |= !finding->working.ptr;
}

/* The draft's limit for sections of the agency's level; a town plans by analogy to a county (R4). */
static int64_t bureau_limit(const struct jc_audit_input *input) {
    if (input->bureau_limit_centi >= 0)
        return input->bureau_limit_centi;
    if (strcmp(input->agency->level, "province") == 0)
        return 6000;
    return strcmp(input->agency->level, "city") == 0 ? 7000 : 8000;
}

/* --- all -------------------------------------------------------------------------------------------- */

/* Direct slips first: consequences name them. */
static void check_lines(struct audit *audit) {
    for (size_t i = 0; i < audit->tree.count; i++) {
        const struct jc_workday_node *node = &audit->tree.nodes[i];
        bool parts = node->first_child >= 0 && !jc_workday_is_statutory(node);
        if (!node->stated.known)
            continue;
        audit->slipped[i] |= parts && node->local.known && !jc_amount_equal(node->stated, node->local) &&
                             !jc_amount_equal(node->stated, node->deep);
        audit->slipped[i] |= !parts && node->own.known && !jc_amount_equal(node->stated, node->own);
    }
    for (size_t i = 0; i < audit->tree.count && !audit->memory; i++) {
        const struct jc_workday_node *node = &audit->tree.nodes[i];
        bool parts = node->first_child >= 0 && !jc_workday_is_statutory(node);
        if (parts)
            check_sum(audit, node);
        check_product(audit, node, parts);
        if (jc_workday_is_statutory(node))
            check_statutory(audit, node);
    }
}

/* Findings by the order of their lines; ratios keep their place at the end. */
static enum jc_code sort_findings(struct audit *audit, struct jc_err *err) {
    struct jc_index *order = jc_index_new(audit->arena, audit->tree.count);
    if (!order)
        return jc_fail_memory(err);
    for (size_t i = 0; i < audit->tree.count; i++)
        *jc_index_at(order, audit->tree.nodes[i].line->line_id, NULL) = (int64_t)i;
    struct jc_audit_finding *items = audit->findings.items;
    for (size_t i = 1; i < audit->findings.count; i++) { /* nearly sorted already */
        struct jc_audit_finding moved = items[i];
        int64_t place = moved.kind == JC_AUDIT_RATIO ? INT64_MAX : jc_index_find(order, moved.line_id, INT64_MAX);
        size_t k = i;
        for (; k > 0; k--) {
            const struct jc_audit_finding *before = &items[k - 1];
            if (before->kind != JC_AUDIT_RATIO && jc_index_find(order, before->line_id, INT64_MAX) <= place)
                break;
            if (before->kind == JC_AUDIT_RATIO && place == INT64_MAX)
                break;
            items[k] = items[k - 1];
        }
        items[k] = moved;
    }
    return JC_OK;
}

enum jc_code jc_audit_run(struct jc_arena *arena, const struct jc_audit_input *input, struct jc_audit_finding **out,
                          size_t *count, struct jc_err *err) {
    struct audit audit = {.arena = arena, .input = input};
    enum jc_code code = jc_workday_tree_build(arena, input->lines, input->line_count, &audit.tree, err);
    if (code)
        return code;
    audit.slipped = JC_NEW_ARRAY(arena, input->line_count, bool);
    audit.statutory = JC_NEW_ARRAY(arena, input->line_count, bool);
    if (!audit.slipped || !audit.statutory)
        return jc_fail_memory(err);
    check_lines(&audit);
    check_balance(&audit, JC_STR(""));
    for (size_t i = 0; i < input->team_count && !audit.memory; i++)
        check_balance(&audit, jc_str(input->teams[i]->team_id));
    check_agency(&audit, "statutory");
    check_agency(&audit, "other_enforcement");
    check_agency(&audit, "non_enforcement");
    check_ratio(&audit, "bureau", bureau_limit(input));
    check_ratio(&audit, "brigade", input->brigade_limit_centi >= 0 ? input->brigade_limit_centi : 9000);
    if (audit.memory)
        return jc_fail_memory(err);
    code = sort_findings(&audit, err);
    *out = audit.findings.items;
    *count = audit.findings.count;
    return code;
}

/* A limit set for the province, -1 if there is none. */
static enum jc_code load_limit(struct jc_tx *tx, int64_t agency_id, struct jc_str name, int year,
                               struct jc_arena *arena, int64_t *out, struct jc_err *err) {
    struct jc_parameter parameter;
    enum jc_code code = jc_parameter_at(tx, agency_id, name, (struct jc_date){year, 1, 1}, arena, &parameter, err);
    *out = code ? -1 : parameter.value_centi;
    return code == JC_NOT_FOUND ? JC_OK : code;
}

enum jc_code jc_audit_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_audit_finding **out,
                           size_t *count, struct jc_err *err) {
    struct jc_audit_input input = {0};
    struct jc_workday_line *lines;
    Jc__Agency *agency;
    Jc__Team **teams;
    enum jc_code code = jc_agency_get(tx, agency_id, arena, &agency, err);
    if (!code && agency->agency_id[0] == '\0')
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REGISTER_EMPTY);
    if (!code)
        code = jc_team_list(tx, agency_id, arena, &teams, &input.team_count, err);
    if (!code)
        code = jc_workday_line_list(tx, agency_id, arena, &lines, &input.line_count, err);
    if (!code)
        code = load_limit(tx, agency_id, JC_STR("counted_ratio_bureau"), agency->year, arena, &input.bureau_limit_centi,
                          err);
    if (!code)
        code = load_limit(tx, agency_id, JC_STR("counted_ratio_brigade"), agency->year, arena,
                          &input.brigade_limit_centi, err);
    if (code)
        return code;
    input.lines = lines;
    input.agency = agency;
    input.teams = teams;
    return jc_audit_run(arena, &input, out, count, err);
}

/* --- words ---------------------------------------------------------------------------------------- */

const char *jc_audit_kind_name(enum jc_audit_kind kind) {
    static const char *const names[] = {"sum", "product", "statutory", "balance", "agency", "ratio"};
    return names[kind];
}

static enum jc_msg words_of(const struct jc_audit_finding *finding) {
    static const struct {
        enum jc_msg direct, misstated, carried;
    } words[] = {
        [JC_AUDIT_SUM] = {JC_MSG_AUDIT_SUM, JC_MSG_AUDIT_SUM_MISSTATED, JC_MSG_AUDIT_SUM_CARRIED},
        [JC_AUDIT_PRODUCT] = {JC_MSG_AUDIT_PRODUCT, JC_MSG_AUDIT_PRODUCT, JC_MSG_AUDIT_PRODUCT},
        [JC_AUDIT_STATUTORY] = {JC_MSG_AUDIT_STATUTORY, JC_MSG_AUDIT_STATUTORY, JC_MSG_AUDIT_STATUTORY},
        [JC_AUDIT_BALANCE] = {JC_MSG_AUDIT_BALANCE, JC_MSG_AUDIT_BALANCE_MISSTATED, JC_MSG_AUDIT_BALANCE_CARRIED},
        [JC_AUDIT_AGENCY] = {JC_MSG_AUDIT_AGENCY, JC_MSG_AUDIT_AGENCY_MISSTATED, JC_MSG_AUDIT_AGENCY_CARRIED},
        [JC_AUDIT_RATIO] = {JC_MSG_AUDIT_RATIO, JC_MSG_AUDIT_RATIO, JC_MSG_AUDIT_RATIO},
    };
    if (finding->direct)
        return words[finding->kind].direct;
    return finding->stated_micro == finding->recomputed_micro ? words[finding->kind].misstated
                                                              : words[finding->kind].carried;
}

void jc_audit_text(const struct jc_audit_finding *finding, enum jc_lang lang, struct jc_buf *out) {
    struct jc_buf stated, computed, causes;
    jc_buf_init(&stated, 64);
    jc_buf_init(&computed, 64);
    jc_buf_init(&causes, 4096);
    add_micro(&stated, finding->stated_micro);
    add_micro(&computed, finding->computed_micro);
    for (size_t i = 0; i < finding->cause_count; i++) {
        if (i)
            jc_buf_add(&causes, lang == JC_ZH ? JC_STR("、") : JC_STR(", "));
        jc_buf_add(&causes, finding->causes[i]);
    }
    if (finding->cause_count == 0)
        jc_buf_add(&causes, jc_msg_text(JC_MSG_AUDIT_LINES_BELOW, lang));
    struct jc_str item = finding->item;
    if (finding->kind == JC_AUDIT_RATIO)
        item = jc_msg_text(jc_str_eq(item, JC_STR("brigade")) ? JC_MSG_AUDIT_BRIGADE : JC_MSG_AUDIT_BUREAU, lang);
    struct jc_str args[] = {item, jc_buf_str(&stated), finding->working, jc_buf_str(&computed), jc_buf_str(&causes)};
    jc_msg_render(out, lang, words_of(finding), args, 5);
    jc_buf_free(&stated);
    jc_buf_free(&computed);
    jc_buf_free(&causes);
}
