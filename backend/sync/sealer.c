/* A table of fixed size, indexed by the first bytes of the token's hash, which are as good as random.
 * Two tokens of one place take turns; the one that is not there is verified by the job, which costs the
 * writer 80 us once in a while and nothing else. No request waits for memory or for another's Ed25519. */
#include "sync/sealer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 16384 }; /* a power of two */

struct place {
    uint8_t token_hash[JC_SHA256_SIZE];
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
    bool taken, must_sign;
    int64_t held_ms; /* when a seal of it held last; 0: not yet, or one did not since */
};

struct jc_sealer {
    pthread_mutex_t lock;
    int wait_ms;
    struct place places[PLACES];
};

struct jc_sealer *jc_sealer_new(int wait_ms) {
    struct jc_sealer *sealer = jc_calloc(1, sizeof *sealer);
    if (sealer)
        sealer->wait_ms = wait_ms;
    if (sealer && pthread_mutex_init(&sealer->lock, NULL)) {
        jc_free(sealer);
        sealer = NULL;
    }
    return sealer;
}

void jc_sealer_free(struct jc_sealer *sealer) {
    if (!sealer)
        return;
    pthread_mutex_destroy(&sealer->lock);
    jc_free(sealer);
}

static struct place *place_of(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE]) {
    size_t index = (size_t)token_hash[0] | (size_t)token_hash[1] << 8;
    return &sealer->places[index % PLACES];
}

/* A clock that was set back makes nothing wait longer. */
static bool held_lately(const struct jc_sealer *sealer, const struct place *place, int64_t now_ms) {
    return place->held_ms && now_ms >= place->held_ms && now_ms - place->held_ms < sealer->wait_ms;
}

static bool is_of(const struct place *place, const uint8_t token_hash[JC_SHA256_SIZE]) {
    return place->taken && memcmp(place->token_hash, token_hash, sizeof place->token_hash) == 0;
}

static void note_outcome(struct place *place, int64_t now_ms, const struct jc_sync_prepared *prepared) {
    if (jc_sync_any_wrong(prepared))
        place->held_ms = 0;
    else if (jc_sync_seal_holds(prepared))
        place->held_ms = now_ms;
}

void jc_sealer_vouch(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                     struct jc_sync_prepared *prepared) {
    struct place copy, *place = place_of(sealer, token_hash);
    pthread_mutex_lock(&sealer->lock);
    copy = *place;
    pthread_mutex_unlock(&sealer->lock);
    if (!is_of(&copy, token_hash))
        return;
    if (copy.must_sign && held_lately(sealer, &copy, now_ms) && jc_sync_is_sealed_whole(prepared)) {
        prepared->postponed = true;
        prepared->must_sign = true;
        memcpy(prepared->public_key, copy.public_key, sizeof prepared->public_key);
        return;
    }
    jc_sync_vouch(prepared,
                  (struct jc_str){(const char *)copy.public_key, copy.must_sign ? (size_t)JC_SIGN_PUBLIC_SIZE : 0});
    pthread_mutex_lock(&sealer->lock);
    if (is_of(place, token_hash))
        note_outcome(place, now_ms, prepared);
    pthread_mutex_unlock(&sealer->lock);
}

void jc_sealer_learn(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                     const struct jc_sync_prepared *prepared) {
    if (!prepared->vouched)
        return;
    pthread_mutex_lock(&sealer->lock);
    struct place *place = place_of(sealer, token_hash);
    if (!is_of(place, token_hash))
        place->held_ms = 0;
    place->taken = true;
    place->must_sign = prepared->must_sign;
    memcpy(place->token_hash, token_hash, sizeof place->token_hash);
    memcpy(place->public_key, prepared->public_key, sizeof place->public_key);
    note_outcome(place, now_ms, prepared);
    pthread_mutex_unlock(&sealer->lock);
}
