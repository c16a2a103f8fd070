/* jiancha.v1.SessionService: people sign in with a password and get a token.
 *
 * A login takes three steps, because Argon2id may hold neither a snapshot nor the writer: read the
 * hash, compare, then write the session if the hash still stands. An unknown login costs as much time
 * as a wrong password and is answered in the same words. */
#include "auth/password.h"
#include "auth/token.h"
#include "base/text.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/agency.h"
#include "store/audit_log.h"
#include "store/registry.h"
#include "store/session.h"

enum { SESSION_HOURS = 12 };

/* The message for people about a person; roles ascending. */
static Jc__Person *new_person(struct jc_tx *tx, struct jc_call *call, const struct jc_caller *caller,
                              struct jc_err *err) {
    Jc__Agency *agency = NULL;
    if (jc_agency_get(tx, caller->agency_id, call->arena, &agency, err))
        return NULL;
    Jc__Person *person = JC_ANSWER(call, Jc__Person, jc__person);
    Jc__Role *roles = JC_NEW_ARRAY(call->arena, JC__ROLE__ROLE_ADMIN + 1, Jc__Role);
    if (!person || !roles) {
        (void)jc_fail_memory(err);
        return NULL;
    }
    person->roles = roles;
    for (int role = JC__ROLE__ROLE_INSPECTOR; role <= JC__ROLE__ROLE_ADMIN; role++)
        if (caller->roles & 1u << role)
            roles[person->n_roles++] = (Jc__Role)role;
    /* every string of a caller ends with a NUL, as the arena's copies do */
    person->login = caller->login.len ? (char *)caller->login.ptr : person->login;
    person->name = caller->name.len ? (char *)caller->name.ptr : person->name;
    person->inspector_id = caller->inspector_id.len ? (char *)caller->inspector_id.ptr : person->inspector_id;
    person->team_id = caller->team_id.len ? (char *)caller->team_id.ptr : person->team_id;
    person->agency_id = agency->agency_id;
    person->must_change_password = caller->must_change_password;
    return person;
}

/* --- Login --------------------------------------------------------------------------------------- */

struct login_work {
    struct jc_str login;
    int64_t agency_id;
    struct jc_str hash; /* empty: no such login */
};

static enum jc_code fail_login(struct jc_err *err) {
    return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG);
}

enum jc_code jc_login_look(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__LoginRequest *request = (const Jc__LoginRequest *)call->request;
    struct login_work *work = JC_NEW(call->arena, struct login_work);
    if (!work)
        return jc_fail_memory(err);
    work->login = jc_text_nfc(call->arena, jc_str(request->login));
    if (!work->login.ptr)
        return jc_fail_memory(err);
    call->work = work;
    enum jc_code code = jc_agency_find(tx, jc_str(request->agency_id), &work->agency_id, err);
    if (!code)
        code = jc_person_password_hash(tx, work->agency_id, work->login, call->arena, &work->hash, err);
    return code == JC_NOT_FOUND ? JC_OK : code; /* told after the time of a comparison */
}

enum jc_code jc_login_work(struct jc_call *call, struct jc_err *err) {
    const Jc__LoginRequest *request = (const Jc__LoginRequest *)call->request;
    const struct login_work *work = call->work;
    struct jc_str password = jc_str(request->password);
    if (!work->hash.len) {
        jc_password_pretend(password);
        return fail_login(err);
    }
    return jc_password_matches(work->hash, password) ? JC_OK : fail_login(err);
}

