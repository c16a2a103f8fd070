/* Reports against a small year worked out by hand.
 *
 * Plan 2023, version 1 approved: team a leads u1 in January and February, u2 in January (team b joins);
 * team b leads u3 (general, a double-random slot) in March. u1's January visit is done on 10 January with
 * two findings by deadline (one ordered, one forgotten) and one corrected on site; u2 refused on 12
 * February, a month late; u1 was inspected once more outside the plan on 20 January. */
#include "jc_store_test.h"

#include "report/report.h"

static const char YEAR[] =
    "UPDATE agency SET code = 'x', year = 2023;"
    "INSERT INTO team VALUES (1, 'a', 0, 'A', 'bureau', 3, NULL, NULL), (1, 'b', 1, 'B', 'bureau', 3, NULL, NULL),"
    "                        (1, 'c', 2, 'C', 'bureau', 3, NULL, NULL);"
    "INSERT INTO inspector VALUES (1, 'i1', 0, 'I', 'a', '', NULL, '', ''), (1, 'i2', 1, 'J', 'a', '', NULL, '', '');"
    "INSERT INTO rule VALUES (1, 'r', 0, 'R', 1, 1, 1);"
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
    "                  preferred_months, last_visit)"
    "VALUES (1, 'u1', 0, 'U1', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (1, 'u2', 1, 'U2', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (1, 'u3', 2, 'U3', '', '', '', '', 'general', '', '', '', 0, 2, 50, 0, 0, NULL);"
    "INSERT INTO draw VALUES (1, 'd', 0, 'b', 'D', NULL, 1, 'r', 2, 50, 'double_random');"
    "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota,"
    "                  cost_e5, bound_e5, tiers_settled, elapsed_ms, work)"
    "VALUES (1, 1, 2023, 'approved', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);"
    "INSERT INTO visit (agency_id, version, visit_id, unit_id, draw_id, rule_id, visit_no, month, lead_team, persons,"
    "                   days_centi, mode, status, pinned)"
    "VALUES (1, 1, 'u1-01', 'u1', NULL, 'r', 1, 1, 'a', 2, 100, 1, 3, 0),"
    "       (1, 1, 'u1-02', 'u1', NULL, 'r', 2, 2, 'a', 2, 100, 1, 2, 0),"
    "       (1, 1, 'u2-01', 'u2', NULL, 'r', 1, 1, 'a', 2, 100, 1, 3, 0),"
    "       (1, 1, 'd-01', NULL, 'd', 'r', 1, 3, 'b', 2, 50, 1, 1, 0);"
    "INSERT INTO visit_joint VALUES (1, 1, 'u2-01', 0, 'b', 'r', 3, 100);"
    "INSERT INTO task (agency_id, task_id, kind, state, team_id, unit_id, visit_id, plan_version, plan_year, month,"
    "                  due_on, mode, persons, days_centi, theme, checklist_id, inspector_ids, order_id,"
    "                  return_reason, released_ms)"
    "VALUES (1, X'01', 1, 2, 'a', 'u1', 'u1-01', 1, 2023, 1, '2023-01-31', 1, 2, 100, '', '', '', NULL, '', 0),"
    "       (1, X'02', 1, 1, 'a', 'u1', 'u1-02', 1, 2023, 2, '2023-02-28', 1, 2, 100, '', '', '', NULL, '', 0),"
    "       (1, X'03', 1, 2, 'a', 'u2', 'u2-01', 1, 2023, 1, '2023-01-31', 1, 2, 100, '', '', '', NULL, '', 0),"
    "       (1, X'04', 2, 2, 'b', 'u2', 'u2-01', 1, 2023, 1, '2023-01-31', 1, 3, 100, '', '', '', NULL, '', 0),"
    "       (1, X'05', 4, 2, 'a', 'u1', NULL, NULL, NULL, 0, '2023-01-20', 1, 2, 100, '', '', '', NULL, '', 0),"
    "       (1, X'06', 3, 1, 'a', 'u1', NULL, NULL, NULL, 0, '2023-02-09', 1, 2, 0, '', '', '', X'A1', '', 0);"
    /* ended: 10 January, 20 January, 12 February, 11:00 in China */
    "INSERT INTO inspection (agency_id, inspection_id, op_key, task_id, is_record, late, unit_id, team_id,"
    "                        started_ms, ended_ms, inspector_ids, mode, outcome, workdays_centi, lead_centi,"
    "                        blobs_missing)"
    "VALUES (1, X'11', 1, X'01', 1, 0, 'u1', 'a', 0, 1673319600000, 'i1;i2', 1, 1, 250, 250, 0),"
    "       (1, X'12', 2, X'01', 0, 0, 'u1', 'a', 0, 1673319600000, 'i1;i2', 1, 1, 9900, 9900, 0),"
    "       (1, X'13', 3, X'05', 1, 0, 'u1', 'a', 0, 1674183600000, 'i1;i2', 1, 1, 100, 100, 0),"
    "       (1, X'14', 4, X'03', 1, 0, 'u2', 'a', 0, 1676170800000, 'i1;i2', 1, 2, 450, 200, 0);"
    "INSERT INTO inspection_workdays VALUES (1, X'14', 'b', 250);"
    "INSERT INTO finding VALUES (1024, 1, X'21', 2, 0, '2023-01-30', X'A1', '2023-02-08'),"
    "                           (1025, 1, X'22', 2, 0, '2023-01-31', NULL, NULL),"
    "                           (1026, 1, X'23', 1, 0, NULL, NULL, '2023-01-10'),"
    "                           (3072, 1, X'24', 4, 0, NULL, NULL, NULL);"
    "INSERT INTO parameter VALUES (1, 'penalty_powers_used', '2023-01-01', NULL, '12', 'powers', ''),"
    "                             (1, 'penalty_powers_listed', '2023-01-01', NULL, '80', 'powers', '');";

