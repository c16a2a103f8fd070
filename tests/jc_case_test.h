/* A small case with a row in every file, as inputs in memory, and a dump of a whole database. */
#ifndef JC_CASE_TEST_H
#define JC_CASE_TEST_H

#include "jc_store_test.h"

#include "plan/import.h"

static const struct {
    const char *name, *text;
} jc_small_case[] = {
    {"agency.csv", "agency_id,name,level,year,statutory_days_per_person,headcount_registered,headcount_counted\n"
                   "test,测试市应急管理局,city,2023,249,10,8\n"},
    {"teams.csv", "team_id,name,kind,headcount,headcount_registered,supervision_workdays\n"
                  "t1,一科,bureau,3,,60.5\n"
                  "t2,二科,,2,,\n"},
    {"rules.csv", "rule_id,name,visits_per_year,windows,min_gap_months\n"
                  "r1,每年1次,1,,\n"
                  "r2,每半年1次,2,1-6:1;7-12:1,3\n"
                  "r3,三年一次,0.33,,\n"},
    {"units.csv", "unit_id,name,aliases,address,district,industry,category,key_reasons,credit_code,hazards,risk,"
                  "lead_team,rule_id,persons,days,blackout_months,preferred_months,groups,last_visit,co_team,co_rule,"
                  "co_persons,co_days\n"
                  "u1,甲厂,,,东区,化工,key,,91340400MA2MUWJ885,,2,t1|t2,r2,2,1,2,,g1,,t2,r1,2,0.5\n"
                  "u2,\"乙厂, 有限公司\",老乙厂,,西区,,key,,,,,t1,r1|r2,3,1.5,,11-12,g1;g2,2022-05,,,,\n"
                  "u3,丙厂,,,,,general,,,,,t2,r3,2,1,,,,2021-03,,,,\n"
                  "u4,丁厂,,,,,general,,,,,,,,,,,,,,,,\n"},
    {"draws.csv", "draw_id,team_id,name,pool_size,sample,windows,rule_id,persons,days,method\n"
                  "d1,t1,零售,50,6,1-6:2-4;7-12:2-4,r1,2,1,double_random\n"},
    {"inspectors.csv", "inspector_id,name,team_id,licence_no,licence_expiry,specialities,recusals\n"
                       "i1,李,t1,L1,2025-12-31,化工;电气,u1;u2\n"
                       "i2,王,t2,,,,\n"},
    {"quotas.csv", "quota_id,team_id,scope,months,counts,min,max,theme\n"
                   "q1,t1,rule:r1|r2,1-3;10,visits,1,4,春节前\n"
                   "q2,,draw:d1,1-6,visits,2,,\n"
                   "q3,,group:g1,1-12,remote_visits,,2,\n"
                   "q4,,rule:r2,1-12,units,1,1,\n"},
    {"workdays.csv", "line_id,team_id,bucket,parent_line_id,item,count,persons,days,formula,stated_total\n"
                     "w1,,statutory,,总法定,,8,249,249×8,1992\n"
                     "w2,t1,supervision,w1,监督检查,,,,,60.5\n"
                     "w3,t1,supervision_key,w2,重点,12,2,0.5,,12\n"},
    {"budgets.csv", "team_id,month,workdays\nt1,1,5.5\nt1,2,4\n"},
    {"previous.csv", "unit_id,draw_id,rule_id,month,lead_team,status\n"
                     "u1,,r2,3,t1,done\n,d1,r1,5,t1,done\n,d1,r1,5,t1,missed\n"},
    {"checklists.csv", "checklist_id,item_no,text\ndefault,1,教育培训\ndefault,2,操作规程\n"},
    {"parameters.csv", "name,value,unit,valid_from,valid_to,source\n"
                       "recheck_due,10,calendar_days,2007-11-01,2026-01-31,令\n"
                       "recheck_due,7,working_days,2026-02-01,,令\n"},
    {"published.csv", "metric,value,unit,source\nunits_total,4,unit,正文\n"},
};
enum { JC_SMALL_FILES = sizeof jc_small_case / sizeof *jc_small_case };

/* The small case with the first `find` in `file` replaced by `with` (find NULL: the whole file; with
 * NULL: no such file). The arena's. */
