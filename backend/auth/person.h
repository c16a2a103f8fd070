/* What is done to people: added with a one-time password, given a new one, disabled.
 *
 * A one-time password is random, handed out once, and must be changed at the first login. Every act
 * stands in the audit log. */
#ifndef JC_AUTH_PERSON_H
#define JC_AUTH_PERSON_H

#include "base/clock.h"
#include "store/device.h"
#include "store/person.h"

/* Who acts, and when. */
struct jc_act {
    struct jc_str actor; /* a login, or "cli:" and the system user */
    const struct jc_clock *clock;
};

/* Adds a person from login, name, roles, inspector_id and team_id of `person` (the rest is ignored).
 * *out_password is the one-time password, the arena's. Takes the time of Argon2id and waits for the
 * write: not on the event thread nor the writer's.
 *
 * JC_ALREADY_EXISTS if the login is taken; JC_INVALID_ARGUMENT for a login, name or set of roles that
 * cannot be; JC_NOT_FOUND for an unknown inspector or team. An inspector's name and team, if not given,
 * are those the register says. */
enum jc_code jc_person_create(struct jc_db *db, int64_t agency_id, const struct jc_person *person, struct jc_act act,
                              struct jc_arena *arena, struct jc_str *out_password, struct jc_err *err);

/* Gives a person a new one-time password and ends all sessions. JC_NOT_FOUND. */
enum jc_code jc_person_reset_password(struct jc_db *db, int64_t agency_id, struct jc_str login, struct jc_act act,
                                      struct jc_arena *arena, struct jc_str *out_password, struct jc_err *err);

/* Shuts a person out at once (sessions end too) or lets them in again. For use in a write job. */
enum jc_code jc_person_disable(struct jc_tx *tx, int64_t agency_id, struct jc_str login, bool disabled,
                               struct jc_act act, struct jc_err *err);

/* The terminals of the inspector behind a login that are not revoked: shutting out a person does not stop them.
 * *out is the arena's; none for a person who is no inspector. JC_NOT_FOUND for an unknown login. */
enum jc_code jc_person_devices(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                               struct jc_device **out, size_t *count, struct jc_err *err);

/* A comma-separated list of role names ("planner,admin") as a set; JC_INVALID_ARGUMENT naming the
 * word that is none. */
enum jc_code jc_roles_parse(struct jc_str text, uint32_t *out, struct jc_err *err);
/* The same backwards, the arena's; ptr NULL without memory. */
struct jc_str jc_roles_format(uint32_t roles, struct jc_arena *arena);

#endif
