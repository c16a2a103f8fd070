/* The audit by the rules of DESIGN section 10: the thirteen findings of the published plan, none on a
 * plan whose arithmetic is right, and each kind by itself. */
#include "jc_case_test.h"

#include "plan/audit.h"

enum { NO = JC_CENTI_ABSENT, LINES = 8, TEAMS = 3, FINDINGS = 14 };

/* Amounts in hundredths; a finding's in hundredths too. */
struct line {
    const char *id, *team, *bucket, *parent;
    int64_t count, persons, days, stated;
};

struct expected {
    const char *line, *kind;
    int64_t stated, computed, recomputed;
    bool direct;
    const char *causes; /* joined by spaces */
};

static const struct expected huainan[] = {
    {"hn-all-S", "agency", 996000, 996300, 996000, false, "hn-em-S"},
    {"hn-t2-N", "sum", 22800, 22200, 22800, false, "hn-t2-N2"},
    {"hn-t2-N2", "sum", 12400, 13000, 13000, true, ""},
    {"hn-t3-V", "balance", 9000, 8000, 8000, false, "hn-t3-O8"},
    {"hn-t3-O", "sum", 38000, 39000, 39000, false, "hn-t3-O8"},
    {"hn-t3-O8", "sum", 11300, 12300, 12300, true, ""},
    {"hn-em-S", "statutory", 75000, 74700, 74700, true, ""},
    {"hn-em-V", "balance", 3600, 4400, 4400, false, "hn-em-O2c4 hn-em-N"},
    {"hn-em-O", "sum", 41800, 41500, 41500, false, "hn-em-O2c4"},
    {"hn-em-O2", "sum", 9500, 9200, 9200, false, "hn-em-O2c4"},
    {"hn-em-O2c", "sum", 3000, 2700, 2700, false, "hn-em-O2c4"},
    {"hn-em-O2c4", "product", 600, 300, 300, true, ""},
    {"hn-em-N", "sum", 29600, 29100, 29100, true, ""},
};

static void print_findings(const struct jc_audit_finding *findings, size_t count) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < count; i++) {
        jc_buf_printf(&text, "%.*s %s %lld %lld %lld %s: ", JC_FMT(findings[i].line_id),
                      jc_audit_kind_name(findings[i].kind), (long long)findings[i].stated_micro / 10000,
                      (long long)findings[i].computed_micro / 10000, (long long)findings[i].recomputed_micro / 10000,
                      findings[i].direct ? "direct" : "consequence");
        jc_audit_text(&findings[i], JC_EN, &text);
        jc_buf_char(&text, '\n');
    }
    print_message("%.*s", JC_FMT(jc_buf_str(&text)));
    jc_buf_free(&text);
}

static bool same_causes(const struct jc_audit_finding *finding, const char *expected) {
    struct jc_str rest = jc_str(expected), cause;
    size_t i = 0;
    while (expected[0] && jc_str_cut(&rest, ' ', &cause))
        if (i >= finding->cause_count || !jc_str_eq(finding->causes[i++], cause))
            return false;
    return i == finding->cause_count;
}

static bool same_finding(const struct jc_audit_finding *finding, const struct expected *expected) {
    return jc_str_eq(finding->line_id, jc_str(expected->line)) &&
           strcmp(jc_audit_kind_name(finding->kind), expected->kind) == 0 &&
           finding->stated_micro == expected->stated * JC_MICRO_PER_CENTI &&
           finding->computed_micro == expected->computed * JC_MICRO_PER_CENTI &&
           finding->recomputed_micro == expected->recomputed * JC_MICRO_PER_CENTI &&
           finding->direct == expected->direct && same_causes(finding, expected->causes);
}