static inline size_t jc_small_inputs(struct jc_arena *arena, const char *file, const char *find, struct jc_str with,
                                     struct jc_case_input inputs[JC_SMALL_FILES]) {
    size_t count = 0;
    bool replaced = !file;
    for (size_t i = 0; i < JC_SMALL_FILES; i++) {
        struct jc_str text = jc_str(jc_small_case[i].text);
        if (file && strcmp(file, jc_small_case[i].name) == 0) {
            replaced = true;
            if (!with.ptr)
                continue;
            const char *at = find ? strstr(text.ptr, find) : text.ptr;
            assert_non_null(at);
            size_t head = (size_t)(at - text.ptr), cut = find ? strlen(find) : text.len;
            char *joined = jc_arena_alloc(arena, text.len + with.len + 1);
            assert_non_null(joined);
            memcpy(joined, text.ptr, head);
            if (with.len)
                memcpy(joined + head, with.ptr, with.len);
            memcpy(joined + head + with.len, at + cut, text.len - head - cut);
            text = (struct jc_str){joined, text.len - cut + with.len};
        }
        inputs[count++] = (struct jc_case_input){jc_str(jc_small_case[i].name), text};
    }
    assert_true(replaced);
    return count;
}

static inline void jc_test_import(struct jc_db *db, struct jc_arena *arena, const struct jc_case_input *inputs,
                                  size_t count, bool update, struct jc_import_result *result) {
    struct jc_import import = {.inputs = inputs,
                               .input_count = count,
                               .update = update,
                               .actor = JC_STR("cli:test"),
                               .clock = &jc_test_clock,
                               .arena = arena};
    struct jc_err err = {0};
    CHECK_OK("import", jc_import_run(db, &import, result, &err), &err);
}

/* --- the whole database as text ------------------------------------------------------------------ */

enum { JC_TEST_TABLES = 80 };

struct jc_test_dump {
    struct jc_buf *out;
    char names[JC_TEST_TABLES][64];
    int count;
};

static inline enum jc_code jc_test_tables_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_test_dump *dump = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", JC_NO_VALUES, &rows, err);
    while (!code && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row)
        snprintf(dump->names[dump->count++], 64, "%.*s", JC_FMT(jc_rows_text(rows, 0)));
    jc_rows_close(rows);
    return code;
}

/* Statements are remembered by address, so each table's stay for the life of the program. */
static inline enum jc_code jc_test_dump_table(struct jc_tx *tx, const char *table, struct jc_buf *out,
                                              struct jc_err *err) {
    static struct { char name[64], info[128], select[4096]; } statements[JC_TEST_TABLES];
    int s = 0;
    while (statements[s].name[0] && strcmp(statements[s].name, table) != 0)
        s++;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = JC_OK;
    if (!statements[s].name[0]) {
        snprintf(statements[s].name, 64, "%s", table);
        snprintf(statements[s].info, 128, "SELECT name FROM pragma_table_info('%s') ORDER BY cid", table);
        char *select = statements[s].select;
        size_t len = (size_t)snprintf(select, 4096, "SELECT ''");
        code = jc_tx_query(tx, statements[s].info, JC_NO_VALUES, &rows, err);
        while (!code && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row)
            len +=
                (size_t)snprintf(select + len, 4096 - len, " || quote(\"%.*s\") || ','", JC_FMT(jc_rows_text(rows, 0)));
        jc_rows_close(rows);
        snprintf(select + len, 4096 - len, " FROM \"%s\" ORDER BY 1", table);
    }
    rows = NULL;
    if (!code)
        code = jc_tx_query(tx, statements[s].select, JC_NO_VALUES, &rows, err);
    while (!code && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row)
        jc_buf_printf(out, "%s: %.*s\n", table, JC_FMT(jc_rows_text(rows, 0)));
    jc_rows_close(rows);
    return code;
}

static inline enum jc_code jc_test_dump_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_test_dump *dump = ctx;
    enum jc_code code = JC_OK;
    for (int i = 0; i < dump->count && !code; i++)
        code = jc_test_dump_table(tx, dump->names[i], dump->out, err);
    return code;
}

/* Every row of every table, sorted; `out` must be initialised. */
static inline void jc_test_dump(struct jc_db *db, struct jc_buf *out) {
    struct jc_test_dump dump = {.out = out};
    jc_test_read(db, jc_test_tables_job, &dump);
    assert_in_range(dump.count, 1, JC_TEST_TABLES);
    jc_test_read(db, jc_test_dump_job, &dump);
    assert_false(out->failed);
}

#endif
