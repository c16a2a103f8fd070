/* Who may have work done now. The limits are on what the server has in hand, never on how much a terminal
 * does over a day, and none counts terminals by their address: a whole bureau may be behind one.
 *
 *   bytes     bodies that are arriving or being worked on, of all requests together
 *   writes    requests in the writer's hands; once half of that is used, one token has at most four
 *   strangers once half of the writes is used, an address that keeps sending tokens nobody has gets a bucket for
 *             them; tokens that were good here lately pass it by. Before that they are looked up, for a token is
 *             too long to be guessed, and a terminal behind the same address may be new here
 *
 * A refusal says when to come back: the writes in hand times what one took lately. In memory alone; any
 * thread. */
#ifndef JC_HTTP_ADMIT_H
#define JC_HTTP_ADMIT_H

#include "base/str.h"
#include "http/address.h"

enum {
    JC_ADMIT_PER_TOKEN = 4,
    JC_ADMIT_RETRY_MS = 1000,      /* the least a refusal asks for */
    JC_ADMIT_RETRY_MAX_MS = 60000, /* the most */
};

struct jc_admit;

/* A request's share. Zeroed at the start; lies in the request. */
struct jc_ticket {
    uint64_t token; /* of jc_admit_token; 0: none */
    size_t bytes;
    bool writing;
    struct jc_ticket *next; /* admit's */
};

/* NULL without memory. */
struct jc_admit *jc_admit_new(size_t bytes_max, int writes_max);
void jc_admit_free(struct jc_admit *admit); /* NULL is fine */
/* A number for a token that says nothing about it; 0 for none. */
uint64_t jc_admit_token(const struct jc_admit *admit, struct jc_str token);

/* Takes the share of so many more bytes of a body. False: no room, nothing taken. */
bool jc_admit_bytes(struct jc_admit *admit, struct jc_ticket *ticket, size_t more);
/* Takes a place among the writes. False: no room, or too many of this token. */
bool jc_admit_write(struct jc_admit *admit, struct jc_ticket *ticket);
/* The write is over, durable or not. */
void jc_admit_written(struct jc_admit *admit, struct jc_ticket *ticket);
/* All writes of a commit are. `now_ms` is monotonic. */
void jc_admit_committed(struct jc_admit *admit, int64_t now_ms);
/* The request is over: gives back whatever it still has. */
void jc_admit_leave(struct jc_admit *admit, struct jc_ticket *ticket);
/* How long the writes in hand will take, within the bounds above. */
int jc_admit_retry_ms(struct jc_admit *admit);
int jc_admit_writes(struct jc_admit *admit);
size_t jc_admit_bytes_in_hand(struct jc_admit *admit);

/* Was the token good lately? */
bool jc_admit_knows(struct jc_admit *admit, uint64_t token);
/* Whether a request with this token may be looked at: always if the token was good lately or half of the writes is
 * free, else as long as the address's bucket holds. */
bool jc_admit_stranger(struct jc_admit *admit, uint64_t token, const struct sockaddr *address, int64_t now_ms);
/* The token turned out to be good. */
void jc_admit_known(struct jc_admit *admit, uint64_t token);
/* … or nobody's: one token of the address's bucket. */
void jc_admit_unknown(struct jc_admit *admit, uint64_t token, const struct sockaddr *address, int64_t now_ms);

#endif
