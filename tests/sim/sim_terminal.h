/* A terminal of a simulation: the real library on a disk and clocks of its own.
 *
 * What talks to the server runs on a thread of the terminal's, which only ever runs while everything else
 * waits: at each call it hands over and is woken when the answer, the cut or the timeout is there. */
#ifndef JC_SIM_TERMINAL_H
#define JC_SIM_TERMINAL_H

#include <pthread.h>
#include <semaphore.h>

#include "sim/sim_net.h"

enum { SIM_CODE = 64 };

struct sim_terminal {
    struct sim_world *world;
    struct sim_net *net;
    int index; /* from 1 */
    struct sim_disk disk;
    char path[2 * SIM_NAME];
    struct jc_terminal *store; /* NULL: switched off */
    struct jc_transport transport;
    struct jc_arena *arena; /* of the action that runs */
    pthread_t thread;
    sem_t go, back;
    bool busy, quits;
    void (*action)(struct sim_terminal *terminal); /* on its thread */
    enum jc_code result;                           /* of the action */
    struct jc_err err;
    struct jc_terminal_sync_result synced;
    struct jc_terminal_checked checked;
    struct jc_terminal_upload_result uploaded;
    struct jc_terminal_fetched fetched;
    int era;          /* backups that the server had taken back when the action began */
    bool offline;     /* out of reach */
    bool enrolled;    /* for the last code */
    int64_t wrong_ms; /* the wall clock's error */
    int64_t drift_ppm;
    int64_t booted_ms; /* the steady clock began */
    struct jc_uuid boot_id;
    char inspector_id[8];                                       /* who holds it */
    char partner_id[8];                                         /* who shares it; empty: nobody */
    char code[SIM_CODE];                                        /* of the invitation not yet used; empty: none */
    bool again;                                                 /* the invitation is for a store that is enrolled */
    void (*finished)(struct sim_terminal *terminal, void *ctx); /* after each action, and each start: it is idle */
    void *ctx;
};

void sim_terminal_init(struct sim_terminal *terminal, struct sim_world *world, struct sim_net *net, int index);
void sim_terminal_free(struct sim_terminal *terminal);
/* Whether something can be done with it now. */
bool sim_terminal_is_idle(const struct sim_terminal *terminal);
/* Begins an action, which goes on as time does. The terminal is idle. */
void sim_terminal_start(struct sim_terminal *terminal, void (*action)(struct sim_terminal *terminal));
/* Work on the spot. After it: false, and switched off, if the terminal died of it. */
bool sim_terminal_survived(struct sim_terminal *terminal);
/* Battery empty (power) or program killed; on again after a while. */
void sim_terminal_crash(struct sim_terminal *terminal, bool power);
int64_t sim_terminal_now(const struct sim_terminal *terminal);

/* Actions. */
void sim_terminal_enrol(struct sim_terminal *terminal);
void sim_terminal_sync(struct sim_terminal *terminal);
void sim_terminal_upload(struct sim_terminal *terminal);
void sim_terminal_fetch(struct sim_terminal *terminal);
void sim_terminal_photos(struct sim_terminal *terminal); /* both, as behind a sync */
void sim_terminal_check(struct sim_terminal *terminal);  /* against the server's digests: terminal->checked */

/* For the network: from the terminal's thread, and from the world's. */
void sim_terminal_wait(struct sim_terminal *terminal);
void sim_terminal_wake(struct sim_terminal *terminal);

#endif
