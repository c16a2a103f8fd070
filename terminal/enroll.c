/* Enrolment: the invitation's code and the device's public key for a token.
 *
 * The key was made with the store, so if the answer is lost a repeated call carries the same key. A
 * store is enrolled again only on request, for the same person (whose unsent work then goes out under the new
 * enrolment) or for another of the agency (who shares the device; each one's work goes out under their own). The
 * key, the work and the numbers given stay, and the listing begins anew. */
#include "base/message.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "terminal/call.h"
#include "terminal/holder.h"
#include "terminal/operation.h"
#include "terminal/receipt.h"

enum { ARENA_MAX = 4 * 1024 * 1024, TOKEN_MAX = 512 };

struct enrolment {
    struct jc_terminal *terminal;
    const struct jc_terminal_invitation *invitation;
    struct jc_arena *arena;
    struct jc_terminal_self self;
    struct jc_str device_name;
    const Jc__EnrollResponse *answer;
};

static enum jc_code look(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct enrolment *enrolment = ctx;
    enum jc_code code = jc_terminal_self(tx, enrolment->arena, &enrolment->self, err);
    if (code == JC_OK && enrolment->self.enrolled && !enrolment->invitation->again)
        return jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_TERM_ENROLLED_ALREADY, enrolment->self.holder.inspector_name,
                       enrolment->self.holder.agency_name);
    return code;
}

/* Work that is not sent is for that agency's eyes alone. */
static enum jc_code refuse_other_agency(struct jc_tx *tx, struct enrolment *enrolment, struct jc_err *err) {
    const struct jc_terminal_holder *old = &enrolment->self.holder;
    int64_t unsent = 0;
    if (!enrolment->self.enrolled || jc_str_eq(old->agency_id, jc_str(enrolment->answer->agency_id)))
        return JC_OK;
    enum jc_code code = jc_terminal_operation_count_unsent(tx, &unsent, err);
    if (code == JC_OK && unsent > 0)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_OTHER_AGENCY, old->agency_name);
    return code;
}

static enum jc_code keep_keys(struct jc_tx *tx, struct enrolment *enrolment, struct jc_err *err) {
    const Jc__EnrollResponse *answer = enrolment->answer;
    struct jc_terminal_keys keys = {.arena = enrolment->arena};
    enum jc_code code = jc_terminal_keys_forget(tx, err);
    /* the newest first in the answer; each is taken on the word of this answer alone */
    for (size_t i = answer->n_server_keys; code == JC_OK && i-- > 0;) {
        struct jc_terminal_keys one = {.arena = enrolment->arena};
        code = jc_terminal_keys_learn(&one, &answer->server_keys[i], 1, err);
        struct jc_terminal_key *item =
            code == JC_OK && one.count ? JC_PUSH(keys.arena, &keys, struct jc_terminal_key) : NULL;
        if (item)
            *item = one.items[0];
        else if (code == JC_OK && one.count)
            code = jc_fail_memory(err);
    }
    return code == JC_OK ? jc_terminal_keys_store(tx, &keys, err) : code;
}

static enum jc_code keep(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct enrolment *enrolment = ctx;
    const Jc__EnrollResponse *answer = enrolment->answer;
    struct jc_terminal_enrolment fresh = {
        .holder = {.server = enrolment->invitation->server,
                   .device_id = jc_terminal_uuid_of(answer->device_id),
                   .device_name = enrolment->device_name,
                   .agency_id = jc_str(answer->agency_id),
                   .agency_name = jc_str(answer->agency_name),
                   .team_id = jc_str(answer->team_id),
                   .inspector_id = jc_str(answer->inspector_id),
                   .inspector_name = jc_str(answer->inspector_name)},
        .token = jc_str(answer->token),
    };
    enum jc_code code = look(tx, enrolment, err);
    if (code == JC_OK)
        code = refuse_other_agency(tx, enrolment, err);
    if (code == JC_OK)
        code = jc_terminal_enrolment_add(tx, &fresh, jc_clock_now_ms(&enrolment->terminal->wall), err);
    if (code == JC_OK)
        code = keep_keys(tx, enrolment, err);
    return code == JC_OK ? jc_terminal_self(tx, enrolment->arena, &enrolment->self, err) : code;
}

