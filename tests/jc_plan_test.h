/* A year small enough to be worked out by hand, imported, and the real case; for tests of planning.
 *
 *   t1 (60 workdays)  u1 key, two visits, one a half-year, May blacked out; t2 joins the one in 7-12
 *                     u2 key, rule once or half, group g; u3 general, t1 or t2 may lead
 *   t2 (no limit)     u4 every 2 years, visited 2022: not due; u5 the same, visited 2021: due
 *   d1                3 slots of t1, one in 1-6, two in 7-12
 */
#ifndef JC_PLAN_TEST_H
#define JC_PLAN_TEST_H

#include "jc_store_test.h"

#include "plan/import.h"
#include "plan/solve.h"
#include "plan/worker.h"
#include "store/plan.h"

static const struct jc_case_input JC_YEAR[] = {
    {JC_STR("agency.csv"), JC_STR("agency_id,name,level,year,statutory_days_per_person,headcount_registered,"
                                  "headcount_counted\n"
                                  "x,测试局,city,2023,249,5,5\n")},
    {JC_STR("teams.csv"), JC_STR("team_id,name,kind,headcount,headcount_registered,supervision_workdays\n"
                                 "t1,执法1队,bureau,3,,60\n"
                                 "t2,执法2队,bureau,2,,\n")},
    {JC_STR("rules.csv"), JC_STR("rule_id,name,visits_per_year,windows,min_gap_months\n"
                                 "half,每半年1次,2,1-6:1;7-12:1,3\n"
                                 "once,每年1次,1,,\n"
                                 "second,下半年1次,1,7-12:1,\n"
                                 "cycle,两年1次,0.5,,\n"
                                 "rd,抽中检查1次,1,,\n")},
    {JC_STR("units.csv"), JC_STR("unit_id,name,district,industry,category,risk,lead_team,rule_id,persons,days,"
                                 "blackout_months,groups,last_visit,co_team,co_rule,co_persons,co_days\n"
                                 "u1,甲厂,东区,化工,key,2,t1,half,2,1,5,,,t2,second,2,0.5\n"
                                 "u2,乙厂,西区,冶金,key,,t1,once|half,2,1,,g,,,,,\n"
                                 "u3,丙厂,东区,,general,,t1|t2,once,2,1,,,,,,,\n"
                                 "u4,丁厂,,,general,,t2,cycle,2,1,,,2022-05,,,,\n"
                                 "u5,戊厂,,,general,,t2,cycle,2,1.5,,,2021-03,,,,\n"
                                 "u6,己厂,,,general,,,,,,,,,,,,\n")},
    {JC_STR("draws.csv"), JC_STR("draw_id,team_id,name,pool_size,sample,windows,rule_id,persons,days,method\n"
                                 "d1,t1,零售,,3,1-6:1;7-12:2,rd,2,1,double_random\n"
                                 "d2,t2,全部,,2,,rd,2,1,full_coverage\n")},
    {JC_STR("quotas.csv"), JC_STR("quota_id,team_id,scope,months,counts,min,max,theme\n"
                                  "q-spring,t1,rule:half|once|rd,1-3,visits,1,3,春节前检查\n"
                                  "q-year,,rule:half|once,1-12,visits,,,全年检查\n"
                                  "q-alt,,rule:once,1-12,units,2,2,\n"
                                  "q-remote,t1,rule:half,7-12,remote_visits,1,1,\n"
                                  "q-group,,group:g,1-6,visits,,1,\n"
                                  "q-draw,,draw:d1,7-12,visits,2,2,下半年抽查\n")},
    {JC_STR("budgets.csv"), JC_STR("team_id,month,workdays\nt2,1,2\nt2,8,6\n")},
    {JC_STR("checklists.csv"), JC_STR("checklist_id,item_no,text\ndefault,1,教育培训\n")},
    {JC_STR("parameters.csv"), JC_STR("name,value,unit,valid_from,valid_to,source\n"
                                      "major_change_key_units,10,percent,2023-01-01,,条\n"
                                      "major_change_units,20,percent,2018-01-01,,条\n"
                                      "major_change_reapproval_due,30,calendar_days,2018-01-01,,条\n")},
};

static inline void jc_plan_test_import(struct jc_db *db, struct jc_arena *arena, const struct jc_case_input *inputs,
                                       size_t count, bool update) {
    struct jc_import import = {.inputs = inputs,
                               .input_count = count,
                               .update = update,
                               .actor = JC_STR("cli:test"),
                               .clock = &jc_test_clock,
                               .arena = arena};
    struct jc_import_result result = {0};
    struct jc_err err = {0};
    CHECK_OK("import", jc_import_run(db, &import, &result, &err), &err);
    if (result.outcome == JC_IMPORT_REFUSED) {
        struct jc_buf text;
        jc_buf_init(&text, 1 << 16);
        for (size_t i = 0; i < result.diags.count; i++) {
            jc_diag_render(&text, JC_EN, &result.diags.items[i]);
            jc_buf_char(&text, '\n');
        }
        fail_msg("import refused:\n%.*s", JC_FMT(jc_buf_str(&text)));
    }
}

/* A database with the small year. */
static inline struct jc_db *jc_plan_test_year(struct jc_arena *arena) {
    struct jc_db *db = jc_test_store();
    jc_plan_test_import(db, arena, JC_YEAR, COUNT(JC_YEAR), false);
    return db;
}

/* A database with the published plan of Huainan; tests run in the project's folder. */
static inline struct jc_db *jc_plan_test_huainan(struct jc_arena *arena) {
    struct jc_db *db = jc_test_store();
    struct jc_case_input *inputs = NULL;
    struct jc_err err = {0};
    size_t count = 0;
    CHECK_OK("folder", jc_case_folder("examples/huainan-2023", arena, &inputs, &count, &err), &err);
    jc_plan_test_import(db, arena, inputs, count, false);
    return db;
}

#define JC_TEST_OPTIMIZER JC_TEST_BIN "/jiancha-optimizer"

/* Plans with the real solver, by work and not by time, so the outcome is always the same. */
static inline enum jc_code jc_plan_test_solve(struct jc_db *db, struct jc_arena *arena, const char *program,
                                              Jc__Plan **plan, struct jc_register **reg, struct jc_err *err) {
    const struct jc_solve_request request = {
        .options = {.seed = 1, .work_limit = 100000},
        .program = program,
        .cancel_fd = -1,
        .actor = JC_STR("cli:test"),
        .clock = jc_test_clock,
    };
    return jc_solve(db, 1, &request, arena, plan, reg, err);
}

/* A call on one transaction: fill in what you need and give `run`. */
struct jc_plan_call {
    enum jc_code (*run)(struct jc_tx *tx, struct jc_plan_call *call, struct jc_err *err);
    struct jc_arena *arena;
    const void *in;
    void *out;
};

static inline enum jc_code jc_plan_call_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_plan_call *call = ctx;
    return call->run(tx, call, err);
}

#endif
