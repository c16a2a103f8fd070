/* A small world for tests of auth, rpc and http: two agencies in one database, with people of every
 * role and terminals, whose tokens are known words instead of random bytes.
 *
 *   agency 1 "hn": teams t1, t2; inspectors i1 (t1), i2 (t2); units u1, u2, u3
 *   agency 2 "fy": team t1; inspector i1; unit x1
 */
#ifndef JC_WORLD_H
#define JC_WORLD_H

#include "jc_store_test.h"

#include "auth/password.h"
#include "auth/token.h"
#include "store/agency.h"
#include "store/device.h"
#include "store/registry.h"
#include "store/session.h"
#include "store/unit.h"

static const int64_t JC_WORLD_NOW = 1672531200000; /* as jc_test_clock */

struct jc_world_person {
    int64_t agency_id;
    const char *login, *token, *inspector_id, *team_id;
    uint32_t roles;
    bool must_change, disabled, expired;
};

static const struct jc_world_person JC_WORLD_PEOPLE[] = {
    {1, "admin", "token-admin", "", "", JC_ROLE(ADMIN), false, false, false},
    {1, "planner", "token-planner", "", "", JC_ROLE(PLANNER), false, false, false},
    {1, "supervisor", "token-supervisor", "", "", JC_ROLE(SUPERVISOR), false, false, false},
    {1, "lead", "token-lead", "", "t1", JC_ROLE(TEAM_LEAD), false, false, false},
    {1, "inspector", "token-inspector", "i1", "t1", JC_ROLE(INSPECTOR), false, false, false},
    {1, "fresh", "token-fresh", "", "", JC_ROLE(ADMIN), true, false, false},
    {1, "gone", "token-gone", "", "", JC_ROLE(ADMIN), false, true, false},
    {1, "late", "token-late", "", "", JC_ROLE(ADMIN), false, false, true},
    {2, "admin", "token-foreign", "", "", JC_ROLE(ADMIN), false, false, false},
};

struct jc_world_device {
    int64_t agency_id;
    const char *token, *name, *inspector_id;
    uint8_t last_byte; /* of its id; the rest is 0 */
    bool revoked;
};

static const struct jc_world_device JC_WORLD_DEVICES[] = {
    {1, "token-device", "手持机一", "i1", 1, false},
    {1, "token-revoked", "手持机二", "i2", 2, true},
    {2, "token-foreign-device", "手持机三", "i1", 3, false},
};

static inline struct jc_uuid jc_world_device_id(uint8_t last_byte) {
    struct jc_uuid id = {{0}};
    id.bytes[JC_UUID_SIZE - 1] = last_byte;
    return id;
}

static inline enum jc_code jc_world_register(struct jc_tx *tx, int64_t agency_id, const char *const *teams,
                                             const char *const *units, struct jc_err *err) {
    Jc__Rule rule = JC__RULE__INIT;
    rule.rule_id = rule.name = (char *)"r1";
    rule.visits = rule.cycle_years = 1;
    enum jc_code code = jc_rule_put(tx, agency_id, 1, &rule, err);
    for (int i = 0; !code && teams[i]; i++) {
        Jc__Team team = JC__TEAM__INIT;
        Jc__Inspector inspector = JC__INSPECTOR__INIT;
        char inspector_id[] = {'i', teams[i][1], '\0'};
        team.team_id = team.name = inspector.team_id = (char *)teams[i];
        team.kind = (char *)"bureau";
        team.headcount_registered = team.supervision_centi = -1;
        inspector.inspector_id = inspector_id;
        inspector.name = (char *)"执法员";
        code = jc_team_put(tx, agency_id, i, &team, err);
        if (!code)
            code = jc_inspector_put(tx, agency_id, i, &inspector, err);
    }
    for (int i = 0; !code && units[i]; i++) {
        Jc__Unit unit = JC__UNIT__INIT;
        char *lead_teams[] = {(char *)"t1"}, *rules[] = {(char *)"r1"};
        unit.unit_id = unit.name = (char *)units[i];
        unit.category = (char *)"general";
        unit.lead_teams = lead_teams;
        unit.rule_ids = rules;
        unit.n_lead_teams = unit.n_rule_ids = 1;
        unit.persons = 2;
        unit.days_centi = 100;
        code = jc_unit_put(tx, agency_id, i, &unit, err);
    }
    return code;
}

