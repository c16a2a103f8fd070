/* A message lives until its caller knows the outcome and nothing of it is on its way. One whose server died is
 * never answered; it goes with the network. */
#include "sim/sim_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/sim_terminal.h"

enum { TIMEOUT_MS = 30000, LATE_MS = 60000 };

struct sim_message {
    struct sim_message *next;
    struct sim_net *net;
    struct sim_terminal *terminal;
    char method[8];     /* of a request for a photo; "": a call */
    char procedure[96]; /* or path */
    struct jc_buf token, headers, request, body;
    struct jc_transport_reply reply; /* of a request for a photo */
    int on_way;                      /* copies, answers and the timeout that will still come */
    bool settled, left;              /* the outcome is known; the caller has taken it */
    bool told_unreachable;
    enum jc_code outcome;
};

struct delivery {
    struct sim_message *message;
    struct jc_buf body;
    struct jc_transport_reply reply;
    bool cut;
};

void sim_net_init(struct sim_net *net, struct sim_world *world, struct sim_server *server) {
    *net = (struct sim_net){.world = world, .server = server, .faulty = world->faults & SIM_NETWORK};
}

static void free_message(struct sim_message *message) {
    jc_buf_free(&message->token);
    jc_buf_free(&message->headers);
    jc_buf_free(&message->request);
    jc_buf_free(&message->body);
    free(message);
}

void sim_net_free(struct sim_net *net) {
    while (net->messages) {
        struct sim_message *message = net->messages;
        net->messages = message->next;
        free_message(message);
    }
}

static void drop_if_over(struct sim_message *message) {
    if (message->on_way > 0 || !message->left)
        return;
    struct sim_message **link = &message->net->messages;
    while (*link != message)
        link = &(*link)->next;
    *link = message->next;
    free_message(message);
}

/* The caller hears of it, if it still listens. */
static void settle(struct sim_message *message, enum jc_code outcome) {
    if (message->settled)
        return;
    message->settled = true;
    message->outcome = outcome;
    sim_terminal_wake(message->terminal);
}

static void over(struct sim_message *message) {
    message->on_way--;
    drop_if_over(message);
}

/* --- back ------------------------------------------------------------------------------------------------------- */

static void deliver(void *ctx) {
    struct delivery *delivery = ctx;
    struct sim_message *message = delivery->message;
    if (!message->settled) {
        jc_buf_add(&message->body, jc_buf_str(&delivery->body));
        message->reply = delivery->reply;
        settle(message, delivery->cut ? JC_UNAVAILABLE : JC_OK);
    }
    jc_buf_free(&delivery->body);
    free(delivery);
    over(message);
}

static int64_t delay_of(struct sim_net *net) {
    struct sim_random *random = &net->world->network;
    if (net->faulty && sim_chance(random, 30))
        return sim_below(random, LATE_MS);
    return 5 + sim_below(random, 120);
}

static void answered_blob(void *ctx, const struct jc_transport_reply *reply, struct jc_str body) {
    struct sim_message *message = ctx;
    struct sim_net *net = message->net;
    struct sim_random *random = &net->world->network;
    if (net->faulty && sim_chance(random, 60)) { /* the answer is lost */
        net->lost++;
        over(message);
        return;
    }
    struct delivery *delivery = sim_alloc(NULL, sizeof *delivery);
    *delivery = (struct delivery){.message = message, .reply = *reply};
    jc_buf_init(&delivery->body, 64 << 20);
    if (net->faulty && sim_chance(random, 60)) {
        delivery->cut = true;
        net->cut++;
        body.len = (size_t)sim_below(random, (int64_t)body.len + 1);
    }
    jc_buf_add(&delivery->body, body);
    sim_after(net->world, delay_of(net), deliver, delivery);
}

