/* Enrolment: a planner makes a code for an inspector, the inspector types it into the terminal, the
 * terminal trades it once for a token. The code is used up in the transaction that makes the token,
 * so two terminals can never share one. Code and token are random and may differ if the job runs
 * again; only those of the committed run are answered. */
#include "auth/device.h"

#include "base/text.h"
#include "store/audit_log.h"
#include "store/invitation.h"
#include "store/registry.h"
#include "store/server_key.h"

enum { NAME_MAX_BYTES = 128, VERSION_MAX_BYTES = 64, REASON_MAX_BYTES = 512 };

enum jc_code jc_device_invite(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, int valid_hours,
                              struct jc_act act, struct jc_arena *arena, char code_text[JC_ONE_TIME_TEXT],
                              int64_t *expires_ms, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    uint8_t hash[JC_SHA256_SIZE];
    Jc__Inspector *inspector = NULL;
    int64_t now_ms = jc_clock_now_ms(act.clock);
    if (valid_hours < 0 || valid_hours > JC_INVITATION_MAX_HOURS)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_INVITATION_HOURS,
                       jc_str_from_int64(JC_INVITATION_MAX_HOURS, number));
    enum jc_code code = jc_inspector_get(tx, agency_id, inspector_id, arena, &inspector, err);
    if (code)
        return code;

    jc_one_time_make(code_text);
    jc_one_time_hash(jc_str(code_text), hash);
    struct jc_invitation invitation = {
        .agency_id = agency_id,
        .inspector_id = inspector_id,
        .created_by = act.actor,
        .created_ms = now_ms,
        .expires_ms = now_ms + (valid_hours ? valid_hours : JC_INVITATION_HOURS) * (int64_t)3600000,
    };
    *expires_ms = invitation.expires_ms;
    code = jc_invitation_add(tx, &invitation, hash, err);
    if (!code)
        code =
            jc_audit_log_add(tx, agency_id, now_ms, act.actor, JC_STR("device.invite"), inspector_id, JC_STR(""), err);
    return code;
}

/* --- enrolment ----------------------------------------------------------------------------------------- */

static enum jc_code check_enrolment(const struct jc_enrolment *enrolment, struct jc_err *err) {
    if (!enrolment->device_name.len || enrolment->device_name.len > NAME_MAX_BYTES ||
        !jc_text_valid(enrolment->device_name, NULL))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_NAME_INVALID);
    if (enrolment->public_key.len && enrolment->public_key.len != JC_PUBLIC_KEY_SIZE)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_KEY_INVALID);
    if (enrolment->app_version.len > VERSION_MAX_BYTES || !jc_text_valid(enrolment->app_version, NULL))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_VERSION_INVALID);
    return JC_OK;
}

/* The invitation behind a code, if it may be used now. A used one only by the key that used it: the
 * answer may have been lost on the way. */
static enum jc_code find_invitation(struct jc_tx *tx, const struct jc_enrolment *enrolment, int64_t now_ms,
                                    struct jc_arena *arena, struct jc_invitation *out, uint8_t hash[JC_SHA256_SIZE],
                                    struct jc_err *err) {
    bool found = false;
    char time[JC_TIME_MAX];
    if (jc_one_time_hash(enrolment->code, hash)) {
        enum jc_code code = jc_invitation_find(tx, hash, arena, out, &found, err);
        if (code)
            return code;
    }
    if (!found)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_ENROL_CODE_WRONG);
    if (out->used_ms >= 0 && (!enrolment->public_key.len || !jc_str_eq(out->used_by, enrolment->public_key)))
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_ENROL_CODE_USED);
    if (out->expires_ms <= now_ms)
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_ENROL_CODE_EXPIRED, jc_time_format(out->expires_ms, time));
    return JC_OK;
}

static enum jc_code add_device(struct jc_tx *tx, const struct jc_enrolment *enrolment,
                               const struct jc_invitation *invitation, const struct jc_clock *clock,
                               const uint8_t token_hash[JC_SHA256_SIZE], struct jc_uuid *id, struct jc_err *err) {
    struct jc_device row = {
        .agency_id = invitation->agency_id,
        .device_id = jc_uuid7(clock),
        .name = enrolment->device_name,
        .inspector_id = invitation->inspector_id,
        .enrolled_ms = jc_clock_now_ms(clock),
        .app_version = enrolment->app_version,
    };
    *id = row.device_id;
    return jc_device_insert(tx, &row, token_hash, enrolment->public_key, err);
}

