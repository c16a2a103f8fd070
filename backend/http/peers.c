/* A list of connections and a hash table of the addresses they come from, behind one lock. A sweep looks at
 * every connection: some nanoseconds each, once a second.
 *
 * A connection is ended by shutdown(2), not close(2): the event thread that owns it sees its end and cleans
 * up. What must never happen: a shutdown of a descriptor that was closed and given to somebody else;
 * therefore a peer is removed, under the lock, before its descriptor is closed. */
#include "http/peers.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"

enum { BUCKETS = 512 };

struct address {
    uint8_t key[JC_ADDRESS_KEY];
    int connections, shaking;
    size_t held; /* bytes */
    struct address *next;
};

enum phase { SHAKING, IDLE, ARRIVING, WORKING, SENDING };

struct jc_peer {
    struct jc_peers *peers;
    struct jc_peer *next, **link;
    void *owner;
    struct address *address;
    int fd;
    uint8_t phase;
    bool cut;
    int64_t since_ms;
    size_t bytes; /* of the phase */
    size_t held;
};

struct jc_peers {
    pthread_mutex_t lock;
    struct jc_peer *first;
    int count, shaking, per_address, head_ms;
    uint64_t secret; /* so that nobody can aim at a bucket */
    struct address *bucket[BUCKETS];
};

struct jc_peers *jc_peers_new(int per_address, int head_ms) {
    struct jc_peers *peers = jc_calloc(1, sizeof *peers);
    if (!peers)
        return NULL;
    pthread_mutex_init(&peers->lock, NULL);
    peers->per_address = per_address;
    peers->head_ms = head_ms;
    jc_random(&peers->secret, sizeof peers->secret);
    peers->secret |= 1;
    return peers;
}

void jc_peers_free(struct jc_peers *peers) {
    if (!peers)
        return;
    pthread_mutex_destroy(&peers->lock);
    jc_free(peers);
}

/* --- addresses -------------------------------------------------------------------------------------- */

/* Where the address stands or would be linked in. */
static struct address **find(struct jc_peers *peers, const uint8_t key[JC_ADDRESS_KEY]) {
    uint64_t number;
    memcpy(&number, key, sizeof number);
    struct address **link = &peers->bucket[(number * peers->secret >> 32) % BUCKETS];
    while (*link && memcmp((*link)->key, key, JC_ADDRESS_KEY) != 0)
        link = &(*link)->next;
    return link;
}

bool jc_peers_welcome(struct jc_peers *peers, const struct sockaddr *address) {
    uint8_t key[JC_ADDRESS_KEY];
    jc_address_key(address, key);
    pthread_mutex_lock(&peers->lock);
    const struct address *known = *find(peers, key);
    bool welcome = !known || known->connections < peers->per_address;
    pthread_mutex_unlock(&peers->lock);
    return welcome;
}

int jc_peers_shaking_of(struct jc_peers *peers, const struct sockaddr *address) {
    uint8_t key[JC_ADDRESS_KEY];
    jc_address_key(address, key);
    pthread_mutex_lock(&peers->lock);
    const struct address *known = *find(peers, key);
    int shaking = known ? known->shaking : 0;
    pthread_mutex_unlock(&peers->lock);
    return shaking;
}

/* Counts one more connection of the address; NULL without memory. */
static struct address *count_in(struct jc_peers *peers, const uint8_t key[JC_ADDRESS_KEY]) {
    struct address **link = find(peers, key);
    if (!*link) {
        *link = jc_calloc(1, sizeof **link);
        if (!*link)
            return NULL;
        memcpy((*link)->key, key, JC_ADDRESS_KEY);
    }
    (*link)->connections++;
    return *link;
}

static void count_out(struct jc_peers *peers, struct address *address) {
    if (--address->connections)
        return;
    struct address **link = find(peers, address->key);
    *link = address->next;
    jc_free(address);
}

/* --- connections ------------------------------------------------------------------------------------ */

static void count_shaking(struct jc_peer *peer, int more) {
    peer->peers->shaking += more;
    peer->address->shaking += more;
}

static void let_go(struct jc_peer *peer) {
    peer->address->held -= peer->held;
    peer->held = 0;
}

