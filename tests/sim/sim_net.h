/* The network between terminals and server: late, lost, twice, out of order, cut at any byte. */
#ifndef JC_SIM_NET_H
#define JC_SIM_NET_H

#include "jiancha/terminal.h"
#include "sim/sim_server.h"

struct sim_terminal;
struct sim_message;

struct sim_net {
    struct sim_world *world;
    struct sim_server *server;
    struct sim_message *messages; /* on their way, or never to be answered */
    bool faulty;
    int64_t sent, lost, repeated, cut; /* counts for the summary */
};

void sim_net_init(struct sim_net *net, struct sim_world *world, struct sim_server *server);
void sim_net_free(struct sim_net *net);
/* jc_transport.call of a terminal; `ctx` is the terminal, whose thread it is. */
enum jc_code sim_net_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                          struct jc_err *err);
/* jc_transport.exchange: photos. */
enum jc_code sim_net_exchange(void *ctx, const struct jc_transport_exchange *exchange, struct jc_transport_reply *out,
                              struct jc_err *err);

#endif
