/* The connections that are open: how many each address has, and which of them make the server wait.
 *
 * A peer must shake hands (TLS) within 10 seconds, bring the head of a request within `head_ms`, then its
 * body, and take its answer, at 1 kB/s at least, counted from 5 seconds after the beginning. Whoever is
 * slower is cut off by the next sweep, so that nobody holds a connection by trickling. Any thread.
 *
 * An address is many terminals or one attacker, so what it may have of the scarce things is a share of them: of the
 * connections, of the handshakes at a time, of the memory for bodies that nobody known has sent. */
#ifndef JC_HTTP_PEERS_H
#define JC_HTTP_PEERS_H

#include <stddef.h>

#include "http/address.h"

enum {
    JC_PEER_HANDSHAKE_MS = 10000,
    JC_PEER_GRACE_MS = 5000,
    JC_PEER_RATE = 1024, /* bytes a second */
};

struct jc_peers;
struct jc_peer; /* one connection */

/* At most `per_address` connections of an address. NULL without memory. */
struct jc_peers *jc_peers_new(int per_address, int head_ms);
/* All connections are gone. NULL is fine. */
void jc_peers_free(struct jc_peers *peers);

/* Whether one more connection of this address may come. */
bool jc_peers_welcome(struct jc_peers *peers, const struct sockaddr *address);
/* A new connection, shaking hands first or not; NULL without memory. `fd` stays open until jc_peer_remove has
 * returned. `owner` is for the caller. */
struct jc_peer *jc_peers_add(struct jc_peers *peers, int fd, const struct sockaddr *address, bool shaking, void *owner,
                             int64_t now_ms);
void jc_peer_remove(struct jc_peer *peer); /* NULL is fine */
void *jc_peer_owner(const struct jc_peer *peer);
int jc_peers_count(struct jc_peers *peers);
int jc_peers_shaking(struct jc_peers *peers);
/* … of this address alone. */
int jc_peers_shaking_of(struct jc_peers *peers, const struct sockaddr *address);

/* What a connection is busy with; a NULL peer is nobody. */
void jc_peer_idle(struct jc_peer *peer, int64_t now_ms);     /* nothing; also: hands are shaken */
void jc_peer_arriving(struct jc_peer *peer, int64_t now_ms); /* a body: 0 bytes so far */
void jc_peer_arrived(struct jc_peer *peer, size_t bytes);    /* so many more */
void jc_peer_working(struct jc_peer *peer);                  /* it is we who take time */
void jc_peer_sending(struct jc_peer *peer, int64_t now_ms, size_t bytes);

/* Takes so many bytes of memory on the address's account. False: it has `most` or would pass it, nothing is taken.
 * What a peer still holds goes back when it is idle or removed. Nobody (NULL) has no account. */
bool jc_peer_hold(struct jc_peer *peer, size_t bytes, size_t most);

/* Ends (shutdown) the connections that are too slow; how many. */
int jc_peers_sweep(struct jc_peers *peers, int64_t now_ms);

#endif
