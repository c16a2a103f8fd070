/* How often an address may be wrong about a password, or about a token while the server is crowded.
 *
 * A bucket of tokens for each address: an attempt takes one, a good answer gives it back, time refills.
 * Terminals sign in with tokens and enrolment codes, which nobody guesses (80 bits and more), so those who
 * share the address of somebody who is wrong go on; a person's login there waits. In memory alone; any thread. */
#ifndef JC_HTTP_LIMIT_H
#define JC_HTTP_LIMIT_H

#include "http/address.h"

enum {
    JC_LIMIT_BURST = 10,       /* of passwords: failures in a row */
    JC_LIMIT_REFILL_MS = 6000, /* one more every … */
    JC_LIMIT_ADDRESSES = 1024, /* remembered; the one idle longest makes room */
};

struct jc_limit;

/* A bucket of `burst` tokens, one more every `refill_ms`. NULL without memory. */
struct jc_limit *jc_limit_new(int burst, int refill_ms);
void jc_limit_free(struct jc_limit *limit);
/* False: no token is left, and none is taken. */
bool jc_limit_has(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms);
bool jc_limit_take(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms);
void jc_limit_give_back(struct jc_limit *limit, const struct sockaddr *address);

#endif
