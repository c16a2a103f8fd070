/* The table of procedures: where each is found, who may call it, how it runs.
 *
 * A procedure is a pure function of (transaction, call): the same function serves HTTP, tests and the
 * simulator. The layer above finds it by path, decodes the request, and runs it by its kind:
 *
 *   READ      jc_rpc_run in one snapshot
 *   WRITE     jc_rpc_prepare without a transaction, jc_rpc_run in a job of the writer; if that left
 *             call->more, jc_rpc_after in a snapshot taken once the job is durable
 *   PASSWORD  jc_rpc_look in a snapshot, jc_rpc_work without a transaction (Argon2id, a tenth of a
 *             second), then jc_rpc_run in a job of the writer
 *
 * Authentication, permission and the work itself share one transaction. Foreign agencies need no
 * check of their own: every query names the caller's agency, so what belongs to another is not found. */
#ifndef JC_RPC_PROCEDURE_H
#define JC_RPC_PROCEDURE_H

#include <protobuf-c/protobuf-c.h>

#include "auth/caller.h"
#include "db/db.h"

enum jc_procedure_kind { JC_PROCEDURE_READ, JC_PROCEDURE_WRITE, JC_PROCEDURE_PASSWORD };

/* Who may call: roles of people as JC_ROLE(), and devices. */
enum {
    JC_CALLS_DEVICE = 1 << 16,
    JC_CALLS_WITHOUT_TOKEN = 1 << 17,
};

struct jc_procedure;
struct jc_sealer;
struct jc_receipt_draft;

/* One call. The layer above fills the first part and keeps it until the call is answered. */
struct jc_call {
    const struct jc_procedure *procedure;
    struct jc_arena *arena; /* owns everything the call makes */
    int64_t now_ms;         /* the moment of arrival; the only clock a procedure sees */
    struct jc_str token;    /* of `Authorization: Bearer`; empty: none */
    const ProtobufCMessage *request;
    struct jc_sealer *sealer; /* keys of devices that were here before; NULL: none are remembered */
    bool signs;               /* the layer above completes `receipt` once the job is durable; if not, run signs it */
    bool splits;              /* the layer above calls jc_rpc_after; if not, run answers whole */

    struct jc_caller caller;    /* by the authentication of the running step */
    ProtobufCMessage *response; /* by run; the arena's */
    void *work;                 /* what look, work or prepare leave for run; the arena's */
    bool hashed;                /* prepare has hashed the token: */
    uint8_t token_hash[JC_SHA256_SIZE];
    struct jc_receipt_draft *receipt; /* of the response, if it has one to sign (sync/receipt.h) */
    bool more;                        /* run left a part of the answer to jc_rpc_after */
};

typedef enum jc_code jc_procedure_step(struct jc_tx *tx, struct jc_call *call, struct jc_err *err);

struct jc_procedure {
    const ProtobufCServiceDescriptor *service;
    const char *method;
    enum jc_procedure_kind kind;
    uint32_t callers;            /* set of JC_ROLE() and JC_CALLS_… */
    bool before_password_change; /* open to a person who still has the one-time password */
    bool guessable;              /* failures are counted against the address: a password could be guessed */
    jc_procedure_step *run;
    jc_procedure_step *look;                                           /* PASSWORD alone */
    enum jc_code (*work)(struct jc_call *call, struct jc_err *err);    /* PASSWORD alone */
    enum jc_code (*prepare)(struct jc_call *call, struct jc_err *err); /* WRITE alone; NULL: nothing to prepare */
    jc_procedure_step *after;                                          /* WRITE alone; of those that set call->more */
};

/* The procedure of "/jiancha.v1.TaskService/ListTasks", or NULL. */
const struct jc_procedure *jc_procedure_find(struct jc_str path);
/* All of them. */
const struct jc_procedure *jc_procedure_table(size_t *count);

const ProtobufCMessageDescriptor *jc_procedure_request(const struct jc_procedure *procedure);
const ProtobufCMessageDescriptor *jc_procedure_response(const struct jc_procedure *procedure);

/* Authenticates, checks permission, runs. JC_UNAUTHENTICATED, JC_PERMISSION_DENIED, or the
 * procedure's own failures. call->response is set on JC_OK. */
enum jc_code jc_rpc_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err);
enum jc_code jc_rpc_look(struct jc_tx *tx, struct jc_call *call, struct jc_err *err);
enum jc_code jc_rpc_work(struct jc_call *call, struct jc_err *err);
/* What can be done before the job: hashing, unpacking, signatures. May be left out, the job then does it
 * itself. Nobody is authenticated yet. */
enum jc_code jc_rpc_prepare(struct jc_call *call, struct jc_err *err);
/* Adds to call->response what the job left out. The caller is the one the job authenticated. */
enum jc_code jc_rpc_after(struct jc_tx *tx, struct jc_call *call, struct jc_err *err);

/* The clock that stands at call->now_ms. */
struct jc_clock jc_call_clock(const struct jc_call *call);

#endif
