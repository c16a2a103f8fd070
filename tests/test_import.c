/* Importing a case: what is refused, where, and that a refusal leaves the database as it was. */
#include "jc_case_test.h"

#include "jc_fail_each.h"
#include "plan/case_check.h"
#include "plan/credit_code.h"
#include "plan/similar.h"

struct place {
    int line, column;
    enum jc_msg what;
};

struct bad {
    const char *name, *file, *find, *with;
    struct place expected[4]; /* errors alone, in order */
};

static const struct bad bad_cases[] = {
    /* files and headers */
    {"a required file is missing", "teams.csv", NULL, NULL, {{0, 0, JC_MSG_CASE_FILE_MISSING}}},
    {"an empty file", "rules.csv", NULL, "", {{1, 1, JC_MSG_CASE_HEADER_MISSING}}},
    {"wrong header", "teams.csv", "headcount,", "headcont,", {{1, 19, JC_MSG_CASE_COLUMN_NEAR}}},
    {"a column of nothing we know", "teams.csv", "kind", "colour", {{1, 14, JC_MSG_CASE_COLUMN_UNKNOWN}}},
    {"a column twice", "quotas.csv", "theme", "max", {{1, 46, JC_MSG_CASE_COLUMN_TWICE}}},
    {"a required column is missing",
     "budgets.csv",
     NULL,
     "team_id,month\nt1,1\n",
     {{1, 1, JC_MSG_CASE_COLUMN_MISSING}}},
    {"units need their lead_team column",
     "units.csv",
     NULL,
     "unit_id,name,category,rule_id,persons,days,groups\nu1,a,key,,,,g1\nu2,b,key,,,,\n",
     {{1, 1, JC_MSG_CASE_COLUMN_MISSING}}},
    /* the CSV itself */
    {"a file cut inside quotes", "units.csv", "厂, 有限公司\"", "厂, 有限公司", {{3, 4, JC_MSG_CSV_QUOTE_OPEN}}},
    {"a file cut before its last fields",
     "quotas.csv",
     "q4,,rule:r2,1-12,units,1,1,\n",
     "q4,,rule:r2,1-12",
     {{5, 13, JC_MSG_CASE_FIELDS_FEW}}},
    {"a comma outside quotes", "teams.csv", "一科", "一,科", {{2, 18, JC_MSG_CASE_FIELDS_MANY}}},
    {"invalid UTF-8", "teams.csv", "一科", "\xd2\xbb\xbf\xc6", {{2, 5, JC_MSG_CSV_NOT_UTF8}}},
    {"a NUL is no text", "teams.csv", NULL, "@nul", {{2, 4, JC_MSG_CSV_NOT_UTF8}}},
    {"a field of 10 MB", "units.csv", "甲厂", "@long", {{2, 4, JC_MSG_CSV_FIELD_LONG}}},
    {"a line break in a name", "teams.csv", "一科", "\"一\n科\"", {{2, 4, JC_MSG_CASE_CONTROL}}},
    /* identifiers and references */
    {"duplicate ids", "units.csv", "u3,", "u1,", {{4, 1, JC_MSG_CASE_DUPLICATE}}},
    {"duplicate ids in another normal form",
     "rules.csv",
     "r1,每年1次,1,,\nr2",
     "re\xcc\x81,a,1,,\nr\xc3\xa9,b,1,,\nr1,c,1,,\nr2",
     {{3, 1, JC_MSG_CASE_DUPLICATE}}},
    {"duplicate month of a budget", "budgets.csv", "t1,2,", "t1,1,", {{3, 1, JC_MSG_CASE_DUPLICATE}}},
    {"unknown team", "units.csv", "t1|t2,r2", "t1|t9,r2", {{2, 42, JC_MSG_CASE_REFERENCE}}},
    {"unknown team far from all", "inspectors.csv", "王,t2", "王,防火办", {{3, 6, JC_MSG_CASE_REFERENCE}}},
    {"unknown rule", "units.csv", "r1|r2,3", "r1|xx,3", {{3, 35, JC_MSG_CASE_REFERENCE}}},
    {"unknown joining team", "units.csv", ",t2,r1,2,0.5", ",tt,r1,2,0.5", {{2, 62, JC_MSG_CASE_REFERENCE}}},
    {"unknown unit to recuse from", "inspectors.csv", "u1;u2", "u1;u77", {{2, 29, JC_MSG_CASE_REFERENCE}}},
    {"unknown rule of a draw", "draws.csv", "r1,2,1,d", "r8,2,1,d", {{2, 32, JC_MSG_CASE_REFERENCE}}},
    {"unknown draw of a quota", "quotas.csv", "draw:d1", "draw:d2", {{3, 5, JC_MSG_CASE_REFERENCE_NEAR}}},
    {"unknown group of a quota", "quotas.csv", "group:g1", "group:g7", {{4, 5, JC_MSG_CASE_GROUP_UNKNOWN}}},
    {"unknown parent line", "workdays.csv", "key,w2", "key,w7", {{4, 23, JC_MSG_CASE_REFERENCE}}},
    {"parents in a circle",
     "workdays.csv",
     "w2,t1,supervision,w1",
     "w2,t1,supervision,w3",
     {{3, 19, JC_MSG_CASE_CIRCLE}}},
    {"an id with a bar", "teams.csv", "t2,", "t|2,", {{3, 1, JC_MSG_CASE_ID_BAD}, {0, 0, JC_MSG_NONE}}},
    {"an empty id", "rules.csv", "r3,", ",", {{4, 1, JC_MSG_CASE_CELL_EMPTY}, {0, 0, JC_MSG_NONE}}},
    /* numbers */
    {"negative days", "units.csv", "r2,2,1,", "r2,2,-1,", {{2, 53, JC_MSG_CASE_HALF_DAYS_BAD}}},
    {"days in thirds", "draws.csv", "r1,2,1,", "r1,2,0.33,", {{2, 37, JC_MSG_CASE_HALF_DAYS_BAD}}},
    {"no persons", "units.csv", "r2,2,1,", "r2,0,1,", {{2, 51, JC_MSG_CASE_INT_BAD}}},
    {"persons in words", "draws.csv", "r1,2,", "r1,两,", {{2, 35, JC_MSG_CASE_INT_BAD}}},
    {"a year that is none", "agency.csv", "2023", "23", {{2, 20, JC_MSG_CASE_INT_BAD}}},
    {"13 visits", "rules.csv", "1次,2,1", "1次,13,1", {{3, 10, JC_MSG_CASE_VISITS_BAD}}},
    {"three in ten visits", "rules.csv", "0.33", "0.3", {{4, 9, JC_MSG_CASE_VISITS_BAD}}},
    {"a budget below zero", "budgets.csv", "5.5", "-5.5", {{2, 6, JC_MSG_CASE_CENTI_BAD}}},
    {"three decimals", "workdays.csv", "2,0.5,", "2,0.125,", {{4, 34, JC_MSG_CASE_CENTI_BAD}}},
    {"a product out of the world",
     "workdays.csv",
     "12,2,0.5,,12",
     "1000000,1000000,1,,12",
     {{4, 29, JC_MSG_CASE_PRODUCT}}},
    {"an overflowing number", "teams.csv", "60.5", "99999999999999999999", {{2, 17, JC_MSG_CASE_CENTI_BAD}}},
    {"a value that is none", "parameters.csv", ",10,", ",ten,", {{2, 13, JC_MSG_CASE_DECIMAL_BAD}}},
    /* months and windows */
    {"a month 13", "rules.csv", "7-12:1", "13:1", {{3, 12, JC_MSG_CASE_MONTH_BAD}}},
    {"a window that runs backwards", "rules.csv", "7-12:1", "12-7:1", {{3, 12, JC_MSG_CASE_MONTHS_BACKWARDS}}},
    {"overlapping windows", "rules.csv", "7-12:1", "6-12:1", {{3, 12, JC_MSG_CASE_WINDOW_OVERLAP}}},
    {"a window without visits", "rules.csv", "7-12:1", "7-12", {{3, 12, JC_MSG_CASE_WINDOW_BAD}}},
    {"a window that allows none", "rules.csv", "7-12:1", "7-12:2-1", {{3, 12, JC_MSG_CASE_WINDOW_BOUNDS}}},
    {"months of a blackout", "units.csv", ",1,2,,g1", ",1,2;0,,g1", {{2, 55, JC_MSG_CASE_MONTH_BAD}}},
    {"a rule its windows do not allow",
     "rules.csv",
     "2,1-6:1;7-12:1",
     "3,1-6:1;7-12:1",
     {{3, 12, JC_MSG_CASE_RULE_UNREACHABLE}}},
    {"a rule its gap does not allow",
     "rules.csv",
     "r1,每年1次,1,,",
     "r1,每年4次,4,,6",
     {{2, 12, JC_MSG_CASE_RULE_UNREACHABLE}}},
    {"a unit with no possible month", "units.csv", ",1,2,,g1", ",1,1-6,,g1", {{2, 55, JC_MSG_CASE_UNIT_IMPOSSIBLE}}},
    {"a draw its windows do not allow", "draws.csv", ",6,1-6", ",9,1-6", {{2, 15, JC_MSG_CASE_DRAW_WINDOWS}}},
    {"a draw larger than its pool", "draws.csv", ",50,6,1-6:2-4;7-12:2-4", ",5,6,", {{2, 12, JC_MSG_CASE_DRAW_POOL}}},
    /* lists, choices, dates, codes */
    {"an empty entry", "units.csv", "g1;g2", "g1;;g2", {{3, 54, JC_MSG_CASE_LIST_GAP}}},
    {"a team twice", "units.csv", "t1|t2,r2", "t1|t1,r2", {{2, 42, JC_MSG_CASE_LIST_TWICE}}},
    {"lists that are not parallel", "units.csv", "t2,r1,2,0.5", "t2,r1;r2,2,0.5", {{2, 65, JC_MSG_CASE_PARALLEL}}},
    {"a joining team that leads",
     "units.csv",
     "t1|t2,r2,2,1,2,,g1,,t2",
     "t1,r2,2,1,2,,g1,,t1",
     {{2, 59, JC_MSG_CASE_JOINT_IS_LEAD}}},
    {"a category of its own", "units.csv", "key,,,,,t1,r1", "重点,,,,,t1,r1", {{3, 24, JC_MSG_CASE_CHOICE_BAD}}},
    {"a kind of team of its own", "teams.csv", "bureau", "office", {{2, 7, JC_MSG_CASE_CHOICE_BAD}}},
    {"a day that is none", "inspectors.csv", "2025-12-31", "2025-02-29", {{2, 12, JC_MSG_CASE_DATE_BAD}}},
    {"a month of last visit", "units.csv", "2022-05", "2022-5", {{3, 60, JC_MSG_CASE_YEAR_MONTH_BAD}}},
    {"a credit code too short",
     "units.csv",
     "91340400MA2MUWJ885",
     "91340400MA2MUWJ88",
     {{2, 20, JC_MSG_CASE_CREDIT_LENGTH}}},
    {"a credit code with an O",
     "units.csv",
     "91340400MA2MUWJ885",
     "9134O400MA2MUWJ885",
     {{2, 20, JC_MSG_CASE_CREDIT_CHARACTER}}},
    {"a credit code with a slip",
     "units.csv",
     "91340400MA2MUWJ885",
     "91340400MA2MUWJ855",
     {{2, 20, JC_MSG_CASE_CREDIT_CHECK}}},
    {"a scope of its own", "quotas.csv", "rule:r1|r2", "rules:r1", {{2, 7, JC_MSG_CASE_SCOPE_BAD}}},
    {"units counted in a group", "quotas.csv", "remote_visits", "units", {{4, 19, JC_MSG_CASE_QUOTA_UNITS}}},
    {"bounds the wrong way", "quotas.csv", "visits,1,4", "visits,5,4", {{2, 32, JC_MSG_CASE_QUOTA_BOUNDS}}},
    {"a rule without a team", "units.csv", ",t2,r3,", ",,r3,", {{4, 23, JC_MSG_CASE_NEEDED_BY_RULE}}},
    {"a rule without persons and days",
     "units.csv",
     "r3,2,1",
     "r3,,",
     {{4, 29, JC_MSG_CASE_NEEDED_BY_RULE}, {4, 30, JC_MSG_CASE_NEEDED_BY_RULE}}},
    {"joint visits of a unit without a rule",
     "units.csv",
     "丁厂,,,,,general,,,,,,,,,,,,,,,,",
     "丁厂,,,,,general,,,,,,,,,,,,,t1,r1,2,1",
     {{5, 31, JC_MSG_CASE_JOINT_ALONE}}},
    {"periods that overlap", "parameters.csv", "2026-01-31", "2026-02-01", {{3, 28, JC_MSG_CASE_PERIOD_OVERLAP}}},
    {"a period that ends before it begins",
     "parameters.csv",
     "2026-01-31",
     "2006-01-31",
     {{2, 41, JC_MSG_CASE_PERIOD_BACKWARDS}}},
    {"a previous visit of nobody", "previous.csv", "u1,,r2", ",,r2", {{2, 1, JC_MSG_CASE_PREVIOUS_EMPTY}}},
    {"no agency", "agency.csv", "test,测试市应急管理局,city,2023,249,10,8\n", "", {{2, 1, JC_MSG_CASE_AGENCY_ROWS}}},
    {"two agencies", "agency.csv", "10,8\n", "10,8\nb,B,,2023,,,\n", {{3, 1, JC_MSG_CASE_AGENCY_ROWS}}},
    /* everything at once */
    {"several errors of one row",
     "units.csv",
     "u3,丙厂,,,,,general,,,,,t2,r3,2,1",
     "u3,,,,,,general,,123,,7,t2,r3,2,1",
     {{4, 4, JC_MSG_CASE_CELL_EMPTY}, {4, 18, JC_MSG_CASE_CREDIT_LENGTH}, {4, 23, JC_MSG_CASE_INT_BAD}}},
};

