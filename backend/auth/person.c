/* Acts on people. Hashing happens before the write job, on the caller's thread, because a job runs on
 * the writer's thread and may run twice. What must never happen: a password in a log, in the audit
 * log, or in a message. */
#include "auth/person.h"

#include "auth/password.h"
#include "auth/token.h"
#include "base/text.h"
#include "store/audit_log.h"
#include "store/registry.h"
#include "store/session.h"

enum { LOGIN_MAX = 64, NAME_MAX_BYTES = 128 };

static const struct {
    const char *name;
    uint32_t role;
} ROLES[] = {
    {"inspector", JC_ROLE(INSPECTOR)},   {"team_lead", JC_ROLE(TEAM_LEAD)}, {"planner", JC_ROLE(PLANNER)},
    {"supervisor", JC_ROLE(SUPERVISOR)}, {"admin", JC_ROLE(ADMIN)},
};
enum { ROLE_COUNT = sizeof ROLES / sizeof ROLES[0] };

enum jc_code jc_roles_parse(struct jc_str text, uint32_t *out, struct jc_err *err) {
    struct jc_str word;
    uint32_t roles = 0;
    while (jc_str_cut(&text, ',', &word)) {
        uint32_t role = 0;
        word = jc_str_trim(word);
        for (int i = 0; i < ROLE_COUNT; i++)
            if (jc_str_eq(word, jc_str(ROLES[i].name)))
                role = ROLES[i].role;
        if (!role)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_ROLE_UNKNOWN, word);
        roles |= role;
    }
    *out = roles;
    return JC_OK;
}

struct jc_str jc_roles_format(uint32_t roles, struct jc_arena *arena) {
    struct jc_str text = jc_arena_copy(arena, JC_STR(""));
    for (int i = 0; i < ROLE_COUNT && text.ptr; i++)
        if (roles & ROLES[i].role)
            text = jc_arena_printf(arena, "%s%s%s", text.ptr, text.len ? "," : "", ROLES[i].name);
    return text;
}

/* Letters, digits and . _ - @ of ASCII, and anything beyond ASCII that is text. */
static bool login_is_valid(struct jc_str login) {
    if (!login.len || login.len > LOGIN_MAX || !jc_text_valid(login, NULL))
        return false;
    for (size_t i = 0; i < login.len; i++) {
        unsigned char c = (unsigned char)login.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c < 0x80 && !letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-' && c != '@')
            return false;
    }
    return true;
}

static enum jc_code check_person(const struct jc_person *person, struct jc_err *err) {
    if (!login_is_valid(person->login))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_LOGIN_INVALID, person->login);
    if ((!person->name.len && !person->inspector_id.len) || person->name.len > NAME_MAX_BYTES ||
        !jc_text_valid(person->name, NULL))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PERSON_NAME_INVALID, person->login);
    if (!person->roles)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PERSON_NO_ROLE, person->login);
    if ((person->roles & JC_ROLE(INSPECTOR)) && !person->inspector_id.len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PERSON_NEEDS_INSPECTOR, person->login);
    if ((person->roles & JC_ROLE(TEAM_LEAD)) && !person->team_id.len && !person->inspector_id.len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PERSON_NEEDS_TEAM, person->login);
    return JC_OK;
}

struct change {
    int64_t agency_id;
    struct jc_person person;
    struct jc_str hash;
    struct jc_str actor;
    int64_t now_ms;
    struct jc_arena *arena;
};

/* Resolves inspector and team against the register; an inspector's team and, if none is given, name are the register's. */
static enum jc_code find_place(struct jc_tx *tx, const struct change *change, struct jc_person *person,
                               struct jc_err *err) {
    if (person->inspector_id.len) {
        Jc__Inspector *inspector = NULL;
        enum jc_code code =
            jc_inspector_get(tx, change->agency_id, person->inspector_id, change->arena, &inspector, err);
        if (code)
            return code;
        if (!person->team_id.len)
            person->team_id = jc_str(inspector->team_id);
        if (!person->name.len)
            person->name = jc_str(inspector->name);
    }
    Jc__Team *team = NULL;
    return person->team_id.len ? jc_team_get(tx, change->agency_id, person->team_id, change->arena, &team, err) : JC_OK;
}

