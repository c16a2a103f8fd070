/* Who asks: the person or the device behind a bearer token, as the database says now.
 *
 * Authentication happens in the transaction that serves the request and nothing is cached, so a
 * revocation by another process holds at once (DESIGN section 2). */
#ifndef JC_AUTH_CALLER_H
#define JC_AUTH_CALLER_H

#include "base/id.h"
#include "store/device.h"
#include "store/person.h"

enum jc_caller_kind { JC_CALLER_NOBODY, JC_CALLER_PERSON, JC_CALLER_DEVICE };

struct jc_caller {
    enum jc_caller_kind kind;
    int64_t agency_id;
    uint32_t roles;               /* a device has the role of an inspector alone */
    struct jc_str login;          /* of a person */
    struct jc_str name;           /* of the person, or the device's */
    struct jc_uuid device_id;     /* of a device */
    struct jc_str inspector_id;   /* holder of the device; a person's may be empty */
    struct jc_str team_id;        /* empty: the whole agency */
    int64_t scope_version;        /* of a device */
    int64_t blocks_version;       /* of a device: of its document numbers */
    struct jc_device_chain chain; /* of a device */
    bool rebuild;                 /* of a device: somebody asked for a new listing */
    bool must_change_password;
    uint8_t token_hash[JC_SHA256_SIZE];
};

/* JC_UNAUTHENTICATED, saying which: no token, an unknown one, an expired session, a disabled person,
 * a revoked device. Strings are the arena's. */
enum jc_code jc_caller_authenticate(struct jc_tx *tx, struct jc_str token, int64_t now_ms, struct jc_arena *arena,
                                    struct jc_caller *out, struct jc_err *err);
/* The same by the token's hash, for who has hashed it already. */
enum jc_code jc_caller_of_hash(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                               struct jc_arena *arena, struct jc_caller *out, struct jc_err *err);

/* Planners, supervisors and admins see the whole agency; inspectors and team leads their team. */
bool jc_caller_sees_agency(const struct jc_caller *caller);
/* Whether the caller may see what belongs to this team of the agency. */
bool jc_caller_sees_team(const struct jc_caller *caller, struct jc_str team_id);

/* The caller's name in the audit log: the login, or "device:" and its id; the arena's. */
struct jc_str jc_caller_actor(const struct jc_caller *caller, struct jc_arena *arena);

#endif
