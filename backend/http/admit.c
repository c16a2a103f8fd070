/* One lock around a few counters. Requests of the same token find each other in a hash table whose links are
 * their tickets, so nothing is allocated. Tokens that were good lately are a table in which a newer one takes
 * the place of an older one: forgetting one costs its terminal nothing unless its address is misbehaving. */
#include "http/admit.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "http/limit.h"

enum {
    BUCKETS = 1024,
    KNOWN = 8192,
    STRANGER_BURST = 60, /* wrong tokens of an address in a row */
    STRANGER_REFILL_MS = 1000,
    PACE_START_US = 1000, /* what a write takes until we know better */
    PACE_SHARE = 8,       /* a new figure counts one part in so many */
};

struct jc_admit {
    pthread_mutex_t lock;
    size_t bytes, bytes_max;
    int writes, writes_max;
    int64_t pace_us, last_ms; /* of a write; of the last commit */
    bool busy;                /* writes were left then, so that the time since was spent on writing */
    int over;                 /* writes over since then */
    uint64_t secret;
    struct jc_ticket *bucket[BUCKETS];
    uint64_t known[KNOWN];
    struct jc_limit *strangers;
};

struct jc_admit *jc_admit_new(size_t bytes_max, int writes_max) {
    struct jc_admit *admit = jc_calloc(1, sizeof *admit);
    if (!admit)
        return NULL;
    admit->strangers = jc_limit_new(STRANGER_BURST, STRANGER_REFILL_MS);
    if (!admit->strangers) {
        jc_free(admit);
        return NULL;
    }
    pthread_mutex_init(&admit->lock, NULL);
    admit->bytes_max = bytes_max;
    admit->writes_max = writes_max;
    admit->pace_us = PACE_START_US;
    jc_random(&admit->secret, sizeof admit->secret);
    return admit;
}

void jc_admit_free(struct jc_admit *admit) {
    if (!admit)
        return;
    jc_limit_free(admit->strangers);
    pthread_mutex_destroy(&admit->lock);
    jc_free(admit);
}

/* FNV-1a from a secret start: tokens are random, so this only has to spread them. */
uint64_t jc_admit_token(const struct jc_admit *admit, struct jc_str token) {
    uint64_t hash = admit->secret;
    for (size_t i = 0; i < token.len; i++)
        hash = (hash ^ (uint8_t)token.ptr[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    return token.len && !hash ? 1 : token.len ? hash : 0;
}

/* --- bytes and writes --------------------------------------------------------------------------------- */

bool jc_admit_bytes(struct jc_admit *admit, struct jc_ticket *ticket, size_t more) {
    pthread_mutex_lock(&admit->lock);
    bool room = more <= admit->bytes_max - admit->bytes;
    if (room) {
        admit->bytes += more;
        ticket->bytes += more;
    }
    pthread_mutex_unlock(&admit->lock);
    return room;
}

static int writes_of(const struct jc_admit *admit, uint64_t token) {
    int count = 0;
    for (const struct jc_ticket *ticket = admit->bucket[token % BUCKETS]; ticket; ticket = ticket->next)
        count += ticket->token == token;
    return count;
}

static bool is_crowded(const struct jc_admit *admit) {
    return admit->writes >= admit->writes_max / 2;
}

bool jc_admit_write(struct jc_admit *admit, struct jc_ticket *ticket) {
    pthread_mutex_lock(&admit->lock);
    bool room = admit->writes < admit->writes_max &&
                (!is_crowded(admit) || !ticket->token || writes_of(admit, ticket->token) < JC_ADMIT_PER_TOKEN);
    if (room) {
        struct jc_ticket **bucket = &admit->bucket[ticket->token % BUCKETS];
        ticket->next = *bucket;
        *bucket = ticket;
        ticket->writing = true;
        admit->writes++;
    }
    pthread_mutex_unlock(&admit->lock);
    return room;
}

static void leave_write(struct jc_admit *admit, struct jc_ticket *ticket) {
    struct jc_ticket **link = &admit->bucket[ticket->token % BUCKETS];
    while (*link != ticket)
        link = &(*link)->next;
    *link = ticket->next;
    ticket->writing = false;
    admit->writes--;
}

void jc_admit_written(struct jc_admit *admit, struct jc_ticket *ticket) {
    pthread_mutex_lock(&admit->lock);
    leave_write(admit, ticket);
    admit->over++;
    pthread_mutex_unlock(&admit->lock);
}

void jc_admit_committed(struct jc_admit *admit, int64_t now_ms) {
    pthread_mutex_lock(&admit->lock);
    if (admit->busy && admit->over) {
        int64_t each_us = (now_ms - admit->last_ms) * 1000 / admit->over;
        admit->pace_us += (each_us - admit->pace_us) / PACE_SHARE;
    }
    admit->over = 0;
    admit->last_ms = now_ms;
    admit->busy = admit->writes > 0;
    pthread_mutex_unlock(&admit->lock);
}

void jc_admit_leave(struct jc_admit *admit, struct jc_ticket *ticket) {
    if (!ticket->bytes && !ticket->writing)
        return;
    pthread_mutex_lock(&admit->lock);
    admit->bytes -= ticket->bytes;
    if (ticket->writing)
        leave_write(admit, ticket);
    pthread_mutex_unlock(&admit->lock);
    ticket->bytes = 0;
}

int jc_admit_retry_ms(struct jc_admit *admit) {
    pthread_mutex_lock(&admit->lock);
    int64_t ms = admit->writes * admit->pace_us / 1000;
    pthread_mutex_unlock(&admit->lock);
    return ms < JC_ADMIT_RETRY_MS ? JC_ADMIT_RETRY_MS : ms > JC_ADMIT_RETRY_MAX_MS ? JC_ADMIT_RETRY_MAX_MS : (int)ms;
}

int jc_admit_writes(struct jc_admit *admit) {
    pthread_mutex_lock(&admit->lock);
    int writes = admit->writes;
    pthread_mutex_unlock(&admit->lock);
    return writes;
}

size_t jc_admit_bytes_in_hand(struct jc_admit *admit) {
    pthread_mutex_lock(&admit->lock);
    size_t bytes = admit->bytes;
    pthread_mutex_unlock(&admit->lock);
    return bytes;
}

/* --- strangers ------------------------------------------------------------------------------------------ */

static bool knows(const struct jc_admit *admit, uint64_t token) {
    return token && admit->known[token % KNOWN] == token;
}

bool jc_admit_knows(struct jc_admit *admit, uint64_t token) {
    pthread_mutex_lock(&admit->lock);
    bool known = knows(admit, token);
    pthread_mutex_unlock(&admit->lock);
    return known;
}

bool jc_admit_stranger(struct jc_admit *admit, uint64_t token, const struct sockaddr *address, int64_t now_ms) {
    pthread_mutex_lock(&admit->lock);
    bool welcome = !token || !is_crowded(admit) || knows(admit, token);
    pthread_mutex_unlock(&admit->lock);
    return welcome || jc_limit_has(admit->strangers, address, now_ms);
}

void jc_admit_known(struct jc_admit *admit, uint64_t token) {
    pthread_mutex_lock(&admit->lock);
    admit->known[token % KNOWN] = token;
    pthread_mutex_unlock(&admit->lock);
}

void jc_admit_unknown(struct jc_admit *admit, uint64_t token, const struct sockaddr *address, int64_t now_ms) {
    pthread_mutex_lock(&admit->lock);
    if (admit->known[token % KNOWN] == token)
        admit->known[token % KNOWN] = 0;
    pthread_mutex_unlock(&admit->lock);
    (void)jc_limit_take(admit->strangers, address, now_ms);
}