static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, YEAR, err);
}

struct ask {
    struct jc_date as_of;
    struct jc_arena *arena;
    Jc__CompletionRow **rows;
    size_t row_count;
    Jc__Rate **rates;
    size_t rate_count;
    Jc__OverdueItem **items;
    size_t item_count;
};

static enum jc_code ask_all(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    enum jc_code code = jc_report_completion(tx, 1, ask->as_of, ask->arena, &ask->rows, &ask->row_count, err);
    if (code == JC_OK)
        code = jc_report_rates(tx, 1, ask->as_of, ask->arena, &ask->rates, &ask->rate_count, err);
    if (code == JC_OK)
        code = jc_report_overdue(tx, 1, ask->as_of, ask->arena, &ask->items, &ask->item_count, err);
    return code;
}

static struct jc_db *db;
static struct jc_arena *arena;

static int setup(void **state) {
    (void)state;
    db = jc_test_store();
    arena = jc_arena_new(1 << 24);
    jc_test_write(db, fill, NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

static struct ask answer(int month, int day) {
    struct ask ask = {.as_of = {2023, month, day}, .arena = arena};
    jc_test_read(db, ask_all, &ask);
    return ask;
}

static void test_completion(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int month_as_of, day_as_of;
        const char *team;
        int month, planned, done, overdue, planned_centi, used_centi, ad_hoc, ad_hoc_centi;
    } cases[] = {
        {"before the first record", 1, 9, "a", 1, 2, 0, 0, 400, 0, 0, 0},
        {"the day of the record counts", 1, 10, "a", 1, 2, 1, 0, 400, 250, 0, 0},
        {"day before the month ends", 1, 30, "a", 1, 2, 1, 0, 400, 250, 1, 100},
        {"last day of the month", 1, 31, "a", 1, 2, 1, 1, 400, 250, 1, 100},
        {"refused is done, the record beside is not counted", 2, 12, "a", 1, 2, 2, 0, 400, 450, 1, 100},
        {"the year of a", 2, 28, "a", 0, 3, 2, 1, 600, 450, 1, 100},
        {"the joining team has workdays, no visit", 2, 28, "b", 1, 0, 0, 0, 300, 250, 0, 0},
        {"an open slot of a draw is planned", 3, 31, "b", 3, 1, 0, 1, 100, 0, 0, 0},
        {"the agency", 3, 31, "", 0, 4, 2, 2, 1000, 700, 1, 100},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ask ask = answer(cases[i].month_as_of, cases[i].day_as_of);
        const Jc__CompletionRow *row = NULL;
        for (size_t r = 0; r < ask.row_count; r++) {
            if (strcmp(ask.rows[r]->team_id, cases[i].team) == 0 && ask.rows[r]->month == cases[i].month)
                row = ask.rows[r];
            CHECK(cases[i].name, strcmp(ask.rows[r]->team_id, "c") != 0); /* nothing to say of team c */
        }
        CHECK(cases[i].name, row != NULL);
        CHECK_INT(cases[i].name, row->planned, cases[i].planned);
        CHECK_INT(cases[i].name, row->done, cases[i].done);
        CHECK_INT(cases[i].name, row->overdue, cases[i].overdue);
        CHECK_INT(cases[i].name, row->planned_workdays_centi, cases[i].planned_centi);
        CHECK_INT(cases[i].name, row->used_workdays_centi, cases[i].used_centi);
        CHECK_INT(cases[i].name, row->ad_hoc, cases[i].ad_hoc);
        CHECK_INT(cases[i].name, row->ad_hoc_workdays_centi, cases[i].ad_hoc_centi);
    }
}

static void test_rates(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int month, day;
        int64_t numerator, denominator;
    } cases[] = {
        {"coverage", 1, 31, 1, 3},
        {"coverage", 2, 28, 2, 3},
        {"visit_completion", 1, 30, 0, 0},
        {"visit_completion", 1, 31, 1, 2},
        {"visit_completion", 2, 28, 2, 3},
        {"frequency_completion", 2, 28, 2, 4},
        {"violations_handled", 1, 15, 2, 3},
        {"violations_handled", 1, 31, 3, 4},
        {"findings_rectified", 1, 29, 0, 0},
        {"findings_rectified", 1, 31, 0, 2},
        {"findings_rectified", 2, 8, 1, 2},
        {"recheck_on_time", 2, 8, 0, 0},
        {"recheck_on_time", 2, 9, 0, 1},
        {"key_inspection_share", 2, 28, 3, 3},
        {"double_random_share", 2, 28, 0, 0},
        {"inspections_per_inspector", 2, 28, 3, 2},
        {"penalties_per_inspector", 2, 28, 1, 2},
        {"powers_exercised", 2, 28, 12, 80},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ask ask = answer(cases[i].month, cases[i].day);
        const Jc__Rate *rate = NULL;
        for (size_t r = 0; r < ask.rate_count; r++) {
            if (strcmp(ask.rates[r]->name, cases[i].name) == 0)
                rate = ask.rates[r];
        }
        CHECK(cases[i].name, rate != NULL);
        CHECK_INT(cases[i].name, rate->numerator, cases[i].numerator);
        CHECK_INT(cases[i].name, rate->denominator, cases[i].denominator);
    }
}