static enum jc_code create_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct change *change = ctx;
    struct jc_person person = change->person;
    person.must_change_password = true;
    person.disabled = false;
    person.created_ms = change->now_ms;
    struct jc_str roles = jc_roles_format(person.roles, change->arena);
    if (!roles.ptr)
        return jc_fail_memory(err);
    enum jc_code code = find_place(tx, change, &person, err);
    if (!code)
        code = jc_person_insert(tx, change->agency_id, &person, change->hash, err);
    if (!code)
        code = jc_audit_log_add(tx, change->agency_id, change->now_ms, change->actor, JC_STR("person.add"),
                                person.login, roles, err);
    return code;
}

static enum jc_code reset_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct change *change = ctx;
    struct jc_str login = change->person.login;
    enum jc_code code = jc_person_set_password_hash(tx, change->agency_id, login, change->hash, true, err);
    if (!code)
        code = jc_session_delete_others(tx, change->agency_id, login, NULL, err);
    if (!code)
        code = jc_audit_log_add(tx, change->agency_id, change->now_ms, change->actor, JC_STR("person.passwd"), login,
                                JC_STR(""), err);
    return code;
}

/* Makes a one-time password, hashes it, and runs the job that stores it. */
static enum jc_code with_password(struct jc_db *db, struct change *change, jc_job *job, struct jc_act act,
                                  struct jc_str *out_password, struct jc_err *err) {
    char password[JC_ONE_TIME_TEXT], hash[JC_PASSWORD_HASH];
    jc_one_time_make(password);
    struct jc_str copy = jc_arena_copy(change->arena, jc_str(password));
    if (!copy.ptr)
        return jc_fail_memory(err);
    enum jc_code code = jc_password_hash(copy, hash, err);
    if (code)
        return code;
    change->hash = jc_str(hash);
    change->actor = act.actor;
    change->now_ms = jc_clock_now_ms(act.clock);
    code = jc_db_write_wait(db, change->agency_id, job, change, err);
    if (!code)
        *out_password = copy;
    return code;
}

enum jc_code jc_person_create(struct jc_db *db, int64_t agency_id, const struct jc_person *person, struct jc_act act,
                              struct jc_arena *arena, struct jc_str *out_password, struct jc_err *err) {
    enum jc_code code = check_person(person, err);
    if (code)
        return code;
    struct change change = {.agency_id = agency_id, .person = *person, .arena = arena};
    change.person.login = jc_text_nfc(arena, person->login);
    change.person.name = jc_text_nfc(arena, person->name);
    if (!change.person.login.ptr || !change.person.name.ptr)
        return jc_fail_memory(err);
    return with_password(db, &change, create_job, act, out_password, err);
}

enum jc_code jc_person_reset_password(struct jc_db *db, int64_t agency_id, struct jc_str login, struct jc_act act,
                                      struct jc_arena *arena, struct jc_str *out_password, struct jc_err *err) {
    struct change change = {.agency_id = agency_id, .person.login = login, .arena = arena};
    return with_password(db, &change, reset_job, act, out_password, err);
}

enum jc_code jc_person_disable(struct jc_tx *tx, int64_t agency_id, struct jc_str login, bool disabled,
                               struct jc_act act, struct jc_err *err) {
    enum jc_code code = jc_person_set_disabled(tx, agency_id, login, disabled, err);
    if (!code && disabled)
        code = jc_session_delete_others(tx, agency_id, login, NULL, err);
    if (!code)
        code = jc_audit_log_add(tx, agency_id, jc_clock_now_ms(act.clock), act.actor,
                                disabled ? JC_STR("person.disable") : JC_STR("person.enable"), login, JC_STR(""), err);
    return code;
}

enum jc_code jc_person_devices(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                               struct jc_device **out, size_t *count, struct jc_err *err) {
    struct jc_person person;
    size_t all = 0;
    *count = 0;
    enum jc_code code = jc_person_get(tx, agency_id, login, arena, &person, err);
    if (code || !person.inspector_id.len)
        return code;
    code = jc_device_list(tx, agency_id, arena, out, &all, err);
    for (size_t i = 0; !code && i < all; i++) {
        if ((*out)[i].revoked_ms < 0 && jc_str_eq((*out)[i].inspector_id, person.inspector_id))
            (*out)[(*count)++] = (*out)[i];
    }
    return code;
}
