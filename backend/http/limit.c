/* A hash table of buckets in sets of eight: an address lives in one set, and a new one takes the place
 * of the set's fullest bucket, for that has the least to remember. A full bucket says nothing, so
 * whoever floods the table with addresses can at most make it forget those who guessed least. */
#include "http/limit.h"

#include <netinet/in.h>
#include <string.h>

#include "base/arena.h"
#include "base/id.h"

enum { WAYS = 8, SETS = JC_LIMIT_ADDRESSES / WAYS, KEY_SIZE = 8, SECRET_SIZE = 16 };

struct bucket {
    uint8_t key[KEY_SIZE];
    bool used;
    int tokens;
    int64_t since_ms; /* tokens were counted then */
};

struct jc_limit {
    uint8_t secret[SECRET_SIZE]; /* so that nobody can aim at a set */
    struct bucket bucket[SETS][WAYS];
};

struct jc_limit *jc_limit_new(void) {
    struct jc_limit *limit = jc_calloc(1, sizeof *limit);
    if (limit)
        jc_random(limit->secret, SECRET_SIZE);
    return limit;
}

void jc_limit_free(struct jc_limit *limit) {
    jc_free(limit);
}

static void make_key(const struct sockaddr *address, uint8_t key[KEY_SIZE]) {
    memset(key, 0, KEY_SIZE);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(key, &v4->sin_addr, sizeof v4->sin_addr);
        key[KEY_SIZE - 1] = 4;
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(key, &v6->sin6_addr, KEY_SIZE);
    }
}

static void refill(struct bucket *bucket, int64_t now_ms) {
    int64_t more = (now_ms - bucket->since_ms) / JC_LIMIT_REFILL_MS;
    if (more <= 0)
        return;
    bucket->since_ms += more * JC_LIMIT_REFILL_MS;
    bucket->tokens = more >= JC_LIMIT_BURST - bucket->tokens ? JC_LIMIT_BURST : bucket->tokens + (int)more;
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
static struct bucket *make_room(struct bucket *set, int64_t now_ms) {
    struct bucket *fullest = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (!set[i].used)
            return &set[i];
        refill(&set[i], now_ms);
        if (!fullest || set[i].tokens > fullest->tokens)
            fullest = &set[i];
    }
    return fullest;
}

bool jc_limit_take(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms) {
    uint8_t key[KEY_SIZE];
    make_key(address, key);
    struct bucket *set = set_of(limit, key), *bucket = find(set, key);
    if (!bucket) {
        bucket = make_room(set, now_ms);
        *bucket = (struct bucket){.used = true, .tokens = JC_LIMIT_BURST, .since_ms = now_ms};
        memcpy(bucket->key, key, KEY_SIZE);
    }
    refill(bucket, now_ms);
    if (bucket->tokens == 0)
        return false;
    if (bucket->tokens == JC_LIMIT_BURST)
        bucket->since_ms = now_ms; /* a full bucket does not save time up */
    bucket->tokens--;
    return true;
}

void jc_limit_give_back(struct jc_limit *limit, const struct sockaddr *address) {
    uint8_t key[KEY_SIZE];
    make_key(address, key);
    struct bucket *bucket = find(set_of(limit, key), key);
    if (bucket && bucket->tokens < JC_LIMIT_BURST)
        bucket->tokens++;
}