/* Replacements too long to write down. */
static struct jc_str spelled_out(struct jc_arena *arena, const char *with) {
    if (!with)
        return (struct jc_str){NULL, 0};
    if (strcmp(with, "@long") == 0) {
        enum { TEN_MB = 10 << 20 };
        char *text = jc_arena_alloc(arena, TEN_MB);
        assert_non_null(text);
        memset(text, 'x', TEN_MB);
        return (struct jc_str){text, TEN_MB};
    }
    if (strcmp(with, "@nul") == 0)
        return JC_STR("team_id,name\nt1,\0\n");
    return jc_str(with);
}

static void print_diags(const struct jc_diags *diags) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < diags->count; i++) {
        jc_diag_render(&text, JC_EN, &diags->items[i]);
        jc_buf_char(&text, '\n');
    }
    print_message("%.*s", JC_FMT(jc_buf_str(&text)));
    jc_buf_free(&text);
}

/* The errors are exactly the expected ones; warnings do not count. */
static void check_errors(const struct bad *bad, const struct jc_diags *diags) {
    size_t expected = 0;
    while (expected < 4 && bad->expected[expected].what != JC_MSG_NONE)
        expected++;
    bool right = diags->errors == expected;
    for (size_t i = 0, e = 0; i < diags->count && right; i++) {
        const struct jc_diag *diag = &diags->items[i];
        if (diag->warning)
            continue;
        const struct place *place = &bad->expected[e++];
        right = diag->line == place->line && diag->column == place->column && diag->what == place->what &&
                jc_str_eq(diag->file, jc_str(bad->file));
    }
    if (!right)
        print_diags(diags);
    CHECK(bad->name, right);
}

