/* The judge: what was promised to whom, and whether it holds.
 *
 *   I1  every operation that a verified receipt named is in the database after any crash, with the bytes and the
 *       result that were told; after a backup was taken back, once its terminal has been heard again
 *   I2  each operation counts once: a record an operation, a number a document, a visit done once
 *   I3  once faults have stopped, what each terminal holds is the listing of its scope, entity by entity
 *   I4  no terminal is stuck: then a sync succeeds within 20 tries, and nothing waits
 *   I5  the evidence chain verifies against every head that a receipt ever told; the audit chain, too; the
 *       database is whole
 *   I6  an operation that was applied is vouched for by a seal of its device
 *   I7  a document number is given once, by all terminals together
 *   I8  what a terminal stored is there after any crash of it
 *   I10 nothing of a revoked terminal is applied from its revocation on
 *   I9  when an operation was made, as the server reckons it where it can, is right whatever the terminal's clock says
 *   I11 a result once told stays, but for what a person decides
 *   I12 a photo that counts, or that a terminal was told had arrived, is on the server's disk with its hash after any
 *       crash; after a backup was taken back, once it has been sent again
 *   I13 half a photo is never seen
 *   I14 once faults have stopped no record misses a photo, no terminal has one to send, each has those it needs
 *   I15 what was left over has been collected */
#ifndef JC_SIM_CHECK_H
#define JC_SIM_CHECK_H

#include "base/id.h"
#include "sim/sim_terminal.h"
#include "store/operation.h"

struct sim_operation {
    struct jc_uuid id;
    int terminal;
    bool certain; /* the library said that it is stored */
    bool acknowledged;
    bool restored; /* a backup was taken back since: it may be missing until it has been offered again */
    int64_t status;
    int64_t made_ms; /* if certain: when, by the world's clock */
    uint8_t body_sha256[JC_SHA256_SIZE];
};

struct sim_number {
    int kind, year, number;
};

struct sim_revocation {
    uint8_t device_id[JC_UUID_SIZE];
    int64_t at_ms;
};

struct sim_promise { /* of a photo */
    uint8_t sha256[JC_SHA256_SIZE];
    bool restored; /* a backup was taken back since */
    bool there;    /* while it is looked at */
};

struct sim_judge {
    struct sim_world *world;
    struct sim_server *server;
    struct sim_operation *operations;
    size_t operation_count, operation_capacity;
    struct sim_number *numbers;
    size_t number_count, number_capacity;
    struct jc_chain_point *points;
    size_t point_count, point_capacity;
    struct sim_revocation *revocations;
    size_t revocation_count, revocation_capacity;
    struct sim_promise *promises;
    size_t promise_count;
};

void sim_judge_init(struct sim_judge *judge, struct sim_world *world, struct sim_server *server);
void sim_judge_free(struct sim_judge *judge);

/* A terminal's library said: stored. */
void sim_judge_made(struct sim_judge *judge, const struct sim_terminal *terminal, const struct jc_terminal_work *work);
/* A sync ended, somehow: its receipt's head counts from now on, unless a backup was taken back meanwhile; then what it
 * was told may be of the life that is lost. */
void sim_judge_synced(struct sim_judge *judge, const struct sim_terminal *terminal);
void sim_judge_revoked(struct sim_judge *judge, const uint8_t device_id[JC_UUID_SIZE]);
/* A backup was taken back: heads told since do not bind it. */
void sim_judge_restored(struct sim_judge *judge);

/* An error in English, with its detail; valid until the next call. */
const char *sim_words(const struct jc_err *err);

/* I7, I8, I11 for a terminal that is idle. */
void sim_check_terminal(struct sim_judge *judge, struct sim_terminal *terminal);
/* I1, I11 for what was acknowledged. */
void sim_check_server(struct sim_judge *judge);
/* I2, I5, I10: the whole database. */
void sim_check_database(struct sim_judge *judge);
/* I6 (sim_seal.c). */
void sim_check_seals(struct sim_judge *judge);
/* What a terminal was told of its photos; how many of them no receipt has named (sim_photo.c). */
int64_t sim_check_uploads(struct sim_judge *judge, const struct sim_terminal *terminal);
/* I12, I13. */
void sim_check_photos(struct sim_judge *judge);
/* I14 and, days later, I15. */
void sim_check_photos_complete(struct sim_judge *judge);
/* I3 for a terminal that has just synced. */
void sim_check_listing(struct sim_judge *judge, struct sim_terminal *terminal);

#endif