/* Exactly these; each has words without holes in both languages. */
static void check_findings(const char *name, const struct jc_audit_finding *findings, size_t count,
                           const struct expected *expected, size_t expected_count) {
    bool right = count == expected_count;
    for (size_t i = 0; i < count && right; i++)
        right = same_finding(&findings[i], &expected[i]);
    if (!right)
        print_findings(findings, count);
    CHECK(name, right);
    for (size_t i = 0; i < count; i++)
        for (int lang = JC_ZH; lang <= JC_EN; lang++) {
            struct jc_buf text;
            jc_buf_init(&text, 1 << 16);
            jc_audit_text(&findings[i], (enum jc_lang)lang, &text);
            CHECK(name, text.len > 10 && !memchr(text.ptr, '{', text.len) && !memmem(text.ptr, text.len, "()", 2));
            jc_buf_free(&text);
        }
}

/* --- the published plan ------------------------------------------------------------------------------- */

struct loaded {
    struct jc_arena *arena;
    struct jc_audit_finding *findings;
    size_t count;
};

static enum jc_code audit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct loaded *loaded = ctx;
    return jc_audit_load(tx, 1, loaded->arena, &loaded->findings, &loaded->count, err);
}

struct fix {
    const char *find, *with;
};

/* Imports the plan with its workdays.csv mended, and audits it. */
static struct loaded audit_huainan(struct jc_db *db, const struct fix *fixes, size_t count) {
    struct loaded loaded = {jc_arena_new(64 << 20), NULL, 0};
    struct jc_case_input *inputs;
    struct jc_import_result result;
    struct jc_err err = {0};
    size_t n;
    CHECK_OK("folder", jc_case_folder("examples/huainan-2023", loaded.arena, &inputs, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        if (!jc_str_eq(inputs[i].name, JC_STR("workdays.csv")))
            continue;
        for (size_t k = 0; k < count; k++) {
            const char *at = memmem(inputs[i].bytes.ptr, inputs[i].bytes.len, fixes[k].find, strlen(fixes[k].find));
            CHECK(fixes[k].find, at != NULL);
            size_t head = (size_t)(at - inputs[i].bytes.ptr), cut = head + strlen(fixes[k].find);
            inputs[i].bytes = jc_arena_printf(loaded.arena, "%.*s%s%.*s", (int)head, inputs[i].bytes.ptr, fixes[k].with,
                                              (int)(inputs[i].bytes.len - cut), inputs[i].bytes.ptr + cut);
        }
    }
    jc_test_import(db, loaded.arena, inputs, n, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_NEW);
    jc_test_read(db, audit_job, &loaded);
    return loaded;
}

static void test_huainan(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct loaded loaded = audit_huainan(db, NULL, 0);
    check_findings("huainan", loaded.findings, loaded.count, huainan, COUNT(huainan));
    jc_arena_free(loaded.arena);
    jc_db_close(db);
}

/* Every slip mended so that all sums hold again: nothing is left to find. */
static void test_corrected(void **state) {
    (void)state;
    static const struct fix fixes[] = {
        {"学习、培训、考核、会议,,,,,124", "学习、培训、考核、会议,,,,,130"},
        {"县（园）区工作总结及报表统计,,1,24,1×24,24", "县（园）区工作总结及报表统计,,1,14,1×14,14"},
        {"活动总结,,1,3,3×1,6", "活动总结,,1,6,6×1,6"},
        {"hn-em-S,hn-em,statutory,,总法定工作日,,3,250,（365-52×2-11）×3,750",
         "hn-em-S,hn-em,statutory,,总法定工作日,,3,249,（365-105-11）×3,747"},
        {"其它,,,,无公式,54", "其它,,,,无公式,51"},
        {"其他工作日,,,,五（三）6：合计418,418", "其他工作日,,,,五（三）6：合计415,415"},
        {"hn-em-N5,hn-em,non_enforcement,hn-em-N,病、事假,,3,3,3×3,9",
         "hn-em-N5,hn-em,non_enforcement,hn-em-N,病、事假,,1,14,14,14"},
    };
    struct jc_db *db = jc_test_store();
    struct loaded loaded = audit_huainan(db, fixes, COUNT(fixes));
    check_findings("corrected", loaded.findings, loaded.count, NULL, 0);
    jc_arena_free(loaded.arena);
    jc_db_close(db);
}

/* --- each kind by itself ------------------------------------------------------------------------------- */

struct team {
    const char *id, *kind;
    int headcount, registered;
};

struct synthetic {
    const char *name;
    const char *level;
    int statutory_days; /* of the agency; 0: not stated */
    int64_t bureau_limit;
    struct team teams[TEAMS];
    struct line lines[LINES];
    struct expected expected[4];
};

#define T "statutory"
#define S "supervision"
#define O "other_enforcement"
#define N "non_enforcement"

static const struct synthetic synthetics[] = {
    {.name = "nothing stated", .lines = {{"a", "", O, "", 200, 300, NO, NO}}},
    {.name = "nothing to compare with", .lines = {{"a", "", O, "", NO, NO, NO, 700}}},
    {.name = "a product", .lines = {{"a", "t", O, "", 1200, 200, 50, 1200}}},
    {.name = "a product that is wrong",
     .lines = {{"a", "t", O, "", 1200, 200, 50, 1300}},
     .expected = {{"a", "product", 1300, 1200, 1200, true, ""}}},
    {.name = "halves: 52 x 1.5 x 0.5", .lines = {{"a", "", O, "", 5200, 150, 50, 3900}}},
    {.name = "52.5 x 2", .lines = {{"a", "", O, "", NO, 200, 5250, 10500}}},
    {.name = "a zero factor is a factor",
     .lines = {{"a", "", O, "", 0, 200, NO, 100}},
     .expected = {{"a", "product", 100, 0, 0, true, ""}}},
    {.name = "a sum",
     .lines = {{"a", "", O, "", NO, NO, NO, 500},
               {"b", "", O, "a", 100, 200, NO, NO},
               {"c", "", O, "a", NO, NO, NO, 300}}},
    {.name = "a sum that is wrong",
     .lines = {{"a", "", O, "", NO, NO, NO, 600},
               {"b", "", O, "a", 100, 200, NO, NO},
               {"c", "", O, "a", NO, NO, NO, 300}},
     .expected = {{"a", "sum", 600, 500, 500, true, ""}}},
    {.name = "a part nobody states",
     .lines = {{"a", "", O, "", NO, NO, NO, 600},
               {"b", "", O, "a", NO, NO, NO, NO},
               {"c", "", O, "a", NO, NO, NO, 300}}},
    {.name = "a part misstated, the total right",
     .lines = {{"a", "", O, "", NO, NO, NO, 500},
               {"b", "", O, "a", 100, 200, NO, 250},
               {"c", "", O, "a", NO, NO, NO, 300}},
     .expected = {{"a", "sum", 500, 550, 500, false, "b"}, {"b", "product", 250, 200, 200, true, ""}}},
    {.name = "a part misstated, carried into the total",
     .lines = {{"a", "", O, "", NO, NO, NO, 550},
               {"b", "", O, "a", 100, 200, NO, 250},
               {"c", "", O, "a", NO, NO, NO, 300}},
     .expected = {{"a", "sum", 550, 500, 500, false, "b"}, {"b", "product", 250, 200, 200, true, ""}}},
    {.name = "a part misstated and the total wrong by itself",
     .lines = {{"a", "", O, "", NO, NO, NO, 700},
               {"b", "", O, "a", 100, 200, NO, 250},
               {"c", "", O, "a", NO, NO, NO, 300}},
     .expected = {{"a", "sum", 700, 550, 500, true, ""}, {"b", "product", 250, 200, 200, true, ""}}},
    {.name = "carried through a line without a total",
     .lines = {{"a", "", O, "", NO, NO, NO, 250},
               {"b", "", O, "a", NO, NO, NO, NO},
               {"c", "", O, "b", 100, 200, NO, 250}},
     .expected = {{"a", "sum", 250, 200, 200, true, ""}, {"c", "product", 250, 200, 200, true, ""}}},
    {.name = "parts and factors, both right",
     .lines = {{"a", "", O, "", NO, 500, 100, 500}, {"b", "", O, "a", NO, NO, NO, 500}}},
    {.name = "parts and factors, both wrong",
     .lines = {{"a", "", O, "", NO, 400, 100, 600}, {"b", "", O, "a", NO, NO, NO, 500}},
     .expected = {{"a", "sum", 600, 500, 500, true, ""}, {"a", "product", 600, 400, 500, true, ""}}},
    {.name = "parts right, factors wrong",
     .lines = {{"a", "", O, "", NO, 400, 100, 500}, {"b", "", O, "a", NO, NO, NO, 500}},
     .expected = {{"a", "product", 500, 400, 500, false, ""}}},
    {.name = "parts wrong, factors right",
     .lines = {{"a", "", O, "", NO, 600, 100, 600}, {"b", "", O, "a", NO, NO, NO, 500}},
     .expected = {{"a", "sum", 600, 500, 500, true, ""}}},
    {.name = "the split of T is not its sum",
     .statutory_days = 249,
     .lines = {{"a", "t", T, "", NO, 200, 24900, 49800}, {"b", "t", O, "a", NO, NO, NO, 100}}},
    {.name = "statutory days of its own",
     .statutory_days = 249,
     .lines = {{"a", "t", T, "", NO, 200, 25000, 50000}},
     .expected = {{"a", "statutory", 50000, 49800, 49800, true, ""}}},
    {.name = "statutory days the agency does not state", .lines = {{"a", "t", T, "", NO, 200, 25000, 50000}}},
    {.name = "statutory and product",
     .statutory_days = 249,
     .lines = {{"a", "t", T, "", NO, 200, 25000, 50100}},
     .expected = {{"a", "product", 50100, 50000, 50000, true, ""}, {"a", "statutory", 50100, 49800, 49800, true, ""}}},
    {.name = "a balance",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"t0", "t", T, "", NO, NO, NO, 1000},
               {"s", "t", S, "t0", NO, NO, NO, 300},
               {"o", "t", O, "t0", NO, NO, NO, 400},
               {"n", "t", N, "t0", NO, NO, NO, 300}}},
    {.name = "a balance without its T",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"s", "t", S, "", NO, NO, NO, 310},
               {"o", "t", O, "", NO, NO, NO, 400},
               {"n", "t", N, "", NO, NO, NO, 300}}},
    {.name = "a balance that is wrong",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"t0", "t", T, "", NO, NO, NO, 1000},
               {"s", "t", S, "t0", NO, NO, NO, 310},
               {"o", "t", O, "t0", NO, NO, NO, 400},
               {"n", "t", N, "t0", NO, NO, NO, 300}},
     .expected = {{"s", "balance", 310, 300, 300, true, ""}}},
    {.name = "a balance with a slip carried into it",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"t0", "t", T, "", NO, NO, NO, 1000},
               {"s", "t", S, "t0", NO, NO, NO, 300},
               {"o", "t", O, "t0", NO, 350, NO, 400},
               {"n", "t", N, "t0", NO, NO, NO, 300}},
     .expected = {{"s", "balance", 300, 350, 350, false, "o"}, {"o", "product", 400, 350, 350, true, ""}}},
    {.name = "a balance that is right once a slip is mended",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"t0", "t", T, "", NO, NO, NO, 1000},
               {"s", "t", S, "t0", NO, NO, NO, 350},
               {"o", "t", O, "t0", NO, 350, NO, 400},
               {"n", "t", N, "t0", NO, NO, NO, 300}},
     .expected = {{"s", "balance", 350, 300, 350, false, "o"}, {"o", "product", 400, 350, 350, true, ""}}},
    {.name = "two O lines balance together",
     .teams = {{"t", "bureau", 2, -1}},
     .lines = {{"t0", "t", T, "", NO, NO, NO, 1000},
               {"s", "t", S, "t0", NO, NO, NO, 300},
               {"o", "t", O, "t0", NO, NO, NO, 100},
               {"p", "t", O, "t0", NO, NO, NO, 300},
               {"n", "t", N, "t0", NO, NO, NO, 300}}},
    {.name = "the agency's T is that of its teams",
     .statutory_days = 249,
     .teams = {{"t", "bureau", 2, -1}, {"u", "bureau", 3, -1}},
     .lines = {{"a", "", T, "", NO, 500, 24900, 124500}, {"b", "t", T, "", NO, 200, 24900, 49800}}},
    {.name = "the agency's T is nobody's",
     .statutory_days = 249,
     .teams = {{"t", "bureau", 2, -1}, {"u", "bureau", 3, -1}},
     .lines = {{"a", "", T, "", NO, NO, NO, 120000}, {"b", "t", T, "", NO, 200, 24900, 49800}},
     .expected = {{"a", "agency", 120000, 124500, 124500, true, ""}}},
    {.name = "the agency's T carries a team's slip",
     .statutory_days = 249,
     .teams = {{"t", "bureau", 2, -1}, {"u", "bureau", 3, -1}},
     .lines = {{"a", "", T, "", NO, NO, NO, 124700}, {"b", "t", T, "", NO, 200, 25000, 50000}},
     .expected = {{"a", "agency", 124700, 124500, 124500, false, "b"},
                  {"b", "statutory", 50000, 49800, 49800, true, ""}}},
    {.name = "O of some teams only is not compared",
     .teams = {{"t", "bureau", 2, -1}, {"u", "bureau", 3, -1}},
     .lines = {{"a", "", O, "", NO, NO, NO, 900}, {"b", "t", O, "", NO, NO, NO, 400}}},
    {.name = "O of all teams is",
     .teams = {{"t", "bureau", 2, -1}, {"u", "bureau", 3, -1}},
     .lines = {{"a", "", O, "", NO, NO, NO, 900},
               {"b", "t", O, "", NO, NO, NO, 400},
               {"c", "u", O, "", NO, NO, NO, 300}},
     .expected = {{"a", "agency", 900, 700, 700, true, ""}}},
    {.name = "a city's ratio at its limit", .level = "city", .teams = {{"t", "bureau", 7, 10}}},
    {.name = "a city's ratio below it",
     .level = "city",
     .teams = {{"t", "bureau", 5, 10}, {"u", "bureau", 10, 23}},
     .expected = {{"bureau", "ratio", 4545, 7000, 7000, true, ""}}},
    {.name = "a county asks more",
     .level = "county",
     .teams = {{"t", "bureau", 79, 100}},
     .expected = {{"bureau", "ratio", 7900, 8000, 8000, true, ""}}},
    {.name = "a province asks less", .level = "province", .teams = {{"t", "bureau", 60, 100}}},
    {.name = "a limit the province set",
     .level = "province",
     .bureau_limit = 6500,
     .teams = {{"t", "bureau", 60, 100}},
     .expected = {{"bureau", "ratio", 6000, 6500, 6500, true, ""}}},
    {.name = "brigades by themselves (Hegang: 15 of 33, 10 of 13)",
     .level = "city",
     .teams = {{"t", "bureau", 15, 33}, {"u", "brigade", 10, 13}},
     .expected = {{"bureau", "ratio", 4545, 7000, 7000, true, ""}, {"brigade", "ratio", 7692, 9000, 9000, true, ""}}},
    {.name = "a ratio that cannot be told",
     .level = "city",
     .teams = {{"t", "bureau", 5, 100}, {"u", "bureau", 5, -1}}},
};