static void import_bad(struct jc_db *db, const struct bad *bad, bool update, const struct jc_buf *before) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    struct jc_buf after;
    assert_non_null(arena);
    size_t count = jc_small_inputs(arena, bad->file, bad->find, spelled_out(arena, bad->with), inputs);
    jc_test_import(db, arena, inputs, count, update, &result);
    CHECK_INT(bad->name, result.outcome, JC_IMPORT_REFUSED);
    check_errors(bad, &result.diags);
    jc_buf_init(&after, 16 << 20);
    jc_test_dump(db, &after);
    CHECK(bad->name, jc_str_eq(jc_buf_str(before), jc_buf_str(&after)));
    jc_buf_free(&after);
    jc_arena_free(arena);
}

/* Into an empty database and into one that holds the good case: nothing changes. */
static void test_bad_input(void **state) {
    (void)state;
    for (int filled = 0; filled < 2; filled++) {
        struct jc_db *db = jc_test_store();
        struct jc_arena *arena = jc_arena_new(64 << 20);
        struct jc_case_input inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        struct jc_buf before;
        if (filled) {
            size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
            jc_test_import(db, arena, inputs, count, false, &result);
            assert_int_equal(result.outcome, JC_IMPORT_NEW);
        }
        jc_buf_init(&before, 16 << 20);
        jc_test_dump(db, &before);
        for (size_t i = 0; i < COUNT(bad_cases); i++)
            import_bad(db, &bad_cases[i], filled, &before);
        jc_buf_free(&before);
        jc_arena_free(arena);
        jc_db_close(db);
    }
}

