/* One value under (kind, agency, name): whether a row is there, or what it says. */
#include "sync/known.h"

#include <string.h>

#include "db/memo.h"
#include "store/registry.h"

static const char INSPECTOR, TEAM, PARAMETER; /* kinds: their addresses count */

enum { KEY_MAX = 128 };

struct key {
    char bytes[KEY_MAX];
    size_t len; /* 0: too long to be remembered */
};

static void add_to_key(struct key *key, const void *bytes, size_t len) {
    bool fits = key->len && key->len + len <= sizeof key->bytes;
    if (fits)
        memcpy(key->bytes + key->len, bytes, len);
    key->len = fits ? key->len + len : 0;
}

static struct key key_of(int64_t agency_id, struct jc_str name) {
    struct key key = {.len = sizeof agency_id};
    memcpy(key.bytes, &agency_id, sizeof agency_id);
    add_to_key(&key, name.ptr, name.len);
    return key;
}

struct value {
    int64_t number;
    struct jc_str text;
};

static const struct value *recall(struct jc_tx *tx, const void *kind, const struct key *key) {
    return key->len ? jc_tx_memo_find(tx, kind, (struct jc_str){key->bytes, key->len}) : NULL;
}

/* What does not fit is asked for again. */
static void remember(struct jc_tx *tx, const void *kind, const struct key *key, int64_t number, struct jc_str text) {
    struct jc_arena *arena = jc_tx_memo_arena(tx);
    struct jc_str copy = arena && key->len ? jc_arena_copy(arena, text) : (struct jc_str){0};
    struct value *value =
        copy.ptr ? jc_tx_memo_put(tx, kind, (struct jc_str){key->bytes, key->len}, sizeof *value) : NULL;
    if (value)
        *value = (struct value){number, copy};
}

enum jc_code jc_known_inspector(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_arena *arena,
                                bool *known, struct jc_str *team_id, struct jc_err *err) {
    const struct key key = key_of(agency_id, inspector_id);
    const struct value *value = recall(tx, &INSPECTOR, &key);
    Jc__Inspector *inspector = NULL;
    enum jc_code code = value ? JC_OK : jc_inspector_get(tx, agency_id, inspector_id, arena, &inspector, err);
    if (code && code != JC_NOT_FOUND)
        return code;
    *known = value ? value->number != 0 : code == JC_OK;
    *team_id = value ? value->text : code ? JC_STR("") : jc_str(inspector->team_id);
    if (!value)
        remember(tx, &INSPECTOR, &key, *known, *team_id);
    return JC_OK;
}

enum jc_code jc_known_team(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_arena *arena,
                           bool *known, struct jc_err *err) {
    const struct key key = key_of(agency_id, team_id);
    const struct value *value = recall(tx, &TEAM, &key);
    Jc__Team *team = NULL;
    enum jc_code code = value ? JC_OK : jc_team_get(tx, agency_id, team_id, arena, &team, err);
    if (code && code != JC_NOT_FOUND)
        return code;
    *known = value ? value->number != 0 : code == JC_OK;
    if (!value)
        remember(tx, &TEAM, &key, *known, JC_STR(""));
    return JC_OK;
}

enum jc_code jc_known_parameter(struct jc_tx *tx, int64_t agency_id, struct jc_str name, struct jc_date on,
                                int64_t usual, int64_t most, struct jc_arena *arena, int64_t *out, struct jc_err *err) {
    struct key key = key_of(agency_id, name);
    struct jc_parameter parameter;
    const int64_t day = jc_date_to_days(on);
    add_to_key(&key, "", 1);
    add_to_key(&key, &day, sizeof day);
    const struct value *value = recall(tx, &PARAMETER, &key);
    enum jc_code code = value ? JC_OK : jc_parameter_at(tx, agency_id, name, on, arena, &parameter, err);
    if (code && code != JC_NOT_FOUND)
        return code;
    if (value) {
        *out = value->number;
        return JC_OK;
    }
    bool sensible = code == JC_OK && parameter.value_centi >= 0 && parameter.value_centi <= most * 100;
    *out = sensible ? parameter.value_centi / 100 : usual;
    remember(tx, &PARAMETER, &key, *out, JC_STR(""));
    return JC_OK;
}