static void answered(void *ctx, int status, struct jc_str body) {
    struct jc_transport_reply reply = {.status = status};
    answered_blob(ctx, &reply, body);
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static void ask_for_blob(struct sim_message *message, struct jc_str body, bool cut) {
    const struct sim_blob_request request = {.method = message->method,
                                             .path = message->procedure,
                                             .token = jc_buf_str(&message->token),
                                             .headers = jc_buf_str(&message->headers),
                                             .body = body,
                                             .cut = cut};
    sim_blobs_call(message->net->server, &request, answered_blob, message);
}

static void arrive(void *ctx) {
    struct sim_message *message = ctx;
    struct sim_net *net = message->net;
    if (!net->server->db) {
        settle(message, JC_UNAVAILABLE);
        over(message);
        return;
    }
    if (*message->method)
        ask_for_blob(message, jc_buf_str(&message->request), false);
    else
        sim_server_call(net->server, message->procedure, jc_buf_str(&message->token), jc_buf_str(&message->request),
                        answered, message);
}

static void time_out(void *ctx) {
    struct sim_message *message = ctx;
    settle(message, JC_DEADLINE_EXCEEDED);
    over(message);
}

/* Half a call does nothing; of a photo the bytes count that arrived. */
static void cut_off(void *ctx) {
    struct sim_message *message = ctx;
    struct jc_str body = jc_buf_str(&message->request);
    body.len = (size_t)sim_below(&message->net->world->network, (int64_t)body.len + 1);
    if (*message->method && body.len && message->net->server->db)
        ask_for_blob(message, body, true);
    settle(message, JC_UNAVAILABLE);
    over(message);
}

static struct sim_message *make_message(struct sim_terminal *terminal, const char *procedure, struct jc_str token) {
    struct sim_net *net = terminal->net;
    struct sim_message *message = sim_alloc(NULL, sizeof *message);
    *message = (struct sim_message){.next = net->messages, .net = net, .terminal = terminal};
    struct jc_buf *parts[] = {&message->token, &message->headers, &message->request, &message->body};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        jc_buf_init(parts[i], 64 << 20);
    snprintf(message->procedure, sizeof message->procedure, "%s", procedure);
    jc_buf_add(&message->token, token);
    net->messages = message;
    return message;
}

static void plan(struct sim_message *message, int64_t delay_ms, void (*run)(void *ctx)) {
    message->on_way++;
    sim_after(message->net->world, delay_ms, run, message);
}

static void send(struct sim_message *message) {
    struct sim_net *net = message->net;
    struct sim_random *random = &net->world->network;
    plan(message, TIMEOUT_MS, time_out);
    net->sent++;
    if (net->faulty && sim_chance(random, 60)) { /* lost on the way: only the timeout comes */
        net->lost++;
        return;
    }
    if (net->faulty && sim_chance(random, *message->method ? 200 : 40)) { /* cut in the middle */
        net->cut++;
        plan(message, delay_of(net), cut_off);
        return;
    }
    plan(message, delay_of(net), arrive);
    if (net->faulty && sim_chance(random, 60)) { /* a proxy sends it once more */
        net->repeated++;
        plan(message, sim_below(random, LATE_MS), arrive);
    }
}

/* Sends and waits for what comes of it. */
static enum jc_code wait_for(struct sim_message *message) {
    struct sim_terminal *terminal = message->terminal;
    send(message);
    while (!message->settled && !terminal->disk.dead)
        sim_terminal_wait(terminal);
    enum jc_code code = message->settled ? message->outcome : JC_UNAVAILABLE;
    sim_tell(terminal->world, "T%d %s %s %s status %d, %zu bytes", terminal->index, message->method,
             *message->method ? message->procedure : message->procedure + 12, jc_code_name(code), message->reply.status,
             message->body.len);
    return code;
}

static void leave(struct sim_message *message) {
    message->settled = message->left = true;
    drop_if_over(message);
}

static bool reaches(const struct sim_terminal *terminal) {
    return !terminal->disk.dead && !terminal->offline;
}

enum jc_code sim_net_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                          struct jc_err *err) {
    struct sim_terminal *terminal = ctx;
    if (!reaches(terminal))
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_UNREACHABLE, JC_STR("sim"));
    struct sim_message *message = make_message(terminal, call->procedure, call->token);
    jc_buf_add(&message->request, call->request);
    enum jc_code code = wait_for(message);
    *status = message->reply.status;
    jc_buf_add(body, jc_buf_str(&message->body));
    leave(message);
    return code == JC_OK ? JC_OK : jc_fail(err, code, JC_MSG_TERM_CUT, JC_STR("sim"));
}

/* --- photos -------------------------------------------------------------------------------------------------------- */

/* The part of the file that is sent; false if the file has become shorter. */
static bool take_body(const struct jc_transport_exchange *exchange, struct jc_buf *body) {
    char byte;
    for (int64_t i = 0; exchange->fd >= 0 && i < exchange->bytes; i++) {
        if (pread(exchange->fd, &byte, 1, exchange->offset + i) != 1)
            return false;
        jc_buf_append(body, &byte, 1);
    }
    return true;
}

/* What came of the answer's body, before a cut too. */
static bool save_body(const struct jc_transport_exchange *exchange, const struct sim_message *message) {
    struct jc_str body = jc_buf_str(&message->body);
    if (!exchange->save_fd || (message->reply.status != 200 && message->reply.status != 206))
        return true;
    if ((int64_t)body.len > exchange->bytes)
        return false;
    for (size_t done = 0; done < body.len;) {
        ssize_t written =
            pwrite(*exchange->save_fd, body.ptr + done, body.len - done, exchange->offset + (int64_t)done);
        if (written <= 0)
            return false;
        done += (size_t)written;
    }
    return true;
}

enum jc_code sim_net_exchange(void *ctx, const struct jc_transport_exchange *exchange, struct jc_transport_reply *out,
                              struct jc_err *err) {
    struct sim_terminal *terminal = ctx;
    *out = (struct jc_transport_reply){.upload_offset = -1};
    if (!reaches(terminal))
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_UNREACHABLE, JC_STR("sim"));
    struct sim_message *message = make_message(terminal, exchange->path, exchange->token);
    snprintf(message->method, sizeof message->method, "%s", exchange->method);
    for (const char *const *line = exchange->headers; *line; line++) {
        jc_buf_add(&message->headers, jc_str(*line));
        jc_buf_append(&message->headers, "\n", 1);
    }
    enum jc_code code = take_body(exchange, &message->request) ? wait_for(message) : JC_UNAVAILABLE;
    if (!save_body(exchange, message))
        code = JC_UNAVAILABLE;
    if (code == JC_OK)
        *out = message->reply;
    if (code != JC_OK && terminal->world->bug == SIM_BUG_PHOTO_UNHEARD && exchange->fd >= 0) {
        *out = (struct jc_transport_reply){.status = 204, .upload_offset = exchange->offset + exchange->bytes};
        code = JC_OK;
    }
    leave(message);
    return code == JC_OK ? JC_OK : jc_fail(err, code, JC_MSG_TERM_CUT, JC_STR("sim"));
}