/* It will stand in a header line. */
static bool is_token(struct jc_str token) {
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] <= ' ' || token.ptr[i] >= 0x7f)
            return false;
    }
    return token.len > 0 && token.len <= TOKEN_MAX;
}

static bool is_text(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str packed;
    struct jc_err ignored;
    return jc_message_pack(message, arena, &packed, &ignored) == JC_OK &&
           jc_message_check(message->descriptor, packed, &ignored) == JC_OK;
}

static enum jc_code ask(struct enrolment *enrolment, const struct jc_transport *transport, struct jc_err *err) {
    struct jc_arena *arena = enrolment->arena;
    struct jc_str code_text = jc_arena_copy(arena, jc_str_trim(enrolment->invitation->code));
    struct jc_str name = jc_str_trim(enrolment->invitation->device_name);
    enrolment->device_name = jc_arena_copy(arena, name.len ? name : JC_STR("terminal"));
    if (!code_text.ptr || !enrolment->device_name.ptr)
        return jc_fail_memory(err);
    Jc__EnrollRequest request = JC__ENROLL_REQUEST__INIT;
    request.code = (char *)(uintptr_t)code_text.ptr;
    request.device_name = (char *)(uintptr_t)enrolment->device_name.ptr;
    request.public_key = (ProtobufCBinaryData){sizeof enrolment->self.public_key, enrolment->self.public_key};
    request.app_version = (char *)(uintptr_t)JC_VERSION;
    struct jc_terminal_call call = {
        .procedure = "/jiancha.v1.DeviceService/Enroll",
        .type = &jc__enroll_response__descriptor,
    };
    enum jc_code code = jc_message_pack(&request.base, arena, &call.request, err);
    if (code == JC_OK)
        code = jc_terminal_call(transport, &call, arena, err);
    if (code)
        return code;
    enrolment->answer = (const Jc__EnrollResponse *)call.answer;
    struct jc_str token = jc_str(enrolment->answer->token);
    if (enrolment->answer->device_id.len != JC_UUID_SIZE || !is_token(token) || !*enrolment->answer->inspector_id ||
        !*enrolment->answer->agency_id || !is_text(call.answer, arena)) {
        jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_ANSWER_BROKEN);
        return jc_err_detail(err, "the enrolment names no device, token or holder");
    }
    return JC_OK;
}

static bool copy_holder(struct jc_arena *arena, const struct jc_terminal_holder *from, struct jc_terminal_holder *to) {
    *to = *from;
    struct jc_str *texts[] = {&to->server,  &to->device_name,  &to->agency_id,     &to->agency_name,
                              &to->team_id, &to->inspector_id, &to->inspector_name};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = jc_arena_copy(arena, *texts[i]);
        if (!texts[i]->ptr)
            return false;
    }
    return true;
}

enum jc_code jc_terminal_enroll(struct jc_terminal *terminal, const struct jc_transport *transport,
                                const struct jc_terminal_invitation *invitation, struct jc_arena *arena,
                                struct jc_terminal_holder *out, struct jc_err *err) {
    struct enrolment enrolment = {.terminal = terminal, .invitation = invitation, .arena = jc_arena_new(ARENA_MAX)};
    if (!enrolment.arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_terminal_read(terminal, look, &enrolment, err);
    if (code == JC_OK)
        code = ask(&enrolment, transport, err);
    if (code == JC_OK)
        code = jc_terminal_write(terminal, keep, &enrolment, err);
    if (code == JC_OK && !copy_holder(arena, &enrolment.self.holder, out))
        code = jc_fail_memory(err);
    jc_sign_forget(enrolment.self.secret_key, sizeof enrolment.self.secret_key);
    jc_arena_free(enrolment.arena);
    return code;
}
