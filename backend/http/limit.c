/* A hash table of buckets in sets of eight: an address lives in one set, and a new one takes the place
 * of the set's fullest bucket, for that has the least to remember. A full bucket says nothing, so
 * whoever floods the table with addresses can at most make it forget those who guessed least. */
#include "http/limit.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/id.h"

enum { WAYS = 8, SETS = JC_LIMIT_ADDRESSES / WAYS, KEY_SIZE = JC_ADDRESS_KEY, SECRET_SIZE = 16 };

struct bucket {
    uint8_t key[KEY_SIZE];
    bool used;
    int tokens;
    int64_t since_ms; /* tokens were counted then */
};

struct jc_limit {
    pthread_mutex_t lock; /* of the buckets */
    int burst, refill_ms;
    uint8_t secret[SECRET_SIZE]; /* so that nobody can aim at a set */
    struct bucket bucket[SETS][WAYS];
};

struct jc_limit *jc_limit_new(int burst, int refill_ms) {
    struct jc_limit *limit = jc_calloc(1, sizeof *limit);
    if (!limit)
        return NULL;
    pthread_mutex_init(&limit->lock, NULL);
    limit->burst = burst;
    limit->refill_ms = refill_ms;
    jc_random(limit->secret, SECRET_SIZE);
    return limit;
}

void jc_limit_free(struct jc_limit *limit) {
    if (!limit)
        return;
    pthread_mutex_destroy(&limit->lock);
    jc_free(limit);
}

static void refill(const struct jc_limit *limit, struct bucket *bucket, int64_t now_ms) {
    int64_t more = (now_ms - bucket->since_ms) / limit->refill_ms;
    if (more <= 0)
        return;
    bucket->since_ms += more * limit->refill_ms;
    bucket->tokens = more >= limit->burst - bucket->tokens ? limit->burst : bucket->tokens + (int)more;
}

static struct bucket *set_of(struct jc_limit *limit, const uint8_t key[KEY_SIZE]) {
    uint8_t seen[SECRET_SIZE + KEY_SIZE], hash[JC_SHA256_SIZE];
    memcpy(seen, limit->secret, SECRET_SIZE);
    memcpy(seen + SECRET_SIZE, key, KEY_SIZE);
    jc_sha256((struct jc_str){(const char *)seen, sizeof seen}, hash);
    return limit->bucket[(hash[0] | hash[1] << 8) % SETS];
}

static struct bucket *find(struct bucket *set, const uint8_t key[KEY_SIZE]) {
    for (int i = 0; i < WAYS; i++)
        if (set[i].used && memcmp(set[i].key, key, KEY_SIZE) == 0)
            return &set[i];
    return NULL;
}

/* An unused bucket of the set, or its fullest. */
static struct bucket *make_room(const struct jc_limit *limit, struct bucket *set, int64_t now_ms) {
    struct bucket *fullest = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (!set[i].used)
            return &set[i];
        refill(limit, &set[i], now_ms);
        if (!fullest || set[i].tokens > fullest->tokens)
            fullest = &set[i];
    }
    return fullest;
}

/* The address's bucket, refilled; NULL: it is full and not remembered. Under the lock. */
static struct bucket *look(struct jc_limit *limit, const struct sockaddr *address, uint8_t key[KEY_SIZE],
                           struct bucket **set, int64_t now_ms) {
    jc_address_key(address, key);
    *set = set_of(limit, key);
    struct bucket *bucket = find(*set, key);
    if (bucket)
        refill(limit, bucket, now_ms);
    return bucket;
}

bool jc_limit_has(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms) {
    uint8_t key[KEY_SIZE];
    struct bucket *set;
    pthread_mutex_lock(&limit->lock);
    const struct bucket *bucket = look(limit, address, key, &set, now_ms);
    bool has = !bucket || bucket->tokens > 0;
    pthread_mutex_unlock(&limit->lock);
    return has;
}

bool jc_limit_take(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms) {
    uint8_t key[KEY_SIZE];
    struct bucket *set;
    pthread_mutex_lock(&limit->lock);
    struct bucket *bucket = look(limit, address, key, &set, now_ms);
    if (!bucket) {
        bucket = make_room(limit, set, now_ms);
        *bucket = (struct bucket){.used = true, .tokens = limit->burst, .since_ms = now_ms};
        memcpy(bucket->key, key, KEY_SIZE);
    }
    bool taken = bucket->tokens > 0;
    if (bucket->tokens == limit->burst)
        bucket->since_ms = now_ms; /* a full bucket does not save time up */
    bucket->tokens -= taken;
    pthread_mutex_unlock(&limit->lock);
    return taken;
}

void jc_limit_give_back(struct jc_limit *limit, const struct sockaddr *address) {
    uint8_t key[KEY_SIZE];
    jc_address_key(address, key);
    pthread_mutex_lock(&limit->lock);
    struct bucket *bucket = find(set_of(limit, key), key);
    if (bucket && bucket->tokens < limit->burst)
        bucket->tokens++;
    pthread_mutex_unlock(&limit->lock);
}
