/* jiancha.v1.DeviceService: planners invite and revoke terminals; a terminal enrols itself. */
#include <string.h>

#include "auth/device.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/agency.h"
#include "store/change.h"
#include "store/registry.h"
#include "store/server_key.h"

enum jc_code jc_create_invitation_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__CreateInvitationRequest *request = (const Jc__CreateInvitationRequest *)call->request;
    struct jc_clock clock = jc_call_clock(call);
    struct jc_act act = {jc_caller_actor(&call->caller, call->arena), &clock};
    char text[JC_ONE_TIME_TEXT];
    int64_t expires_ms = 0;
    Jc__CreateInvitationResponse *response =
        JC_ANSWER(call, Jc__CreateInvitationResponse, jc__create_invitation_response);
    if (!act.actor.ptr || !response)
        return jc_fail_memory(err);
    enum jc_code code = jc_device_invite(tx, call->caller.agency_id, jc_str(request->inspector_id),
                                         request->valid_hours, act, call->arena, text, &expires_ms, err);
    if (code)
        return code;
    response->code = (char *)jc_arena_copy(call->arena, jc_str(text)).ptr;
    response->expires_at = jc_answer_time(call->arena, expires_ms);
    call->response = &response->base;
    return response->code && response->expires_at ? JC_OK : jc_fail_memory(err);
}

/* What a terminal shows of where it belongs. */
static enum jc_code fill_place(struct jc_tx *tx, struct jc_call *call, const struct jc_device *device,
                               Jc__EnrollResponse *response, struct jc_err *err) {
    Jc__Agency *agency = NULL;
    Jc__Inspector *inspector = NULL;
    enum jc_code code = jc_agency_get(tx, device->agency_id, call->arena, &agency, err);
    if (!code)
        code = jc_inspector_get(tx, device->agency_id, device->inspector_id, call->arena, &inspector, err);
    if (code)
        return code;
    response->agency_id = agency->agency_id;
    response->agency_name = agency->name;
    response->team_id = inspector->team_id;
    response->inspector_id = inspector->inspector_id;
    response->inspector_name = inspector->name;
    return JC_OK;
}

enum jc_code jc_enroll_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__EnrollRequest *request = (const Jc__EnrollRequest *)call->request;
    struct jc_clock clock = jc_call_clock(call);
    struct jc_enrolment enrolment = {
        .code = jc_str(request->code),
        .device_name = jc_str(request->device_name),
        .public_key = {(const char *)request->public_key.data, request->public_key.len},
        .app_version = jc_str(request->app_version),
    };
    struct jc_device device;
    char token[JC_TOKEN_TEXT];
    Jc__EnrollResponse *response = JC_ANSWER(call, Jc__EnrollResponse, jc__enroll_response);
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = jc_device_enroll(tx, &enrolment, &clock, call->arena, &device, token, err);
    if (!code)
        code = fill_place(tx, call, &device, response, err);
    if (!code)
        code = jc_server_key_list(tx, call->arena, &response->server_keys, &response->n_server_keys, err);
    if (code)
        return code;
    response->device_id = jc_answer_uuid(call->arena, device.device_id);
    response->token = (char *)jc_arena_copy(call->arena, jc_str(token)).ptr;
    call->response = &response->base;
    return response->device_id.data && response->token ? JC_OK : jc_fail_memory(err);
}

static Jc__Device *new_device(struct jc_call *call, const struct jc_device *row) {
    Jc__Device *device = JC_ANSWER(call, Jc__Device, jc__device);
    if (!device)
        return NULL;
    device->device_id = jc_answer_uuid(call->arena, row->device_id);
    device->name = (char *)row->name.ptr;
    device->inspector_id = (char *)row->inspector_id.ptr;
    device->team_id = (char *)row->team_id.ptr;
    device->enrolled_at = jc_answer_time(call->arena, row->enrolled_ms);
    device->last_seen_at = jc_answer_time(call->arena, row->last_seen_ms);
    device->revoked_at = jc_answer_time(call->arena, row->revoked_ms);
    device->app_version = (char *)row->app_version.ptr;
    device->unsent = (int32_t)row->unsent;
    device->clock_offset_ms = row->clock_offset_ms;
    bool complete = device->device_id.data && device->enrolled_at && (device->last_seen_at || row->last_seen_ms < 0) &&
                    (device->revoked_at || row->revoked_ms < 0);
    return complete ? device : NULL;
}

static Jc__SealState seal_state(const struct jc_device_state *state) {
    return state->seal_wrong ? JC__SEAL_STATE__SEAL_STATE_WRONG
           : state->seal_due ? JC__SEAL_STATE__SEAL_STATE_DUE
                             : JC__SEAL_STATE__SEAL_STATE_SEALED;
}

