/* A message lives until its caller knows the outcome and nothing of it is on its way. One whose server died is
 * never answered; it goes with the network. */
#include "sim/sim_net.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_terminal.h"

enum { TIMEOUT_MS = 30000, LATE_MS = 60000 };

struct sim_message {
    struct sim_message *next;
    struct sim_net *net;
    struct sim_terminal *terminal;
    char procedure[64];
    struct jc_buf token, request, body;
    int on_way;         /* copies, answers and the timeout that will still come */
    bool settled, left; /* the outcome is known; the caller has taken it */
    bool told_unreachable;
    enum jc_code outcome;
    int status;
};

struct delivery {
    struct sim_message *message;
    struct jc_buf body;
    int status;
    bool cut;
};

void sim_net_init(struct sim_net *net, struct sim_world *world, struct sim_server *server) {
    *net = (struct sim_net){.world = world, .server = server, .faulty = world->faults & SIM_NETWORK};
}

static void free_message(struct sim_message *message) {
    jc_buf_free(&message->token);
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
        message->status = delivery->status;
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

static void answered(void *ctx, int status, struct jc_str body) {
    struct sim_message *message = ctx;
    struct sim_net *net = message->net;
    struct sim_random *random = &net->world->network;
    if (net->faulty && sim_chance(random, 60)) { /* the answer is lost */
        net->lost++;
        over(message);
        return;
    }
    struct delivery *delivery = sim_alloc(NULL, sizeof *delivery);
    *delivery = (struct delivery){.message = message, .status = status};
    jc_buf_init(&delivery->body, 64 << 20);
    if (net->faulty && sim_chance(random, 60)) {
        delivery->cut = true;
        net->cut++;
        body.len = (size_t)sim_below(random, (int64_t)body.len + 1);
    }
    jc_buf_add(&delivery->body, body);
    sim_after(net->world, delay_of(net), deliver, delivery);
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static void arrive(void *ctx) {
    struct sim_message *message = ctx;
    struct sim_net *net = message->net;
    if (!net->server->db) {
        settle(message, JC_UNAVAILABLE);
        over(message);
        return;
    }
    sim_server_call(net->server, message->procedure, jc_buf_str(&message->token), jc_buf_str(&message->request),
                    answered, message);
}

static void time_out(void *ctx) {
    struct sim_message *message = ctx;
    settle(message, JC_DEADLINE_EXCEEDED);
    over(message);
}

static void cut_off(void *ctx) {
    struct sim_message *message = ctx;
    settle(message, JC_UNAVAILABLE);
    over(message);
}

static struct sim_message *make_message(struct sim_terminal *terminal, const struct jc_transport_call *call) {
    struct sim_net *net = terminal->net;
    struct sim_message *message = sim_alloc(NULL, sizeof *message);
    *message = (struct sim_message){.next = net->messages, .net = net, .terminal = terminal};
    struct jc_buf *parts[] = {&message->token, &message->request, &message->body};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        jc_buf_init(parts[i], 64 << 20);
    size_t len = strlen(call->procedure);
    memcpy(message->procedure, call->procedure, len < sizeof message->procedure ? len + 1 : 0);
    jc_buf_add(&message->token, call->token);
    jc_buf_add(&message->request, call->request);
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
    if (net->faulty && sim_chance(random, 40)) { /* cut in the middle: no server acts on half a request */
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

enum jc_code sim_net_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                          struct jc_err *err) {
    struct sim_terminal *terminal = ctx;
    if (terminal->disk.dead || terminal->offline)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_UNREACHABLE, JC_STR("sim"));
    struct sim_message *message = make_message(terminal, call);
    send(message);
    while (!message->settled && !terminal->disk.dead)
        sim_terminal_wait(terminal);
    enum jc_code code = message->settled ? message->outcome : JC_UNAVAILABLE;
    *status = message->status;
    jc_buf_add(body, jc_buf_str(&message->body));
    message->settled = message->left = true;
    sim_tell(terminal->world, "T%d %s %s status %d, %zu bytes", terminal->index, message->procedure + 12,
             jc_code_name(code), *status, body->len);
    drop_if_over(message);
    return code == JC_OK ? JC_OK : jc_fail(err, code, JC_MSG_TERM_CUT, JC_STR("sim"));
}