/* Every error has words in both languages, with all its arguments. */
static void test_words(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_buf text;
    jc_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct jc_arena *arena = jc_arena_new(256 << 20);
        struct jc_case_input inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        size_t count =
            jc_small_inputs(arena, bad_cases[i].file, bad_cases[i].find, spelled_out(arena, bad_cases[i].with), inputs);
        jc_test_import(db, arena, inputs, count, false, &result);
        for (size_t k = 0; k < result.diags.count; k++)
            for (int lang = JC_ZH; lang <= JC_EN; lang++) {
                jc_buf_reset(&text);
                jc_diag_render(&text, (enum jc_lang)lang, &result.diags.items[k]);
                struct jc_str line = jc_buf_str(&text);
                CHECK(bad_cases[i].name, line.len > result.diags.items[k].file.len + 4);
                for (size_t c = 0; c + 2 < line.len; c++)
                    CHECK(bad_cases[i].name, !(line.ptr[c] == '{' && line.ptr[c + 2] == '}'));
                CHECK(bad_cases[i].name, memmem(line.ptr, line.len, "\"\"", 2) == NULL);
            }
        jc_arena_free(arena);
    }
    jc_buf_free(&text);
    jc_db_close(db);
}

/* --- good input ------------------------------------------------------------------------------------- */