static inline enum jc_code jc_world_people(struct jc_tx *tx, struct jc_str password_hash, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < COUNT(JC_WORLD_PEOPLE); i++) {
        const struct jc_world_person *p = &JC_WORLD_PEOPLE[i];
        struct jc_person person = {
            .login = jc_str(p->login),
            .name = jc_str(p->login),
            .roles = p->roles,
            .inspector_id = jc_str(p->inspector_id),
            .team_id = jc_str(p->team_id),
            .must_change_password = p->must_change,
            .disabled = p->disabled,
        };
        uint8_t hash[JC_SHA256_SIZE];
        jc_token_hash(jc_str(p->token), hash);
        code = jc_person_insert(tx, p->agency_id, &person, password_hash, err);
        if (!code) /* the server's clock in tests may be the real one: far in the future is not expired */
            code = jc_session_add(tx, p->agency_id, person.login, hash, JC_WORLD_NOW,
                                  p->expired ? JC_WORLD_NOW - 1 : INT64_C(253402300799000), err);
    }
    return code;
}

static inline enum jc_code jc_world_devices(struct jc_tx *tx, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < COUNT(JC_WORLD_DEVICES); i++) {
        const struct jc_world_device *d = &JC_WORLD_DEVICES[i];
        struct jc_device device = {
            .agency_id = d->agency_id,
            .device_id = jc_world_device_id(d->last_byte),
            .name = jc_str(d->name),
            .inspector_id = jc_str(d->inspector_id),
            .enrolled_ms = JC_WORLD_NOW,
            .app_version = JC_STR("1"),
        };
        uint8_t hash[JC_SHA256_SIZE];
        jc_token_hash(jc_str(d->token), hash);
        code = jc_device_insert(tx, &device, hash, (struct jc_str){"", 0}, err);
        if (!code && d->revoked)
            code = jc_device_set_revoked(tx, d->agency_id, device.device_id, JC_WORLD_NOW, JC_STR(""), err);
    }
    return code;
}

static inline enum jc_code jc_world_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static const char *const TEAMS_1[] = {"t1", "t2", NULL}, *const TEAMS_2[] = {"t1", NULL};
    static const char *const UNITS_1[] = {"u1", "u2", "u3", NULL}, *const UNITS_2[] = {"x1", NULL};
    const struct jc_str *password_hash = ctx;
    int64_t second = 0;
    Jc__Agency agency = JC__AGENCY__INIT;
    agency.agency_id = (char *)"hn";
    agency.name = (char *)"淮南市应急管理局";
    agency.level = (char *)"city";
    agency.year = 2023;
    agency.headcount_registered = agency.headcount_counted = -1;
    enum jc_code code = jc_agency_put(tx, 1, &agency, err);
    agency.agency_id = (char *)"fy";
    agency.name = (char *)"阜阳市应急管理局";
    if (!code)
        code = jc_agency_add(tx, &agency, &second, err);
    if (!code)
        code = jc_world_register(tx, 1, TEAMS_1, UNITS_1, err);
    if (!code)
        code = jc_world_register(tx, second, TEAMS_2, UNITS_2, err);
    if (!code)
        code = jc_world_people(tx, *password_hash, err);
    return code ? code : jc_world_devices(tx, err);
}

/* Fills a database just created. Everybody's password is `password`; hashing one takes a tenth of a
 * second, so NULL gives everybody a hash that no password has. */
static inline void jc_world_fill(struct jc_db *db, const char *password) {
    char hash[JC_PASSWORD_HASH] = "none";
    struct jc_err err = {0};
    if (password)
        CHECK_OK("hash", jc_password_hash(jc_str(password), hash, &err), &err);
    struct jc_str view = jc_str(hash);
    jc_test_write(db, jc_world_job, &view);
}

#endif