static void test_overdue(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int month, day;
        const char *expected; /* kind unit visit due days, one after another */
    } cases[] = {
        {"nothing in January", 1, 30, ""},
        {"u2's visit on the last day", 1, 31, "visit u2 u2-01 2023-01-31 0;"},
        {"the finding without an order", 2, 9, "order_missing u1  2023-01-31 9;visit u2 u2-01 2023-01-31 9;"},
        {"the recheck from the day after its deadline", 2, 13,
         "order_missing u1  2023-01-31 13;recheck u1  2023-02-09 4;"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ask ask = answer(cases[i].month, cases[i].day);
        struct jc_buf text;
        jc_buf_init(&text, 4096);
        for (size_t k = 0; k < ask.item_count; k++) {
            const Jc__OverdueItem *item = ask.items[k];
            jc_buf_printf(&text, "%s %s %s %s %d;", item->kind, item->unit_id, item->visit_id, item->due_on,
                          item->days_overdue);
        }
        CHECK_STR(cases[i].name, jc_buf_str(&text), cases[i].expected);
        jc_buf_free(&text);
    }
}

static enum jc_code withdraw(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "UPDATE plan SET status = 'draft'", err);
}

static void test_without_approved_plan(void **state) {
    (void)state;
    jc_test_write(db, withdraw, NULL);
    struct ask ask = {.as_of = {2023, 1, 31}, .arena = arena};
    struct jc_err err = {0};
    assert_int_equal(jc_db_read(db, ask_all, &ask, &err), JC_NOT_FOUND);
    assert_int_equal(err.what, JC_MSG_REPORT_NO_PLAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overdue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_approved_plan, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
