/* Connect (connectrpc.com/docs/protocol): 200 carries the message, anything else {"code","message"} as
 * JSON. What stands between (a proxy, a captive portal) answers HTML or nothing, so a body that is not
 * Connect's JSON is judged by its HTTP status as the protocol says. */
#include "terminal/call.h"

#include <jansson.h>
#include <string.h>

/* Connect's map from HTTP status to code, for answers without a code of their own. */
static enum jc_code code_of_status(int status) {
    switch (status) {
    case 400:
        return JC_INTERNAL;
    case 401:
        return JC_UNAUTHENTICATED;
    case 403:
        return JC_PERMISSION_DENIED;
    case 404:
        return JC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return JC_UNAVAILABLE;
    default:
        return JC_UNKNOWN;
    }
}

/* JC_OK if it is none of Connect's names. */
static enum jc_code code_of_name(const char *name) {
    for (int code = JC_CANCELLED; name && code <= JC_UNAUTHENTICATED; code++) {
        if (strcmp(name, jc_code_name((enum jc_code)code)) == 0)
            return (enum jc_code)code;
    }
    return JC_OK;
}

static enum jc_code fail_with_answer(struct jc_terminal_call *call, int status, struct jc_str body,
                                     struct jc_err *err) {
    json_t *json = body.len ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(json, "message"));
    enum jc_code code = code_of_name(json_string_value(json_object_get(json, "code")));
    char number[JC_NUMBER_TEXT];
    call->refused = code != JC_OK || status == 400 || status == 413 || status == 500;
    if (code == JC_OK)
        jc_fail(err, code_of_status(status), JC_MSG_TERM_ANSWER_STATUS, jc_str_from_int64(status, number));
    else if (code == JC_UNAUTHENTICATED)
        jc_fail(err, code, JC_MSG_TERM_UNAUTHENTICATED, jc_str(message ? message : ""));
    else
        jc_fail(err, code, JC_MSG_TERM_SERVER_REFUSED, jc_str(message && *message ? message : jc_code_name(code)));
    jc_err_detail(err, "%s answered status %d, code %s", call->procedure, status, jc_code_name(err->code));
    json_decref(json);
    return err->code;
}

enum jc_code jc_terminal_call(const struct jc_transport *transport, struct jc_terminal_call *call,
                              struct jc_arena *arena, struct jc_err *err) {
    struct jc_transport_call out = {call->procedure, call->token, call->request};
    struct jc_buf body;
    int status = 0;
    call->answer = NULL;
    call->refused = call->cut = false;
    jc_buf_init(&body, JC_TERMINAL_ANSWER_MAX);
    enum jc_code code = transport->call(transport->ctx, &out, &status, &body, err);
    call->cut = code == JC_DEADLINE_EXCEEDED || code == JC_RESOURCE_EXHAUSTED ||
                (code == JC_UNAVAILABLE && err->what != JC_MSG_TERM_UNREACHABLE);
    if (code == JC_OK && body.failed)
        code = jc_fail_memory(err);
    else if (code == JC_OK && status != 200)
        code = fail_with_answer(call, status, jc_buf_str(&body), err);
    else if (code == JC_OK)
        code = jc_terminal_unpack(call->type, jc_buf_str(&body), arena, &call->answer, err);
    jc_buf_free(&body);
    return code;
}