/* The device that the first use of the code made: it keeps its id and gets a new token. */
static enum jc_code enrol_again(struct jc_tx *tx, const struct jc_invitation *invitation, struct jc_arena *arena,
                                const uint8_t token_hash[JC_SHA256_SIZE], struct jc_uuid *id, struct jc_err *err) {
    struct jc_device device;
    bool found = false;
    enum jc_code code = jc_device_find_by_key(tx, invitation->agency_id, invitation->inspector_id, invitation->used_by,
                                              arena, &device, &found, err);
    if (!code && (!found || device.revoked_ms >= 0))
        code = jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_ENROL_CODE_USED);
    if (code)
        return code;
    *id = device.device_id;
    return jc_device_set_token(tx, invitation->agency_id, *id, token_hash, err);
}

enum jc_code jc_device_enroll(struct jc_tx *tx, const struct jc_enrolment *enrolment, const struct jc_clock *clock,
                              struct jc_arena *arena, struct jc_device *device, char token[JC_TOKEN_TEXT],
                              struct jc_err *err) {
    struct jc_invitation invitation;
    struct jc_uuid device_id;
    uint8_t code_hash[JC_SHA256_SIZE], token_hash[JC_SHA256_SIZE];
    char id[JC_UUID_TEXT];
    int64_t now_ms = jc_clock_now_ms(clock);
    enum jc_code code = check_enrolment(enrolment, err);
    if (!code)
        code = find_invitation(tx, enrolment, now_ms, arena, &invitation, code_hash, err);
    if (!code)
        code = jc_server_key_ensure(tx, now_ms, err); /* its public half is part of the answer */
    if (code)
        return code;

    jc_token_make(token, token_hash);
    if (invitation.used_ms >= 0) {
        code = enrol_again(tx, &invitation, arena, token_hash, &device_id, err);
    } else {
        code = add_device(tx, enrolment, &invitation, clock, token_hash, &device_id, err);
        if (!code)
            code = jc_invitation_set_used(tx, code_hash, now_ms, enrolment->public_key, err);
    }
    if (!code)
        code = jc_audit_log_add(tx, invitation.agency_id, now_ms, invitation.inspector_id, JC_STR("device.enroll"),
                                jc_uuid_format(device_id, id), enrolment->device_name, err);
    return code ? code : jc_device_get(tx, invitation.agency_id, device_id, arena, device, err);
}

/* --- acts of planners ---------------------------------------------------------------------------------- */

static enum jc_code note_act(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_act act,
                             struct jc_str what, struct jc_str detail, struct jc_err *err) {
    char id[JC_UUID_TEXT];
    return jc_audit_log_add(tx, agency_id, jc_clock_now_ms(act.clock), act.actor, what, jc_uuid_format(device_id, id),
                            detail, err);
}

static bool is_text(struct jc_str text, size_t max) {
    return text.len <= max && jc_text_valid(text, NULL);
}

enum jc_code jc_device_revoke(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str reason,
                              struct jc_act act, struct jc_err *err) {
    if (!is_text(reason, REASON_MAX_BYTES))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_REASON_INVALID);
    enum jc_code code = jc_device_set_revoked(tx, agency_id, device_id, jc_clock_now_ms(act.clock), reason, err);
    return code ? code : note_act(tx, agency_id, device_id, act, JC_STR("device.revoke"), reason, err);
}

enum jc_code jc_device_rename(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str name,
                              struct jc_act act, struct jc_err *err) {
    if (!name.len || !is_text(name, NAME_MAX_BYTES))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_NAME_INVALID);
    enum jc_code code = jc_device_set_name(tx, agency_id, device_id, name, err);
    return code ? code : note_act(tx, agency_id, device_id, act, JC_STR("device.rename"), name, err);
}

enum jc_code jc_device_rebuild(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_act act,
                               struct jc_err *err) {
    enum jc_code code = jc_device_set_rebuild(tx, agency_id, device_id, err);
    return code ? code : note_act(tx, agency_id, device_id, act, JC_STR("device.rebuild"), JC_STR(""), err);
}

enum jc_code jc_device_trust_seal(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str reason,
                                  struct jc_act act, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_device device;
    if (!arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_device_get(tx, agency_id, device_id, arena, &device, err);
    jc_arena_free(arena);
    if (!code && (!jc_str_trim(reason).len || !is_text(reason, REASON_MAX_BYTES)))
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_REASON_INVALID);
    if (!code)
        code = jc_device_set_seal_trusted(tx, agency_id, device_id, err);
    return code ? code : note_act(tx, agency_id, device_id, act, JC_STR("device.trust_seal"), reason, err);
}
