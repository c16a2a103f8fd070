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
};

struct jc_sealer {
    pthread_mutex_t lock;
    struct place places[PLACES];
};

struct jc_sealer *jc_sealer_new(void) {
    struct jc_sealer *sealer = jc_calloc(1, sizeof *sealer);
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

void jc_sealer_vouch(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE],
                     struct jc_sync_prepared *prepared) {
    struct place copy;
    pthread_mutex_lock(&sealer->lock);
    copy = *place_of(sealer, token_hash);
    pthread_mutex_unlock(&sealer->lock);
    if (!copy.taken || memcmp(copy.token_hash, token_hash, sizeof copy.token_hash) != 0)
        return;
    jc_sync_vouch(prepared,
                  (struct jc_str){(const char *)copy.public_key, copy.must_sign ? (size_t)JC_SIGN_PUBLIC_SIZE : 0});
}

void jc_sealer_learn(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE],
                     const struct jc_sync_prepared *prepared) {
    pthread_mutex_lock(&sealer->lock);
    struct place *place = place_of(sealer, token_hash);
    place->taken = true;
    place->must_sign = prepared->must_sign;
    memcpy(place->token_hash, token_hash, sizeof place->token_hash);
    memcpy(place->public_key, prepared->public_key, sizeof place->public_key);
    pthread_mutex_unlock(&sealer->lock);
}