static struct jc_str view(const char *text) {
    return jc_str(text ? text : "");
}

static void run_synthetic(const struct synthetic *synthetic) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_workday_line lines[LINES];
    Jc__Team teams[TEAMS], *team_list[TEAMS];
    Jc__Agency agency = JC__AGENCY__INIT;
    struct jc_audit_input input = {
        .lines = lines, .agency = &agency, .teams = team_list, .bureau_limit_centi = -1, .brigade_limit_centi = -1};
    struct jc_audit_finding *findings = NULL;
    struct jc_err err = {0};
    size_t count = 0, expected = 0;
    agency.level = (char *)(uintptr_t)(synthetic->level ? synthetic->level : "city");
    agency.statutory_days_per_person = synthetic->statutory_days;
    if (synthetic->bureau_limit)
        input.bureau_limit_centi = synthetic->bureau_limit;
    for (; input.team_count < TEAMS && synthetic->teams[input.team_count].id; input.team_count++) {
        const struct team *team = &synthetic->teams[input.team_count];
        jc__team__init(&teams[input.team_count]);
        teams[input.team_count].team_id = (char *)(uintptr_t)team->id;
        teams[input.team_count].kind = (char *)(uintptr_t)team->kind;
        teams[input.team_count].headcount = team->headcount;
        teams[input.team_count].headcount_registered = team->registered;
        team_list[input.team_count] = &teams[input.team_count];
    }
    for (; input.line_count < LINES && synthetic->lines[input.line_count].id; input.line_count++) {
        const struct line *line = &synthetic->lines[input.line_count];
        lines[input.line_count] = (struct jc_workday_line){
            view(line->id), view(line->team), view(line->bucket), view(line->parent), view(line->id),
            line->count,    line->persons,    line->days,         JC_STR(""),         line->stated};
    }
    while (expected < 4 && synthetic->expected[expected].line)
        expected++;
    CHECK_OK(synthetic->name, jc_audit_run(arena, &input, &findings, &count, &err), &err);
    check_findings(synthetic->name, findings, count, synthetic->expected, expected);
    jc_arena_free(arena);
}

