/* Keys are few: all are read, in the order of rotation, and so is every act that made one. A key whose id is not that of
 * its public half is told once; what hangs on either is not held against it again.
 *
 * Moments are compared only where one act wrote both, never by their order: a server's clock may have been set back. */
#include "store/keyring.h"

#include <string.h>

#include "base/arena.h"
#include "base/evidence.h"
#include "base/id.h"
#include "store/row.h"

enum { ARENA_BYTES = 16 << 20 };

struct key {
    int64_t position, created_ms, retired_ms; /* -1: in use */
    struct jc_str id, public_key, endorsed_by, endorsement;
    bool has_secret, secret_fits;
    bool sure;                      /* its id is that of its public half: */
    uint8_t own_id[JC_KEY_ID_SIZE]; /* zeros if that is no key */
};

/* Of the log. */
struct act {
    bool rotation;       /* else a restore */
    struct jc_str named; /* the key's id in hex */
    int64_t at_ms;
    bool told;
};

struct keyring {
    struct jc_arena *arena;
    jc_chain_found *found;
    void *ctx;
    struct {
        struct key *items;
        size_t count, capacity;
    } keys;
    struct {
        struct act *items;
        size_t count, capacity;
    } acts;
};

/* --- reading ------------------------------------------------------------------------------------------------ */

static enum jc_code read_key(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct keyring *ring = ctx;
    struct key *key = JC_PUSH(ring->arena, &ring->keys, struct key);
    if (!key)
        return jc_fail_memory(err);
    struct jc_str secret = jc_rows_bytes(rows, 7);
    *key = (struct key){.position = jc_rows_int64(rows, 0),
                        .created_ms = jc_rows_int64(rows, 1),
                        .retired_ms = jc_rows_is_null(rows, 2) ? -1 : jc_rows_int64(rows, 2),
                        .id = jc_rows_copy(rows, 3, ring->arena),
                        .public_key = jc_rows_copy(rows, 4, ring->arena),
                        .endorsed_by = jc_rows_copy(rows, 5, ring->arena),
                        .endorsement = jc_rows_copy(rows, 6, ring->arena),
                        .has_secret = !jc_rows_is_null(rows, 7)};
    if (!key->id.ptr || !key->public_key.ptr || !key->endorsed_by.ptr || !key->endorsement.ptr)
        return jc_fail_memory(err);
    if (key->public_key.len != JC_SIGN_PUBLIC_SIZE)
        return JC_OK;
    const uint8_t *public_key = (const uint8_t *)key->public_key.ptr;
    jc_key_id(public_key, key->own_id);
    key->sure = key->id.len == JC_KEY_ID_SIZE && memcmp(key->id.ptr, key->own_id, JC_KEY_ID_SIZE) == 0;
    key->secret_fits = secret.len == JC_SIGN_SECRET_SIZE && jc_sign_is_pair(public_key, (const uint8_t *)secret.ptr);
    return JC_OK;
}

static const char SELECT_KEYS[] = "SELECT position, created_ms, retired_ms, key_id, public_key, endorsed_by,\n"
                                  "       endorsement, secret_key\n"
                                  "FROM server_key\n"
                                  "ORDER BY position";

static enum jc_code read_act(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct keyring *ring = ctx;
    struct act *act = JC_PUSH(ring->arena, &ring->acts, struct act);
    if (!act)
        return jc_fail_memory(err);
    *act = (struct act){.rotation = jc_str_eq(jc_rows_text(rows, 0), JC_STR("key.rotate")),
                        .named = jc_rows_copy(rows, 1, ring->arena),
                        .at_ms = jc_rows_int64(rows, 2)};
    return act->named.ptr ? JC_OK : jc_fail_memory(err);
}

static const char SELECT_ACTS[] = "SELECT act, object, at_ms\n"
                                  "FROM audit_log\n"
                                  "WHERE act = 'key.rotate' OR act = 'backup.restore'\n"
                                  "ORDER BY agency_id, audit_no";

/* --- telling ------------------------------------------------------------------------------------------------ */

#define HEX_BYTES (2 * JC_SIGN_PUBLIC_SIZE + 1)

/* An id as people are told it; whatever else stands in its place is cut. */
static struct jc_str show(struct jc_str id, char buf[HEX_BYTES]) {
    return jc_hex(id.ptr, id.len < JC_SIGN_PUBLIC_SIZE ? id.len : JC_SIGN_PUBLIC_SIZE, buf);
}

static void tell_text(const struct keyring *ring, int64_t position, enum jc_msg what, struct jc_str first,
                      struct jc_str second) {
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what, (const struct jc_str[JC_ERR_ARGS]){first, second});
    ring->found(ring->ctx, position, &fault);
}

