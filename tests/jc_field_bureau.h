/* The bureau of the tests of sync, without a test framework: two teams, their terminals, tasks.
 *
 * Team a: a1, a2, a3 (terminals A1, A2, KEYED). Team b: b1, b2 (terminal B1). Units u1 to u4. Tasks of
 * the plan of 2023: T1 at u1 for team a, which team b joins (T1J), T2 at u2 for team a, T3 at u3 for
 * team b. Agency 2 has a task of its own. It is 2023-01-10 09:00 in China. */
#ifndef JC_FIELD_BUREAU_H
#define JC_FIELD_BUREAU_H

#include <string.h>

#include "base/sign.h"
#include "store/device.h"
#include "store/task.h"

enum { FIELD_A1 = 1, FIELD_A2, FIELD_B1, FIELD_KEYED, FIELD_DEVICES }; /* terminals */
enum { FIELD_T1 = 1, FIELD_T1J, FIELD_T2, FIELD_T3, FIELD_FOREIGN };   /* tasks */
enum {
    FIELD_DEVICE = 0xD0,
    FIELD_TASK = 0x70,
    FIELD_OPERATION = 0x0E,
    FIELD_INSPECTION = 0x15,
    FIELD_FINDING = 0xF1,
    FIELD_ORDER = 0x0D,
    FIELD_RECHECK = 0x4C
}; /* kinds of ids */

static const int64_t FIELD_NOW_MS = 1673312400000; /* 2023-01-10T01:00:00Z */
enum { FIELD_HOUR_MS = 3600 * 1000 };
#define FIELD_DAY_MS INT64_C(86400000)

/* --- identifiers ------------------------------------------------------------------------------------------ */

static inline struct jc_uuid field_uuid(int kind, int n) {
    struct jc_uuid id = {{0x01, 0x85, 0x99, 0, 0, 0, 0x70, 0, 0x80}};
    id.bytes[11] = (uint8_t)kind;
    id.bytes[13] = (uint8_t)(n >> 16);
    id.bytes[14] = (uint8_t)(n >> 8);
    id.bytes[15] = (uint8_t)n;
    return id;
}

/* --- the bureau -------------------------------------------------------------------------------------------- */

static const char FIELD_REGISTER[] =
    "UPDATE agency SET code = 'x', name = 'X', level = 'city', year = 2023;"
    "INSERT INTO agency (agency_id, code, name, level, year) VALUES (2, 'y', 'Y', 'city', 2023);"
    "INSERT INTO agency_head (agency_id, change_seq, operation_no, chain_head, audit_no)"
    "SELECT 2, 0, 0, zeroblob(32), 0 FROM agency_head WHERE agency_id = 1;"
    "INSERT INTO team VALUES (1, 'a', 0, 'A', 'bureau', 3, NULL, NULL), (1, 'b', 1, 'B', 'bureau', 3, NULL, NULL),"
    "                        (2, 'z', 0, 'Z', 'bureau', 3, NULL, NULL);"
    "INSERT INTO inspector VALUES (1, 'a1', 0, 'A1', 'a', 'L1', NULL, '', ''), (1, 'a2', 1, 'A2', 'a', 'L2', NULL, '', ''),"
    "                             (1, 'a3', 2, 'A3', 'a', 'L3', NULL, '', ''), (1, 'b1', 3, 'B1', 'b', 'L4', NULL, '', ''),"
    "                             (1, 'b2', 4, 'B2', 'b', 'L5', NULL, '', '');"
    "INSERT INTO rule VALUES (1, 'r', 0, 'R', 1, 1, 1);"
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
    "                  preferred_months, last_visit)"
    "VALUES (1, 'u1', 0, 'U1', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (1, 'u2', 1, 'U2', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (1, 'u3', 2, 'U3', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (1, 'u4', 3, 'U4', '', '', '', '', 'general', '', '', '', 0, 2, 100, 0, 0, NULL),"
    "       (2, 'z1', 0, 'Z1', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL);"
    "INSERT INTO unit_team VALUES (1, 'u1', 0, 'a'), (1, 'u2', 0, 'a'), (1, 'u3', 0, 'b'), (1, 'u4', 0, 'a');"
    "INSERT INTO unit_rule VALUES (1, 'u1', 0, 'r'), (1, 'u2', 0, 'r'), (1, 'u3', 0, 'r'), (1, 'u4', 0, 'r');"
    "INSERT INTO checklist_item VALUES (1, 'default', 1, 'one'), (1, 'default', 2, 'two'), (1, 'default', 3, 'three');"
    "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota,"
    "                  cost_e5, bound_e5, tiers_settled, elapsed_ms, work)"
    "VALUES (1, 1, 2023, 'approved', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);"
    "INSERT INTO visit (agency_id, version, visit_id, unit_id, draw_id, rule_id, visit_no, month, lead_team, persons,"
    "                   days_centi, mode, status, pinned)"
    "VALUES (1, 1, 'u1-01', 'u1', NULL, 'r', 1, 1, 'a', 2, 100, 1, 2, 0),"
    "       (1, 1, 'u2-01', 'u2', NULL, 'r', 1, 1, 'a', 2, 100, 1, 2, 0),"
    "       (1, 1, 'u3-01', 'u3', NULL, 'r', 1, 1, 'b', 2, 100, 1, 2, 0);"
    "INSERT INTO visit_joint VALUES (1, 1, 'u1-01', 0, 'b', 'r', 1, 100);"
    "INSERT INTO parameter VALUES (1, 'recheck_due', '2007-11-01', '2026-01-31', '10', 'calendar_days', ''),"
    "                             (1, 'min_inspectors', '2014-12-01', NULL, '2', 'persons', '');";

