/* People who sign in with a password. The password's hash is written and read here, but never part
 * of the row that travels. */
#ifndef JC_STORE_PERSON_H
#define JC_STORE_PERSON_H

#include "db/db.h"
#include "jiancha/v1/session_service.pb-c.h"

/* A set of roles: JC_ROLE(PLANNER) | JC_ROLE(ADMIN). */
#define JC_ROLE(name) (1u << JC__ROLE__ROLE_##name)

struct jc_person {
    struct jc_str login; /* unique within the agency */
    struct jc_str name;
    uint32_t roles;             /* bit r: jiancha.v1.Role r */
    struct jc_str inspector_id; /* empty: not on the register of inspectors */
    struct jc_str team_id;      /* empty: the whole agency */
    bool must_change_password;
    bool disabled;
    int64_t created_ms;
};

/* Writes a new row. JC_ALREADY_EXISTS, naming the login, if it is taken. */
enum jc_code jc_person_insert(struct jc_tx *tx, int64_t agency_id, const struct jc_person *person,
                              struct jc_str password_hash, struct jc_err *err);
/* JC_NOT_FOUND, naming the login. Strings are the arena's. */
enum jc_code jc_person_get(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                           struct jc_person *out, struct jc_err *err);
/* By login. */
enum jc_code jc_person_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_person **out,
                            size_t *count, struct jc_err *err);

/* The password's hash, Argon2id in libsodium's string form. JC_NOT_FOUND, naming the login. */
enum jc_code jc_person_password_hash(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                                     struct jc_str *out, struct jc_err *err);
/* JC_NOT_FOUND for an unknown login. */
enum jc_code jc_person_set_password_hash(struct jc_tx *tx, int64_t agency_id, struct jc_str login,
                                         struct jc_str password_hash, bool must_change, struct jc_err *err);
enum jc_code jc_person_set_disabled(struct jc_tx *tx, int64_t agency_id, struct jc_str login, bool disabled,
                                    struct jc_err *err);

#endif