static void tell(const struct keyring *ring, const struct key *key, enum jc_msg what, struct jc_str other_id) {
    char id[HEX_BYTES], other[HEX_BYTES];
    tell_text(ring, key->position, what, show(key->id, id), show(other_id, other));
}

/* --- finding ------------------------------------------------------------------------------------------------ */

/* Whether a text names the key, by its id as it stands or as its public half has it. */
static bool names(struct jc_str text, const struct key *key) {
    char stored[HEX_BYTES], own[HEX_BYTES];
    return jc_str_eq(text, show(key->id, stored)) || jc_str_eq(text, jc_hex(key->own_id, JC_KEY_ID_SIZE, own));
}

static struct act *rotation_to(const struct keyring *ring, const struct key *key) {
    for (size_t i = 0; i < ring->acts.count; i++) {
        struct act *act = &ring->acts.items[i];
        if (act->rotation && names(act->named, key))
            return act;
    }
    return NULL;
}

static const struct act *restore_at(const struct keyring *ring, int64_t at_ms) {
    for (size_t i = 0; i < ring->acts.count; i++) {
        const struct act *act = &ring->acts.items[i];
        if (!act->rotation && act->at_ms == at_ms)
            return act;
    }
    return NULL;
}

static bool is_here(const struct keyring *ring, struct jc_str text) {
    for (size_t i = 0; i < ring->keys.count; i++) {
        if (names(text, &ring->keys.items[i]))
            return true;
    }
    return false;
}

static bool is_endorsed(const struct key *key) {
    return key->endorsed_by.len || key->endorsement.len;
}

/* The act that made the key behind `before`; NULL: none did. A database that was restored without its secrets makes a
 * key that nobody endorses. */
static const struct act *maker_of(const struct keyring *ring, const struct key *before, const struct key *key) {
    const struct act *act = rotation_to(ring, key);
    if (act || is_endorsed(key))
        return act;
    act = restore_at(ring, key->created_ms);
    return act ? act : restore_at(ring, before->retired_ms);
}

/* --- one key ------------------------------------------------------------------------------------------------ */

static void check_halves(const struct keyring *ring, const struct key *key, bool newest) {
    if (!key->sure)
        tell(ring, key, JC_MSG_KEYRING_ID, key->id);
    else if (key->has_secret && !newest)
        tell(ring, key, JC_MSG_KEYRING_SECRET_KEPT, key->id);
    else if (key->has_secret && !key->secret_fits)
        tell(ring, key, JC_MSG_KEYRING_SECRET, key->id);
}

/* The one before is not there. */
static void tell_gap(const struct keyring *ring, const struct key *key) {
    char number[JC_NUMBER_TEXT], id[HEX_BYTES], other[HEX_BYTES];
    struct jc_str endorser = show(key->endorsed_by, other);
    if (!endorser.len || is_here(ring, endorser)) {
        tell_text(ring, key->position, JC_MSG_KEYRING_GAP, show(key->id, id), jc_str_from_int64(key->position, number));
        return;
    }
    tell_text(ring, key->position, JC_MSG_KEYRING_ENDORSER_GONE, show(key->id, id), endorser);
    for (size_t i = 0; i < ring->acts.count; i++)
        ring->acts.items[i].told |= jc_str_eq(ring->acts.items[i].named, endorser);
}

static bool endorsement_holds(const struct key *before, const struct key *key) {
    return key->endorsement.len == JC_SIGNATURE_SIZE &&
           jc_key_endorsed((const uint8_t *)key->public_key.ptr, (const uint8_t *)key->endorsement.ptr,
                           (const uint8_t *)before->public_key.ptr);
}

static void check_endorsement(const struct keyring *ring, const struct key *before, const struct key *key) {
    if (!key->sure || !before->sure)
        return;
    if (!is_endorsed(key)) {
        const struct act *maker = maker_of(ring, before, key);
        if (!maker || maker->rotation)
            tell(ring, key, JC_MSG_KEYRING_UNENDORSED, before->id);
    } else if (!jc_str_eq(key->endorsed_by, before->id)) {
        tell(ring, key, JC_MSG_KEYRING_ENDORSER, before->id);
    } else if (!endorsement_holds(before, key)) {
        tell(ring, key, JC_MSG_KEYRING_ENDORSEMENT, before->id);
    }
}

