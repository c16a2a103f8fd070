/* Photos at the server of a simulation: the real desk for uploads (http/tus.h) over files of the server's disk.
 *
 * A request's bytes come in pieces, with time between them in which others ask for the same upload, the connection goes
 * or the machine dies. */
#ifndef JC_SIM_BLOBS_H
#define JC_SIM_BLOBS_H

#include "http/tus.h"
#include "jiancha/terminal.h"
#include "sim/sim_world.h"

struct sim_server;
struct sim_transfer;

struct sim_blobs {
    struct jc_blob_folder *folder; /* NULL: down */
    struct jc_holds *holds;
    struct jc_tus_desk desk;
    struct sim_transfer *transfers; /* in work, and those whose server died */
    int64_t begun, cut;             /* counts for the summary */
};

/* With the server's start; its disk may die of it. */
enum jc_code sim_blobs_open(struct sim_server *server, struct jc_err *err);
/* Whatever is in work breaks off. */
void sim_blobs_close(struct sim_server *server);
/* At the end of the world. */
void sim_blobs_free(struct sim_server *server);

struct sim_blob_request {
    const char *method, *path;
    struct jc_str token, headers; /* lines "Name: value\n" */
    struct jc_str body;
    bool cut; /* the connection goes behind these bytes: the server notices, some time, and answers nobody */
};
/* Called at most once; not if the server dies or the request was cut. `body` is valid during the call. */
typedef void sim_blob_answered(void *ctx, const struct jc_transport_reply *reply, struct jc_str body);
/* The strings are copied. */
void sim_blobs_call(struct sim_server *server, const struct sim_blob_request *request, sim_blob_answered *answered,
                    void *ctx);

/* What the server does every hour: blob/collect.h. */
void sim_blobs_collect(struct sim_server *server);

#endif