static void test_synthetic(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(synthetics); i++)
        run_synthetic(&synthetics[i]);
}

/* A chain as deep as a file is long, and a circle, which import refuses: neither ends the program. */
static void test_deep(void **state) {
    (void)state;
    enum { DEEP = 20000 };
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_workday_line *lines = JC_NEW_ARRAY(arena, DEEP, struct jc_workday_line);
    Jc__Agency agency = JC__AGENCY__INIT;
    struct jc_audit_input input = {
        .lines = lines, .line_count = DEEP, .agency = &agency, .bureau_limit_centi = -1, .brigade_limit_centi = -1};
    struct jc_audit_finding *findings = NULL;
    struct jc_err err = {0};
    size_t count = 0;
    for (int i = 0; i < DEEP; i++) {
        struct jc_str parent = i ? lines[i - 1].line_id : JC_STR("");
        lines[i] = (struct jc_workday_line){jc_arena_printf(arena, "l%d", i),
                                            JC_STR(""),
                                            JC_STR("other_enforcement"),
                                            parent,
                                            JC_STR(""),
                                            NO,
                                            NO,
                                            NO,
                                            JC_STR(""),
                                            i + 1 == DEEP ? 500 : NO};
    }
    lines[0].stated_centi = 600;
    CHECK_OK("deep", jc_audit_run(arena, &input, &findings, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(findings[0].recomputed_micro, 500 * JC_MICRO_PER_CENTI);
    lines[0].parent_line_id = lines[DEEP - 1].line_id;
    CHECK_OK("circle", jc_audit_run(arena, &input, &findings, &count, &err), &err);
    assert_int_equal(count, 0);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huainan),
        cmocka_unit_test(test_corrected),
        cmocka_unit_test(test_synthetic),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
