/* The server of a simulation: the real database, authentication, procedures and sync core, without sockets.
 *
 * Requests of one moment gather and are committed together a few ms later; answers leave after the commit, with
 * receipts signed as the real server does. When its disk dies in the middle of anything nobody hears anything
 * more, and it starts anew a while later from what the disk has kept. */
#ifndef JC_SIM_SERVER_H
#define JC_SIM_SERVER_H

#include "base/arena.h"
#include "db/db.h"
#include "rpc/procedure.h"
#include "sim/sim_blobs.h"
#include "sim/sim_vfs.h"
#include "sync/receipt.h"

enum { SIM_AGENCY = 1, SIM_TEAMS = 3, SIM_INSPECTORS = 9, SIM_UNITS = 24, SIM_MONTHS = 3 };

/* Called once per request, unless the server dies first. `body` is valid during the call. */
typedef void sim_answered(void *ctx, int status, struct jc_str body);

struct sim_call;

struct sim_server {
    struct sim_world *world;
    struct sim_disk disk;
    struct sim_disk backup; /* as of the last backup; no file: none */
    bool has_backup;
    struct jc_db *db; /* NULL: down */
    struct jc_sealer *sealer;
    struct jc_receipt_batch *receipts;
    struct sim_blobs blobs;
    struct sim_call *calls; /* in work, in order of arrival */
    struct sim_call *ready; /* of the running commit */
    bool pumping_planned;
    int lives;                  /* starts so far */
    int restores;               /* backups taken back */
    void (*started)(void *ctx); /* after every start but the first */
    void *started_ctx;
    int64_t told_first, told_last; /* SIM_BUG_NUMBER_TWICE */
    bool repeats;                  /* SIM_BUG_OTHER_RESULT: the call of this moment does */
};

/* Makes database and bureau, and starts. The bureau: teams t1 … t3, inspectors i1 … i9, three in each team, units
 * u01 … u24, an approved plan with a visit to each in the months 1 to 3, some joined by another team. */
void sim_server_init(struct sim_server *server, struct sim_world *world);
void sim_server_free(struct sim_server *server);

/* Takes a request; the strings are copied. */
void sim_server_call(struct sim_server *server, const char *procedure, struct jc_str token, struct jc_str request,
                     sim_answered *answered, void *ctx);
/* A write of somebody who sits beside the server (the CLI). The server may die of it: JC_UNAVAILABLE. */
enum jc_code sim_server_write(struct sim_server *server, jc_job *job, void *ctx, struct jc_err *err);
enum jc_code sim_server_read(struct sim_server *server, jc_job *job, void *ctx, struct jc_err *err);
/* False if it has just died of a write; it will start again. */
bool sim_server_survived(struct sim_server *server);
/* Pulls the plug (or kills the program) and starts again `down_ms` later. */
void sim_server_crash(struct sim_server *server, bool power, int64_t down_ms);
/* Stops in order, and starts at once: the log flows into the file. */
void sim_server_restart(struct sim_server *server);
/* Keeps a copy of the database; sim_server_restore() begins a new life of the database from it. */
void sim_server_backup(struct sim_server *server);
void sim_server_restore(struct sim_server *server);

#endif