/* What the board shows besides the row. */
static enum jc_code add_state(struct jc_tx *tx, const struct jc_device *row, const struct jc_device_state *state,
                              Jc__Device *device, struct jc_err *err) {
    int64_t newest = 0;
    enum jc_code code = jc_change_newest(tx, row->agency_id, row->team_id, &newest, err);
    if (code)
        return code;
    device->report = (Jc__DeviceReport *)state->report;
    device->seal_state = seal_state(state);
    device->up_to_date = state->known_seq > 0 && state->known_seq >= newest;
    device->blobs_missing = (int32_t)state->blobs_missing;
    device->revoked_reason = (char *)state->revoked_reason.ptr;
    device->rebuild_requested = row->rebuild_requested;
    device->open_reviews = (int32_t)state->open_reviews;
    return JC_OK;
}

/* A team lead sees the own team's. */
enum jc_code jc_list_devices_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    struct jc_device *rows = NULL;
    struct jc_device_state *states = NULL;
    size_t count = 0;
    Jc__ListDevicesResponse *response = JC_ANSWER(call, Jc__ListDevicesResponse, jc__list_devices_response);
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = jc_device_list(tx, call->caller.agency_id, call->arena, &rows, &count, err);
    if (!code)
        code = jc_device_states(tx, call->caller.agency_id, call->arena, &states, &count, err);
    if (code)
        return code;
    response->devices = JC_NEW_ARRAY(call->arena, count, Jc__Device *);
    if (!response->devices)
        return jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++) {
        if (!jc_caller_sees_agency(&call->caller) && !jc_caller_sees_team(&call->caller, rows[i].team_id))
            continue;
        Jc__Device *device = new_device(call, &rows[i]);
        if (!device)
            return jc_fail_memory(err);
        code = add_state(tx, &rows[i], &states[i], device, err);
        response->devices[response->n_devices++] = device;
    }
    call->response = &response->base;
    return code;
}

/* --- acts of planners ------------------------------------------------------------------------------------ */

/* The device named by the request, and who acts. */
static enum jc_code begin_act(struct jc_call *call, ProtobufCBinaryData device_id, struct jc_clock *clock,
                              struct jc_act *act, struct jc_uuid *id, struct jc_err *err) {
    *clock = jc_call_clock(call);
    *act = (struct jc_act){jc_caller_actor(&call->caller, call->arena), clock};
    if (!act->actor.ptr || !call->response)
        return jc_fail_memory(err);
    if (device_id.len != JC_UUID_SIZE)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DEVICE_ID_INVALID);
    memcpy(id->bytes, device_id.data, JC_UUID_SIZE);
    return JC_OK;
}

enum jc_code jc_revoke_device_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__RevokeDeviceRequest *request = (const Jc__RevokeDeviceRequest *)call->request;
    struct jc_clock clock;
    struct jc_act act;
    struct jc_uuid id;
    call->response = (ProtobufCMessage *)JC_ANSWER(call, Jc__RevokeDeviceResponse, jc__revoke_device_response);
    enum jc_code code = begin_act(call, request->device_id, &clock, &act, &id, err);
    return code ? code : jc_device_revoke(tx, call->caller.agency_id, id, jc_str(request->reason), act, err);
}

enum jc_code jc_rename_device_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__RenameDeviceRequest *request = (const Jc__RenameDeviceRequest *)call->request;
    struct jc_clock clock;
    struct jc_act act;
    struct jc_uuid id;
    call->response = (ProtobufCMessage *)JC_ANSWER(call, Jc__RenameDeviceResponse, jc__rename_device_response);
    enum jc_code code = begin_act(call, request->device_id, &clock, &act, &id, err);
    return code ? code : jc_device_rename(tx, call->caller.agency_id, id, jc_str(request->name), act, err);
}

enum jc_code jc_request_rebuild_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__RequestRebuildRequest *request = (const Jc__RequestRebuildRequest *)call->request;
    struct jc_clock clock;
    struct jc_act act;
    struct jc_uuid id;
    call->response = (ProtobufCMessage *)JC_ANSWER(call, Jc__RequestRebuildResponse, jc__request_rebuild_response);
    enum jc_code code = begin_act(call, request->device_id, &clock, &act, &id, err);
    return code ? code : jc_device_rebuild(tx, call->caller.agency_id, id, act, err);
}

enum jc_code jc_trust_seal_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__TrustSealRequest *request = (const Jc__TrustSealRequest *)call->request;
    struct jc_clock clock;
    struct jc_act act;
    struct jc_uuid id;
    call->response = (ProtobufCMessage *)JC_ANSWER(call, Jc__TrustSealResponse, jc__trust_seal_response);
    enum jc_code code = begin_act(call, request->device_id, &clock, &act, &id, err);
    return code ? code : jc_device_trust_seal(tx, call->caller.agency_id, id, jc_str(request->reason), act, err);
}