struct jc_peer *jc_peers_add(struct jc_peers *peers, int fd, const struct sockaddr *address, bool shaking, void *owner,
                             int64_t now_ms) {
    uint8_t key[JC_ADDRESS_KEY];
    struct jc_peer *peer = jc_calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    *peer = (struct jc_peer){.peers = peers, .owner = owner, .fd = fd, .since_ms = now_ms};
    peer->phase = shaking ? SHAKING : IDLE;
    jc_address_key(address, key);
    pthread_mutex_lock(&peers->lock);
    peer->address = count_in(peers, key);
    if (peer->address) {
        peer->next = peers->first;
        peer->link = &peers->first;
        if (peer->next)
            peer->next->link = &peer->next;
        peers->first = peer;
        peers->count++;
        count_shaking(peer, shaking);
    }
    pthread_mutex_unlock(&peers->lock);
    if (peer->address)
        return peer;
    jc_free(peer);
    return NULL;
}

void jc_peer_remove(struct jc_peer *peer) {
    if (!peer)
        return;
    struct jc_peers *peers = peer->peers;
    pthread_mutex_lock(&peers->lock);
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
    let_go(peer);
    count_shaking(peer, -(peer->phase == SHAKING));
    count_out(peers, peer->address);
    peers->count--;
    pthread_mutex_unlock(&peers->lock);
    jc_free(peer);
}

void *jc_peer_owner(const struct jc_peer *peer) {
    return peer->owner;
}

int jc_peers_count(struct jc_peers *peers) {
    pthread_mutex_lock(&peers->lock);
    int count = peers->count;
    pthread_mutex_unlock(&peers->lock);
    return count;
}

int jc_peers_shaking(struct jc_peers *peers) {
    pthread_mutex_lock(&peers->lock);
    int shaking = peers->shaking;
    pthread_mutex_unlock(&peers->lock);
    return shaking;
}

static void set_phase(struct jc_peer *peer, enum phase phase, int64_t now_ms, size_t bytes) {
    if (!peer)
        return;
    pthread_mutex_lock(&peer->peers->lock);
    count_shaking(peer, -(peer->phase == SHAKING));
    if (phase == IDLE)
        let_go(peer);
    peer->phase = (uint8_t)phase;
    peer->since_ms = now_ms;
    peer->bytes = bytes;
    pthread_mutex_unlock(&peer->peers->lock);
}

void jc_peer_idle(struct jc_peer *peer, int64_t now_ms) {
    set_phase(peer, IDLE, now_ms, 0);
}

void jc_peer_arriving(struct jc_peer *peer, int64_t now_ms) {
    set_phase(peer, ARRIVING, now_ms, 0);
}

void jc_peer_arrived(struct jc_peer *peer, size_t bytes) {
    if (!peer)
        return;
    pthread_mutex_lock(&peer->peers->lock);
    peer->bytes += bytes;
    pthread_mutex_unlock(&peer->peers->lock);
}

bool jc_peer_hold(struct jc_peer *peer, size_t bytes, size_t most) {
    if (!peer)
        return true;
    pthread_mutex_lock(&peer->peers->lock);
    bool room = peer->address->held <= most && bytes <= most - peer->address->held;
    if (room) {
        peer->address->held += bytes;
        peer->held += bytes;
    }
    pthread_mutex_unlock(&peer->peers->lock);
    return room;
}

void jc_peer_working(struct jc_peer *peer) {
    set_phase(peer, WORKING, 0, 0);
}

void jc_peer_sending(struct jc_peer *peer, int64_t now_ms, size_t bytes) {
    set_phase(peer, SENDING, now_ms, bytes);
}

/* --- the slow ones ---------------------------------------------------------------------------------- */

/* An idle connection is libmicrohttpd's to end; one that outlives its patience brings a head byte by byte. */
static bool is_slow(const struct jc_peers *peers, const struct jc_peer *peer, int64_t now_ms) {
    int64_t passed_ms = now_ms - peer->since_ms;
    switch ((enum phase)peer->phase) {
    case SHAKING:
        return passed_ms > JC_PEER_HANDSHAKE_MS;
    case IDLE:
        return passed_ms > peers->head_ms;
    case ARRIVING: /* so much must have come by now */
    case SENDING:  /* by now even this much must have gone */
        return passed_ms - JC_PEER_GRACE_MS > (int64_t)peer->bytes * 1000 / JC_PEER_RATE;
    case WORKING:
        break;
    }
    return false;
}

int jc_peers_sweep(struct jc_peers *peers, int64_t now_ms) {
    int cut = 0;
    pthread_mutex_lock(&peers->lock);
    for (struct jc_peer *peer = peers->first; peer; peer = peer->next) {
        if (peer->cut || !is_slow(peers, peer, now_ms))
            continue;
        shutdown(peer->fd, SHUT_RDWR);
        peer->cut = true;
        cut++;
    }
    pthread_mutex_unlock(&peers->lock);
    return cut;
}