static void test_good_spellings(void **state) {
    (void)state;
    static const struct {
        const char *name, *file, *find, *with;
    } cases[] = {
        {"a BOM", "teams.csv", "team_id", "\xef\xbb\xbfteam_id"},
        {"CRLF", "budgets.csv", NULL, "team_id,month,workdays\r\nt1,1,5.5\r\nt1,2,4\r\n"},
        {"blank lines", "budgets.csv", NULL, "team_id,month,workdays\n\nt1,1,5.5\n\nt1,2,4\n\n"},
        {"columns in another order", "budgets.csv", NULL, "workdays,team_id,month\n5.5,t1,1\n4,t1,2\n"},
        {"blanks around values", "budgets.csv", "t1,1,5.5", " t1 ,1, 5.5\xe3\x80\x80"},
        {"a window of one month", "rules.csv", "1-6:1;7-12:1", "1-6:1-1; 7-12:1"},
        {"rows in another order", "budgets.csv", NULL, "team_id,month,workdays\nt1,2,4\nt1,1,5.5\n"},
        {"decimals written longer", "teams.csv", "60.5", "60.50"},
        {"the default said", "teams.csv", "二科,,", "二科,bureau,"},
        {"a zero gap said", "rules.csv", "r1,每年1次,1,,", "r1,每年1次,1,,0"},
        {"months one by one", "quotas.csv", "1-3;10", "10;1;2;3"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_db *db = jc_test_store();
        struct jc_arena *arena = jc_arena_new(64 << 20);
        struct jc_case_input inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
        jc_test_import(db, arena, inputs, count, false, &result);
        CHECK_INT(cases[i].name, result.outcome, JC_IMPORT_NEW);
        count = jc_small_inputs(arena, cases[i].file, cases[i].find, jc_str(cases[i].with), inputs);
        jc_test_import(db, arena, inputs, count, false, &result);
        if (result.outcome != JC_IMPORT_UNCHANGED)
            print_diags(&result.diags);
        CHECK_INT(cases[i].name, result.outcome, JC_IMPORT_UNCHANGED); /* the same case, said differently */
        jc_arena_free(arena);
        jc_db_close(db);
    }
}

static void test_warnings(void **state) {
    (void)state;
    static const struct {
        const char *name, *file, *find, *with;
        struct place expected;
    } cases[] = {
        {"one person alone", "units.csv", "r2,2,1,", "r2,1,1,", {2, 51, JC_MSG_CASE_ONE_PERSON}},
        {"no line end", "budgets.csv", "t1,2,4\n", "t1,2,4", {3, 1, JC_MSG_CASE_END_MISSING}},
        {"full coverage of a part", "draws.csv", "double_random", "full_coverage", {2, 13, JC_MSG_CASE_DRAW_FULL}},
        {"a quota that asks nothing",
         "quotas.csv",
         "remote_visits,,2",
         "remote_visits,,",
         {4, 33, JC_MSG_CASE_QUOTA_EMPTY}},
        {"a rule a blackout forbids, beside another",
         "units.csv",
         "r1|r2,3,1.5,,",
         "r1|r2,3,1.5,1-6,",
         {3, 47, JC_MSG_CASE_UNIT_ALTERNATIVE}},
        {"the same credit code",
         "units.csv",
         "general,,,,,t2",
         "general,,91340400MA2MUWJ885,,,t2",
         {4, 20, JC_MSG_SIMILAR_CODE}},
        {"the same name in another form", "units.csv", "丙厂", "乙厂有限责任公司", {4, 4, JC_MSG_SIMILAR_NAME}},
        {"the same name in full width", "units.csv", "丙厂", "（乙）厂", {4, 4, JC_MSG_SIMILAR_NAME}},
        {"another's alias", "units.csv", "丙厂", "老乙厂", {4, 4, JC_MSG_SIMILAR_NAME}},
        {"an alias that is another's name", "units.csv", "丙厂,", "丙厂,甲厂", {4, 7, JC_MSG_SIMILAR_NAME}},
        {"one character is no short form", "units.csv", "丙厂,,,,", "丙厂,,,东,", {0, 0, JC_MSG_NONE}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_db *db = jc_test_store();
        struct jc_arena *arena = jc_arena_new(64 << 20);
        struct jc_case_input inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        size_t count = jc_small_inputs(arena, cases[i].file, cases[i].find, jc_str(cases[i].with), inputs);
        jc_test_import(db, arena, inputs, count, false, &result);
        bool expects = cases[i].expected.what != JC_MSG_NONE;
        if (result.outcome != JC_IMPORT_NEW || result.diags.count != expects)
            print_diags(&result.diags);
        CHECK_INT(cases[i].name, result.outcome, JC_IMPORT_NEW);
        CHECK_INT(cases[i].name, result.diags.count, expects);
        if (expects) {
            const struct jc_diag *diag = &result.diags.items[0];
            if (diag->line != cases[i].expected.line || diag->column != cases[i].expected.column)
                print_diags(&result.diags);
            CHECK(cases[i].name, diag->warning);
            CHECK_INT(cases[i].name, diag->what, cases[i].expected.what);
            CHECK_INT(cases[i].name, diag->line, cases[i].expected.line);
            CHECK_INT(cases[i].name, diag->column, cases[i].expected.column);
        }
        jc_arena_free(arena);
        jc_db_close(db);
    }
}

/* Joint visits need months inside the lead's: the lead has one visit in the first half, the joint
 * rule asks one in each half. */
static void test_joint_months(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    size_t count =
        jc_small_inputs(arena, "units.csv", "t1|t2,r2,2,1,2,,g1,,t2,r1", JC_STR("t1|t2,r1,2,1,2,,g1,,t2,r2"), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_REFUSED);
    assert_int_equal(result.diags.errors, 1);
    assert_int_equal(result.diags.items[0].what, JC_MSG_CASE_UNIT_IMPOSSIBLE);
    jc_arena_free(arena);
    jc_db_close(db);
}

static void test_credit_code(void **state) {
    (void)state;
    static const struct {
        const char *code;
        enum jc_credit_fault fault;
    } cases[] = {
        {"12340000MB1868506L", JC_CREDIT_OK},
        {"91340400MA2MUWJ885", JC_CREDIT_OK},
        {"91340403MA8NA5XB07", JC_CREDIT_OK},
        {"12340000F09960613H", JC_CREDIT_OK},
        {"91340403MA8NA5XB08", JC_CREDIT_CHECK},
        {"19340403MA8NA5XB07", JC_CREDIT_CHECK},
        {"91340403ma8na5xb07", JC_CREDIT_CHARACTER},
        {"91340403MA8NA5XB0", JC_CREDIT_LENGTH},
        {"", JC_CREDIT_LENGTH},
        {"９1340403MA8NA5XB0", JC_CREDIT_LENGTH},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_INT(cases[i].code, jc_credit_code_check(jc_str(cases[i].code), NULL, NULL), cases[i].fault);
}

static void test_districts(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool similar;
    } cases[] = {
        {"毛集", "毛集实验区", true},    {"毛集试验区", "毛集实验区", true},
        {"市经开区", "经开区", true},    {"田家庵", "田家庵区", true},
        {"寿县", "寿县", false},         {"寿县", "寿县经开区", false},
        {"东城街道", "西城街道", false}, {"第一街道", "第二街道", false},
        {"大通区", "潘集区", false},     {"谢家集区", "潘集区", false},
        {"d01", "d02", false},           {"d1", "d10", false},
        {"八公山区", "八宫山区", true},  {"", "毛集", false},
        {"市", "市市", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[100];
        snprintf(name, sizeof name, "%s / %s", cases[i].a, cases[i].b);
        CHECK_INT(name, jc_similar_district(jc_str(cases[i].a), jc_str(cases[i].b)), cases[i].similar);
        CHECK_INT(name, jc_similar_district(jc_str(cases[i].b), jc_str(cases[i].a)), cases[i].similar);
    }
}

/* --- the real plan ------------------------------------------------------------------------------------ */

static void test_huainan(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input *inputs;
    struct jc_import_result result;
    struct jc_err err = {0};
    size_t count;
    CHECK_OK("folder", jc_case_folder("examples/huainan-2023", arena, &inputs, &count, &err), &err);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_NEW);
    assert_int_equal(result.agency_id, 1);
    assert_int_equal(result.read.parts[JC_CASE_UNITS].count, 102);
    /* the note on discrepancies.csv, and 毛集 spelled three ways; nothing else */
    assert_int_equal(result.diags.count, 3);
    assert_int_equal(result.diags.items[0].what, JC_MSG_CASE_FILE_IGNORED);
    assert_int_equal(result.diags.items[1].what, JC_MSG_SIMILAR_ADDRESS);
    CHECK_STR("variant", result.diags.items[1].arg[0], "毛集试验区");
    assert_int_equal(result.diags.items[2].what, JC_MSG_SIMILAR_DISTRICT);
    CHECK_STR("variant", result.diags.items[2].arg[0], "毛集");
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM unit WHERE category = 'key'"), 97);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM unit_joint"), 4);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM workday_line"), 181);
    /* 102 units, 6 teams, 15 inspectors, a checklist, the agency */
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM change"), 125);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'register.import'"), 1);
    jc_test_import(db, arena, inputs, count, true, &result);
    assert_int_equal(result.outcome, JC_IMPORT_UNCHANGED);
    assert_int_equal(jc_test_number(db, "SELECT change_seq FROM agency_head"), 125);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log"), 1);
    jc_arena_free(arena);
    jc_db_close(db);
}

/* Memory that ends is told as such, wherever it ends, and nothing leaks. */
static enum jc_code read_and_check(void *ctx, struct jc_err *err) {
    const struct jc_case_input *inputs = ctx;
    struct jc_arena *arena = jc_arena_new(64 << 20);
    if (!arena)
        return jc_fail_memory(err);
    struct jc_diags diags = {.arena = arena};
    struct jc_case c;
    enum jc_code code = jc_case_read(arena, inputs, JC_SMALL_FILES, &diags, &c, err);
    if (!code)
        code = jc_case_check(&c, &diags, err);
    if (!code)
        code = jc_similar_warn(&c, &diags, err);
    assert_true(code || diags.errors == 0);
    jc_arena_free(arena);
    return code;
}

static void test_memory(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    assert_int_equal(jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs), JC_SMALL_FILES);
    assert_true(jc_fail_each(read_and_check, inputs) > 50);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input), cmocka_unit_test(test_words),        cmocka_unit_test(test_good_spellings),
        cmocka_unit_test(test_warnings),  cmocka_unit_test(test_joint_months), cmocka_unit_test(test_credit_code),
        cmocka_unit_test(test_districts), cmocka_unit_test(test_huainan),      cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
