/* What can be known about the operations of a request without a database: their bytes, hashes, bodies,
 * and how they are chained and sealed.
 *
 * It is worked out before the write job, on whatever thread has time, so that the writer is left with
 * rows. Pure: the same request gives the same result. The job reads it and may run twice. */
#ifndef JC_SYNC_PREPARE_H
#define JC_SYNC_PREPARE_H

#include "base/evidence.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "store/verdict.h"

enum {
    JC_SYNC_OPERATIONS_MAX = 200,
    JC_SYNC_BODY_MAX = 512 << 10, /* bytes of one operation's body */
};

/* Whether a signature or seal holds. */
enum jc_voucher {
    JC_VOUCHER_NONE,    /* there is none */
    JC_VOUCHER_UNKNOWN, /* not looked at: the device's key is not known, or it has none */
    JC_VOUCHER_HOLDS,
    JC_VOUCHER_WRONG,
};

/* One operation of the request. All is the arena's, or a view of the request. */
struct jc_sync_operation {
    const Jc__Operation *wire;
    bool named; /* its id is 16 bytes; if not, only `wire` is of use */
    struct jc_uuid id;
    struct jc_str body; /* as sent, or a JSON client's plain body serialised */
    uint8_t body_sha256[JC_SHA256_SIZE];
    struct jc_str depends_on; /* one after another */

    bool decoded; /* the two below say what the body is; if not, the job decodes it (jc_sync_decode) */
    const Jc__OperationBody *message; /* NULL: not to be read, for this reason: */
    enum jc_ground ground;
    struct jc_str ground_arg;

    bool chained; /* the two below are known */
    uint8_t previous[JC_SHA256_SIZE], link[JC_SHA256_SIZE];
    int sealed_by;             /* index of the operation whose seal covers this one; -1: none */
    enum jc_voucher signature; /* its own, over the body */
    enum jc_voucher seal;      /* its own, over the link */
};

struct jc_sync_prepared {
    const Jc__SyncRequest *request;
    struct jc_sync_operation *operations; /* as many as the request has */

    bool vouched;   /* the device's key is known, signatures and seals have been looked at */
    bool postponed; /* the key is known; its seals held a moment ago, so these may wait (sync/seal.h) */
    bool must_sign; /* it has a key, this one: */
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
};

/* Looks at every operation. `request` has been checked as UTF-8 text (jc_message_unpack), the bodies of
 * its operations have not. Small bodies are unpacked here; large ones, or very many, are left to the
 * job, one after another, so that a request needs little more memory than its own size.
 * JC_INVALID_ARGUMENT for more than JC_SYNC_OPERATIONS_MAX operations; JC_RESOURCE_EXHAUSTED. */
enum jc_code jc_sync_prepare(const Jc__SyncRequest *request, struct jc_arena *arena, struct jc_sync_prepared **out,
                             struct jc_err *err);
/* Unpacks a body into `arena`: the message, or NULL and the ground why not. Fails for want of memory
 * alone. */
enum jc_code jc_sync_decode(struct jc_str body, struct jc_arena *arena, const Jc__OperationBody **out,
                            enum jc_ground *ground, struct jc_str *ground_arg, struct jc_err *err);
/* Verifies every signature and seal with the device's key; an empty one (or one of a wrong size) means
 * that the device has none and need not sign. Does nothing the second time. Cost: one Ed25519
 * verification for each, some 80 us. */
void jc_sync_vouch(struct jc_sync_prepared *prepared, struct jc_str public_key);
/* Whether the operations are one chain without a hole, with nothing but the seal at its end to verify. */
bool jc_sync_is_sealed_whole(const struct jc_sync_prepared *prepared);
/* Whether the last operation is covered by a seal that has been verified and holds. */
bool jc_sync_seal_holds(const struct jc_sync_prepared *prepared);
/* Whether a seal or signature does not hold. */
bool jc_sync_any_wrong(const struct jc_sync_prepared *prepared);

#endif
