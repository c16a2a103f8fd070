/* A token is looked up by its hash, first among devices (they ask far more often), then among
 * sessions: two index look-ups at most. Tokens of both kinds are 256 random bits, so they cannot meet.
 * What must never happen: an answer given on what a token once allowed. */
#include "auth/caller.h"

#include <string.h>

#include "auth/token.h"
#include "store/device.h"
#include "store/session.h"

static enum jc_code take_device(const struct jc_device *device, struct jc_caller *out, struct jc_err *err) {
    char time[JC_TIME_MAX];
    if (device->revoked_ms >= 0)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_DEVICE_REVOKED, jc_time_format(device->revoked_ms, time));
    out->kind = JC_CALLER_DEVICE;
    out->agency_id = device->agency_id;
    out->roles = JC_ROLE(INSPECTOR);
    out->name = device->name;
    out->device_id = device->device_id;
    out->inspector_id = device->inspector_id;
    out->team_id = device->team_id;
    out->scope_version = device->scope_version;
    out->blocks_version = device->blocks_version;
    out->chain = device->chain;
    out->rebuild = device->rebuild_requested;
    return JC_OK;
}

static enum jc_code take_person(const struct jc_session *session, int64_t now_ms, struct jc_caller *out,
                                struct jc_err *err) {
    const struct jc_person *person = &session->person;
    char time[JC_TIME_MAX];
    if (person->disabled)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_PERSON_DISABLED, person->login);
    if (session->expires_ms <= now_ms)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_SESSION_EXPIRED, jc_time_format(session->expires_ms, time));
    out->kind = JC_CALLER_PERSON;
    out->agency_id = session->agency_id;
    out->roles = person->roles;
    out->login = person->login;
    out->name = person->name;
    out->inspector_id = person->inspector_id;
    out->team_id = person->team_id;
    out->must_change_password = person->must_change_password;
    return JC_OK;
}

enum jc_code jc_caller_of_hash(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                               struct jc_arena *arena, struct jc_caller *out, struct jc_err *err) {
    struct jc_device device;
    struct jc_session session;
    bool found = false;
    memset(out, 0, sizeof *out);
    memcpy(out->token_hash, token_hash, sizeof out->token_hash);
    enum jc_code code = jc_device_find(tx, out->token_hash, arena, &device, &found, err);
    if (code || found)
        return code ? code : take_device(&device, out, err);
    code = jc_session_find(tx, out->token_hash, arena, &session, &found, err);
    if (code || found)
        return code ? code : take_person(&session, now_ms, out, err);
    return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_TOKEN_UNKNOWN);
}

enum jc_code jc_caller_authenticate(struct jc_tx *tx, struct jc_str token, int64_t now_ms, struct jc_arena *arena,
                                    struct jc_caller *out, struct jc_err *err) {
    uint8_t token_hash[JC_SHA256_SIZE];
    memset(out, 0, sizeof *out);
    if (!token.len)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_TOKEN_MISSING);
    jc_token_hash(token, token_hash);
    return jc_caller_of_hash(tx, token_hash, now_ms, arena, out, err);
}

bool jc_caller_sees_agency(const struct jc_caller *caller) {
    return (caller->roles & (JC_ROLE(PLANNER) | JC_ROLE(SUPERVISOR) | JC_ROLE(ADMIN))) != 0;
}

bool jc_caller_sees_team(const struct jc_caller *caller, struct jc_str team_id) {
    return jc_caller_sees_agency(caller) || (caller->team_id.len && jc_str_eq(caller->team_id, team_id));
}

struct jc_str jc_caller_actor(const struct jc_caller *caller, struct jc_arena *arena) {
    char id[JC_UUID_TEXT];
    if (caller->kind == JC_CALLER_DEVICE)
        return jc_arena_printf(arena, "device:%s", jc_uuid_format(caller->device_id, id).ptr);
    return jc_arena_copy(arena, caller->login);
}