/* It was made when the one before was retired, by an act that stands in the log. */
static void check_making(const struct keyring *ring, const struct key *before, const struct key *key) {
    const struct act *maker = maker_of(ring, before, key);
    int64_t made_ms = maker ? maker->at_ms : key->created_ms;
    if (!maker && is_endorsed(key))
        tell(ring, key, JC_MSG_KEYRING_UNLOGGED, key->id);
    if (key->created_ms != made_ms)
        tell(ring, key, JC_MSG_KEYRING_MADE, key->id);
    if (before->retired_ms != made_ms)
        tell(ring, before, JC_MSG_KEYRING_RETIRED, key->id);
}

static void check_key(const struct keyring *ring, size_t index) {
    const struct key *key = &ring->keys.items[index], *before = index ? key - 1 : NULL;
    bool newest = index + 1 == ring->keys.count;
    check_halves(ring, key, newest);
    if (key->position != (before ? before->position + 1 : 1)) {
        tell_gap(ring, key);
    } else if (before) {
        check_endorsement(ring, before, key);
        check_making(ring, before, key);
    } else if (is_endorsed(key)) {
        tell(ring, key, JC_MSG_KEYRING_FIRST, key->id);
    }
    if (newest && key->retired_ms >= 0)
        tell(ring, key, JC_MSG_KEYRING_NONE_IN_USE, key->id);
}

/* --- all of them -------------------------------------------------------------------------------------------- */

/* Keys that the log names. Lines of before version 3, when there were no keys, have no hash. */
static const char SELECT_ENROLLED[] = "SELECT 1\n"
                                      "FROM audit_log\n"
                                      "WHERE LENGTH(chain_hash) > 0 AND act IN ('device.enroll', 'backup.restore')";

static enum jc_code check_gone(struct jc_tx *tx, const struct keyring *ring, struct jc_err *err) {
    bool expected = false;
    enum jc_code code = ring->keys.count ? JC_OK : jc_row_exists(tx, SELECT_ENROLLED, JC_NO_VALUES, &expected, err);
    if (expected)
        tell_text(ring, 0, JC_MSG_KEYRING_EMPTY, (struct jc_str){0}, (struct jc_str){0});
    for (size_t i = 0; i < ring->acts.count; i++) {
        const struct act *act = &ring->acts.items[i];
        if (act->rotation && !act->told && !is_here(ring, act->named))
            tell_text(ring, 0, JC_MSG_KEYRING_GONE, act->named, (struct jc_str){0});
    }
    return code;
}

enum jc_code jc_keyring_verify(struct jc_tx *tx, jc_chain_found *found, void *ctx, struct jc_err *err) {
    struct keyring ring = {.arena = jc_arena_new(ARENA_BYTES), .found = found, .ctx = ctx};
    if (!ring.arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_row_each(tx, SELECT_KEYS, JC_NO_VALUES, read_key, &ring, err);
    if (!code)
        code = jc_row_each(tx, SELECT_ACTS, JC_NO_VALUES, read_act, &ring, err);
    for (size_t i = 0; !code && i < ring.keys.count; i++)
        check_key(&ring, i);
    if (!code)
        code = check_gone(tx, &ring, err);
    jc_arena_free(ring.arena);
    return code;
}

/* --- against a backup ---------------------------------------------------------------------------------------- */

/* What never changes once a key is made; it may have been retired since. */
static bool is_same(const struct key *then, const struct key *now) {
    return then->position == now->position && then->created_ms == now->created_ms &&
           (then->retired_ms < 0 || then->retired_ms == now->retired_ms) &&
           jc_str_eq(then->public_key, now->public_key) && jc_str_eq(then->endorsed_by, now->endorsed_by) &&
           jc_str_eq(then->endorsement, now->endorsement);
}

static void compare_key(const struct keyring *ring, const struct key *then) {
    for (size_t i = 0; i < ring->keys.count; i++) {
        const struct key *now = &ring->keys.items[i];
        if (!jc_str_eq(now->id, then->id))
            continue;
        if (!is_same(then, now))
            tell(ring, now, JC_MSG_KEYRING_COMPARED_ALTERED, now->id);
        return;
    }
    tell(ring, then, JC_MSG_KEYRING_COMPARED_REMOVED, then->id);
}

enum jc_code jc_keyring_compare(struct jc_tx *tx, struct jc_tx *backup, jc_chain_found *found, void *ctx,
                                struct jc_err *err) {
    struct keyring ring = {.arena = jc_arena_new(ARENA_BYTES), .found = found, .ctx = ctx}, then = ring;
    if (!ring.arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_row_each(tx, SELECT_KEYS, JC_NO_VALUES, read_key, &ring, err);
    if (!code)
        code = jc_row_each(backup, SELECT_KEYS, JC_NO_VALUES, read_key, &then, err);
    for (size_t i = 0; !code && i < then.keys.count; i++)
        compare_key(&ring, &then.keys.items[i]);
    jc_arena_free(ring.arena);
    return code;
}
