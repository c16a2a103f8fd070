/* Plain SQL: how a register gets into the database is not what is simulated. */
#include "sim/sim_bureau.h"

#include <stdio.h>

#include "sim/sim_server.h"

static const char AGENCY[] =
    "UPDATE agency SET code = 'x', name = 'X', level = 'city', year = 2023;"
    "INSERT INTO rule VALUES (1, 'r', 0, 'R', 1, 1, 1);"
    "INSERT INTO checklist_item VALUES (1, 'default', 1, 'one'), (1, 'default', 2, 'two'), (1, 'default', 3, 'three');"
    "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota,"
    "                  cost_e5, bound_e5, tiers_settled, elapsed_ms, work)"
    "VALUES (1, 1, 2023, 'approved', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);"
    "INSERT INTO parameter VALUES (1, 'recheck_due', '2007-11-01', '2026-01-31', '10', 'calendar_days', ''),"
    "                             (1, 'min_inspectors', '2014-12-01', NULL, '2', 'persons', ''),"
    "                             (1, 'recall_grace_days', '2014-12-01', NULL, '3', 'calendar_days', '');";

static const char TEAM[] = "INSERT INTO team VALUES (1, $1, $2, $1, 'bureau', 3, NULL, NULL)";
static const char INSPECTOR[] = "INSERT INTO inspector VALUES (1, $1, $2, $1, $3, $1, NULL, '', '')";
static const char UNIT[] =
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category, key_reasons,"
    "                  credit_code, hazards, risk, persons, days_centi, blackout_months, preferred_months, last_visit)"
    "VALUES (1, $1, $2, $1, '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL)";
static const char UNIT_TEAM[] = "INSERT INTO unit_team VALUES (1, $1, 0, $2)";
static const char UNIT_RULE[] = "INSERT INTO unit_rule VALUES (1, $1, 0, 'r')";
static const char VISIT[] =
    "INSERT INTO visit (agency_id, version, visit_id, unit_id, draw_id, rule_id, visit_no, month, lead_team, persons,"
    "                   days_centi, mode, status, pinned)"
    "VALUES (1, 1, $1, $2, NULL, 'r', $3, $3, $4, 2, 100, 1, 1, 0)";
static const char VISIT_JOINT[] = "INSERT INTO visit_joint VALUES (1, 1, $1, 0, $2, 'r', 1, 100)";

enum { NAME = 16 };

/* "t1", "i9"; units have two digits: "u07". */
static struct jc_value name(char text[NAME], char kind, int n) {
    snprintf(text, NAME, "%c%0*d", kind, kind == 'u' ? 2 : 1, n);
    return jc_text(jc_str(text));
}

static enum jc_code add_people(struct jc_tx *tx, struct jc_err *err) {
    char team[NAME], person[NAME];
    enum jc_code code = JC_OK;
    for (int i = 0; !code && i < SIM_TEAMS; i++)
        code = jc_tx_exec(tx, TEAM, JC_VALUES(name(team, 't', i + 1), jc_int(i)), err);
    for (int i = 0; !code && i < SIM_INSPECTORS; i++)
        code = jc_tx_exec(tx, INSPECTOR,
                          JC_VALUES(name(person, 'i', i + 1), jc_int(i), name(team, 't', i % SIM_TEAMS + 1)), err);
    return code;
}

static enum jc_code add_visit(struct jc_tx *tx, int unit, int month, struct jc_err *err) {
    char visit[NAME], unit_id[NAME], team[NAME];
    snprintf(visit, sizeof visit, "u%02d-%02d", (unit + 1) % 100, month % 100);
    struct jc_value lead = name(team, 't', unit % SIM_TEAMS + 1);
    enum jc_code code = jc_tx_exec(
        tx, VISIT, JC_VALUES(jc_text(jc_str(visit)), name(unit_id, 'u', unit + 1), jc_int(month), lead), err);
    if (!code && unit % 5 == 0)
        code = jc_tx_exec(tx, VISIT_JOINT,
                          JC_VALUES(jc_text(jc_str(visit)), name(team, 't', (unit + 1) % SIM_TEAMS + 1)), err);
    return code;
}

static enum jc_code add_unit(struct jc_tx *tx, int i, struct jc_err *err) {
    char unit[NAME], team[NAME];
    struct jc_value id = name(unit, 'u', i + 1);
    enum jc_code code = jc_tx_exec(tx, UNIT, JC_VALUES(id, jc_int(i)), err);
    if (!code)
        code = jc_tx_exec(tx, UNIT_TEAM, JC_VALUES(id, name(team, 't', i % SIM_TEAMS + 1)), err);
    if (!code)
        code = jc_tx_exec(tx, UNIT_RULE, JC_VALUES(id), err);
    for (int month = 1; !code && month <= SIM_MONTHS; month++)
        code = add_visit(tx, i, month, err);
    return code;
}

enum jc_code sim_bureau_fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = jc_tx_script(tx, AGENCY, err);
    if (!code)
        code = add_people(tx, err);
    for (int i = 0; !code && i < SIM_UNITS; i++)
        code = add_unit(tx, i, err);
    return code;
}