enum jc_code jc_login_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const struct login_work *work = call->work;
    struct jc_str hash;
    struct jc_person row;
    enum jc_code code = jc_person_password_hash(tx, work->agency_id, work->login, call->arena, &hash, err);
    if (!code)
        code = jc_person_get(tx, work->agency_id, work->login, call->arena, &row, err);
    if (code == JC_NOT_FOUND || (!code && !jc_str_eq(hash, work->hash)))
        return fail_login(err);
    if (!code && row.disabled)
        code = jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_PERSON_DISABLED, work->login);
    if (code)
        return code;

    char token[JC_TOKEN_TEXT];
    uint8_t token_hash[JC_SHA256_SIZE];
    int64_t expires_ms = call->now_ms + SESSION_HOURS * (int64_t)3600000;
    jc_token_make(token, token_hash);
    code = jc_session_prune(tx, work->agency_id, work->login, call->now_ms, err);
    if (!code)
        code = jc_session_add(tx, work->agency_id, work->login, token_hash, call->now_ms, expires_ms, err);
    if (!code) /* as the token will be seen from now on */
        code = jc_caller_authenticate(tx, jc_str(token), call->now_ms, call->arena, &call->caller, err);
    if (code)
        return code;
    Jc__LoginResponse *response = JC_ANSWER(call, Jc__LoginResponse, jc__login_response);
    if (!response)
        return jc_fail_memory(err);
    response->token = (char *)jc_arena_copy(call->arena, jc_str(token)).ptr;
    response->expires_at = jc_answer_time(call->arena, expires_ms);
    if (!response->token || !response->expires_at)
        return jc_fail_memory(err);
    response->person = new_person(tx, call, &call->caller, err);
    call->response = &response->base;
    return response->person ? JC_OK : err->code;
}

/* --- Logout -------------------------------------------------------------------------------------- */

enum jc_code jc_logout_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    Jc__LogoutResponse *response = JC_ANSWER(call, Jc__LogoutResponse, jc__logout_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_session_delete(tx, call->caller.token_hash, err);
}

/* --- ChangePassword ------------------------------------------------------------------------------ */

struct password_work {
    struct jc_str login;
    struct jc_str old_hash;
    char new_hash[JC_PASSWORD_HASH];
};

enum jc_code jc_change_password_look(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    struct password_work *work = JC_NEW(call->arena, struct password_work);
    if (!work)
        return jc_fail_memory(err);
    call->work = work;
    work->login = call->caller.login;
    return jc_person_password_hash(tx, call->caller.agency_id, work->login, call->arena, &work->old_hash, err);
}

enum jc_code jc_change_password_work(struct jc_call *call, struct jc_err *err) {
    const Jc__ChangePasswordRequest *request = (const Jc__ChangePasswordRequest *)call->request;
    struct password_work *work = call->work;
    struct jc_str old_password = jc_str(request->old_password), new_password = jc_str(request->new_password);
    enum jc_code code = jc_password_acceptable(new_password, work->login, err);
    if (code)
        return code;
    if (!jc_password_matches(work->old_hash, old_password))
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_PASSWORD_WRONG);
    if (jc_str_eq(old_password, new_password))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PASSWORD_SAME);
    return jc_password_hash(new_password, work->new_hash, err);
}

enum jc_code jc_change_password_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const struct password_work *work = call->work;
    const struct jc_caller *caller = &call->caller;
    struct jc_str hash;
    Jc__ChangePasswordResponse *response = JC_ANSWER(call, Jc__ChangePasswordResponse, jc__change_password_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    enum jc_code code = jc_person_password_hash(tx, caller->agency_id, caller->login, call->arena, &hash, err);
    if (!code && !jc_str_eq(hash, work->old_hash))
        code = jc_fail(err, JC_ABORTED, JC_MSG_PASSWORD_CHANGED_MEANWHILE);
    if (!code)
        code = jc_person_set_password_hash(tx, caller->agency_id, caller->login, jc_str(work->new_hash), false, err);
    if (!code)
        code = jc_session_delete_others(tx, caller->agency_id, caller->login, caller->token_hash, err);
    if (!code)
        code = jc_audit_log_add(tx, caller->agency_id, call->now_ms, caller->login, JC_STR("person.change_password"),
                                caller->login, JC_STR(""), err);
    return code;
}

/* --- GetSelf ------------------------------------------------------------------------------------- */

enum jc_code jc_get_self_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    struct jc_caller self = call->caller;
    if (self.kind == JC_CALLER_DEVICE) { /* a device speaks for its holder */
        Jc__Inspector *inspector = NULL;
        enum jc_code code = jc_inspector_get(tx, self.agency_id, self.inspector_id, call->arena, &inspector, err);
        if (code)
            return code;
        self.name = jc_str(inspector->name);
    }
    Jc__GetSelfResponse *response = JC_ANSWER(call, Jc__GetSelfResponse, jc__get_self_response);
    if (!response)
        return jc_fail_memory(err);
    response->person = new_person(tx, call, &self, err);
    call->response = &response->base;
    return response->person ? JC_OK : err->code;
}