static const struct {
    int n;
    Jc__TaskKind kind;
    const char *team_id, *unit_id, *visit_id;
} FIELD_TASKS[] = {
    {FIELD_T1, JC__TASK_KIND__TASK_KIND_VISIT, "a", "u1", "u1-01"},
    {FIELD_T1J, JC__TASK_KIND__TASK_KIND_JOINT, "b", "u1", "u1-01"},
    {FIELD_T2, JC__TASK_KIND__TASK_KIND_VISIT, "a", "u2", "u2-01"},
    {FIELD_T3, JC__TASK_KIND__TASK_KIND_VISIT, "b", "u3", "u3-01"},
    {FIELD_FOREIGN, JC__TASK_KIND__TASK_KIND_AD_HOC, "z", "z1", ""},
};

static const struct {
    int n;
    const char *inspector_id, *team_id;
} FIELD_TERMINALS[] = {{FIELD_A1, "a1", "a"}, {FIELD_A2, "a2", "a"}, {FIELD_B1, "b1", "b"}, {FIELD_KEYED, "a3", "a"}};

static inline enum jc_code field_add_task(struct jc_tx *tx, size_t i, struct jc_err *err) {
    struct jc_uuid id = field_uuid(FIELD_TASK, FIELD_TASKS[i].n);
    Jc__Task task = JC__TASK__INIT;
    task.task_id = (ProtobufCBinaryData){JC_UUID_SIZE, id.bytes};
    task.kind = FIELD_TASKS[i].kind;
    task.state = JC__TASK_STATE__TASK_STATE_OPEN;
    task.team_id = (char *)FIELD_TASKS[i].team_id;
    task.unit_id = (char *)FIELD_TASKS[i].unit_id;
    task.visit_id = (char *)FIELD_TASKS[i].visit_id;
    task.plan_version = 1;
    task.month = 1;
    task.due_on = (char *)"2023-01-31";
    task.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    task.persons = 2;
    task.days_centi = 100;
    task.checklist_id = (char *)"default";
    return jc_task_add(tx, FIELD_TASKS[i].n == FIELD_FOREIGN ? 2 : 1, &task, FIELD_NOW_MS, err);
}

/* `public_key` is the terminal KEYED's. */
static inline enum jc_code field_fill_bureau(struct jc_tx *tx, const uint8_t public_key[JC_SIGN_PUBLIC_SIZE],
                                             struct jc_err *err) {
    enum jc_code code = jc_tx_script(tx, FIELD_REGISTER, err);
    for (size_t i = 0; !code && i < sizeof FIELD_TASKS / sizeof *FIELD_TASKS; i++)
        code = field_add_task(tx, i, err);
    for (size_t i = 0; !code && i < sizeof FIELD_TERMINALS / sizeof *FIELD_TERMINALS; i++) {
        uint8_t token[JC_SHA256_SIZE] = {(uint8_t)FIELD_TERMINALS[i].n};
        struct jc_device device = {.agency_id = 1,
                                   .device_id = field_uuid(FIELD_DEVICE, FIELD_TERMINALS[i].n),
                                   .name = JC_STR("terminal"),
                                   .inspector_id = jc_str(FIELD_TERMINALS[i].inspector_id),
                                   .enrolled_ms = FIELD_NOW_MS,
                                   .app_version = JC_STR("1")};
        struct jc_str key = {(const char *)public_key,
                             FIELD_TERMINALS[i].n == FIELD_KEYED ? (size_t)JC_SIGN_PUBLIC_SIZE : 0};
        code = jc_device_insert(tx, &device, token, key, err);
    }
    return code;
}

#endif
